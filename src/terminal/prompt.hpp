// Questions to the person at the terminal.
#pragma once

#include "base/stop.hpp"

#include <string>

namespace natskv::terminal {

/// Whether questions can be asked: stdin and stderr are both terminals.
bool interactive();

/// Writes `question [y/N] ` on stderr and reads a line from stdin: true for y and yes in any case. Anything
/// else, the end of input and a Stop (at once) are false; the caller checks Stop. `question` is not escaped
/// here.
bool ask(const std::string& question, const Stop& stop);

}  // namespace natskv::terminal
