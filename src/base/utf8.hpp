// Strict UTF-8, one character at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace natskv::text {

/// `length`: bytes of the character, or of the longest invalid part that is replaced as one (Unicode 3.9,
/// U+FFFD).
struct Decoded {
  char32_t point = 0xFFFD;
  std::size_t length = 1;
  bool valid = false;
};

/// The first character of a text that is not empty. Overlong forms, surrogates and > U+10FFFF are invalid.
inline Decoded decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1, true};
  if (first < 0xC2 || first > 0xF4) return {};
  const std::size_t more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
  unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  char32_t point = first & (0x3FU >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    if (i >= text.size()) return {0xFFFD, i, false};
    const auto next = static_cast<unsigned char>(text[i]);
    if (next < low || next > high) return {0xFFFD, i, false};
    low = 0x80;
    high = 0xBF;
    point = point << 6 | (next & 0x3FU);
  }
  return {point, more + 1, true};
}

/// C0, DEL and C1.
inline bool control(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }
/// false: what a terminal would not show, or obey (controls, line separators, bidi, zero-width and other
/// ignorable characters). Variation selectors 1 to 16 are shown: they belong to the emoji before them.
bool shown(char32_t point);
/// Each byte as \xHH. Appends.
void hex_bytes(std::string_view bytes, std::string& out);

}  // namespace natskv::text
