// Questions to the person at the terminal.
#pragma once

#include "base/stop.hpp"

#include <string>

namespace natskv::terminal {

/// Whether somebody can be asked: stdin and stderr both are terminals.
bool interactive();

/// Writes `question [y/N] ` on stderr and reads a line from stdin: true for y and yes in any case. Anything
/// else, the end of input and a Stop (at once) are false; the caller looks at Stop. `question` is shown as it
/// is: escape it.
bool ask(const std::string& question, const Stop& stop);

}  // namespace natskv::terminal
