// A scanned command line, checked: CLI11 counts, the declared types read the values, the command checks
// combinations. The only room that includes CLI11.
#pragma once

#include "cli/scan.hpp"

namespace natskv {

/// Does everything for a line that needs no server; throws Failure(usage). Then the action can run. A line
/// that asks for help or the version is not checked at all.
void accept(const Scan& line);

/// Sets the global options of an unfinished or wrong line, as far as they can be read.
void accept_globals(const Scan& line);

/// How a wrong line wanted its output: those global options about output that can be read.
config::Given presentation(const Scan& line);

}  // namespace natskv
