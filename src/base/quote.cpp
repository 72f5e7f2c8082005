#include "base/quote.hpp"

#include <array>
#include <cstdint>

namespace natskv {
namespace {

struct Character {
  std::size_t size = 1;
  bool shown = false;  // as it is
};

// Bidi controls and zero-width characters could make a message read as another.
bool deceptive(std::uint32_t code) {
  return (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

Character first(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return {1, lead >= 0x20 && lead != 0x7F};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return {};
    code = code << 6U | (at(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool valid = code >= least[size] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  if (!valid) return {};
  return {size, code >= 0xA0 && !deceptive(code)};
}

// A URL's user part may be a password; that may hold any character, an @ too.
std::string without_user(std::string_view word) {
  const auto scheme = word.find("://");
  const auto end = scheme == std::string_view::npos ? scheme : word.rfind('@');
  if (end == std::string_view::npos || end < scheme) return std::string(word);
  return std::string(word.substr(0, scheme + 3)) + "…" + std::string(word.substr(end));
}

}  // namespace

std::string in_quotes(std::string_view text, std::size_t characters) {
  const std::string bare = without_user(text);
  std::string_view word = bare;
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "\"";
  for (std::size_t count = 0; !word.empty(); ++count) {
    if (count == characters) {
      out += "…";
      break;
    }
    const Character next = first(word);
    if (next.shown) {
      if (word.front() == '"') out += '\\';
      out += word.substr(0, next.size);
    } else {
      for (const char byte : word.substr(0, next.size)) {
        const auto bits = static_cast<unsigned char>(byte);
        out += "\\x";
        out += digits[bits >> 4U];
        out += digits[bits & 0xFU];
      }
    }
    word.remove_prefix(next.size);
  }
  return out += '"';
}

// Nothing is special between single quotes but their end.
std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted += '\'';
}

}  // namespace natskv
