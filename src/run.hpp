// The whole program but for what main owns: the only catch, the only map to an exit status.
#pragma once

#include "base/stop.hpp"
#include "output/stream.hpp"

namespace natskv {

/// Returns SPEC 3's status; stdout is flushed. Overwrites secrets in argv first thing.
int run(int argc, char** argv, Output& out, Stop& stop);

/// Puts something that fails in the place of standard descriptors that natskv was started without. Otherwise
/// the next file, socket or event of natskv's own gets that number, and output or messages go there. Children
/// are started without them as well.
void keep_standard_descriptors();

}  // namespace natskv
