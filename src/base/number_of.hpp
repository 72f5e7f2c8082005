// "no values", "1 value", "2 values".
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>

namespace natskv {

/// `thing` in the singular; its plural ends in s.
std::string number_of(std::integral auto count, std::string_view thing) {
  if (count == 0) return fmt::format("no {}s", thing);
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace natskv
