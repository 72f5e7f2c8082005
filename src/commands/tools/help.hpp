// What `natskv --help` shows.
#pragma once

#include "cli/bind.hpp"

#include <string>

namespace natskv::commands {

/// The commands, grouped, and first steps; fits a screen of 24 lines and 80 columns.
std::string overview(const Program& program);

}  // namespace natskv::commands
