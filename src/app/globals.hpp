// The options that every command accepts (SPEC 2).
#pragma once

#include "cli/declaration.hpp"
#include "config/settings.hpp"

namespace natskv {

void declare_globals(Declaration& declaration, config::Given& given);

}  // namespace natskv
