// Terminal colours that can be read on light and on dark backgrounds.
#pragma once

#include "output/record.hpp"

#include <string>
#include <string_view>

namespace natskv::ansi {

inline constexpr std::string_view bold = "\033[1m";
inline constexpr std::string_view faint = "\033[2m";
inline constexpr std::string_view red = "\033[31m";
inline constexpr std::string_view green = "\033[32m";
inline constexpr std::string_view yellow = "\033[33m";
inline constexpr std::string_view cyan = "\033[36m";
inline constexpr std::string_view reset = "\033[0m";

/// The escape sequence that starts a cell, or empty. PUT, added and ok are green, DEL, removed and failed
/// red, PURGE and changed yellow.
std::string_view start(Emphasis look, std::string_view text);

/// The text in this colour, where `wanted` and a colour is given.
inline std::string painted(std::string_view text, std::string_view color, bool wanted = true) {
  if (!wanted || color.empty() || text.empty()) return std::string(text);
  return std::string(color).append(text).append(reset);
}

}  // namespace natskv::ansi
