// A scanned command line, checked: CLI11 counts, the declared types read the values, the command its
// combinations. The only room that includes CLI11.
#pragma once

#include "cli/scan.hpp"

namespace natskv {

/// Everything of a line but what it asks a server for. Failure(usage). Then the action can run. A line that
/// asks for help or the version is not checked at all.
void accept(const Scan& line);

/// Sets the global options as far as they can be read, of a line that is unfinished or wrong.
void accept_globals(const Scan& line);

/// How a line that is wrong wanted its output: the global options that can be read, of those about output.
config::Given presentation(const Scan& line);

}  // namespace natskv
