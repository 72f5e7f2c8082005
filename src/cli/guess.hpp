// What an unknown word probably means.
#pragma once

#include "base/failure.hpp"
#include "cli/bind.hpp"

#include <string_view>
#include <vector>

namespace natskv {

/// `next`: the word after it, for "kv ls".
Failure unknown_command(const Program& program, std::string_view word, std::string_view next);
Failure unknown_option(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace natskv
