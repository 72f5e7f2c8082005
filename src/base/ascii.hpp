// ASCII characters, whatever the locale: keys, options, URLs and protocols know no others.
#pragma once

#include <string>
#include <string_view>

namespace natskv::ascii {

constexpr bool digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool capital(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool letter(char c) { return capital(c) || (c >= 'a' && c <= 'z'); }
constexpr bool alnum(char c) { return letter(c) || digit(c); }
constexpr char lower(char c) { return capital(c) ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char upper(char c) { return letter(c) && !capital(c) ? static_cast<char>(c - 'a' + 'A') : c; }

inline std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = upper(c);
  return out;
}

}  // namespace natskv::ascii
