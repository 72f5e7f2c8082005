// What a terminal got, without the colours.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace natskv::test {

inline std::string without_colors(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto start = std::min(text.find("\x1b["), text.size());
    plain += text.substr(0, start);
    text.remove_prefix(start);
    const auto end = text.find('m');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return plain;
}

}  // namespace natskv::test
