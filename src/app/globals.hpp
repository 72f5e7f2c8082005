// The options that every command accepts.
#pragma once

#include "cli/declaration.hpp"
#include "config/settings.hpp"

namespace natskv {

void declare_globals(Declaration& declaration, config::Given& given);

}  // namespace natskv
