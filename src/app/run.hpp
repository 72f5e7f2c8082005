// The whole program but for what main owns: the only catch, the only map to an exit status.
#pragma once

#include "base/stop.hpp"
#include "output/stream.hpp"

#include <string>
#include <vector>

namespace natskv {

/// `words`: argv without the program's name. Returns SPEC 3's status; stdout is flushed.
int run(const std::vector<std::string>& words, Output& out, Stop& stop);

/// The status of a stop: 130, 143, 141; 5 for a deadline.
int status_of(Why why);

/// Overwrites the secrets among the process's arguments (--password, --token, --user, user parts of URLs), so
/// that ps does not show them. First thing; the words were copied before.
void hide_secrets(int argc, char** argv);

/// Puts something that fails in the place of standard descriptors that natskv was started without. Otherwise
/// the next file, socket or event of natskv's own gets that number, and output or messages go there. Children
/// are started without them as well.
void keep_standard_descriptors();

}  // namespace natskv
