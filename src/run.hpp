// The whole program except what main owns: the last catch.
#pragma once

#include "base/stop.hpp"
#include "output/stream.hpp"

namespace natskv {

/// Returns the exit status; stdout is flushed. Overwrites secrets in argv first thing.
int run(int argc, char** argv, Output& out, Stop& stop);

/// Replaces standard descriptors that natskv was started without by ones that fail. Otherwise the next file
/// or socket that natskv opens would get that number, and output or messages would go there. Children are
/// started without them as well.
void keep_standard_descriptors();

}  // namespace natskv
