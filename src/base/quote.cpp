#include "base/quote.hpp"

#include "base/utf8.hpp"

namespace natskv {
namespace {

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
  std::string out = "\"";
  for (std::size_t count = 0; !word.empty(); ++count) {
    if (count == characters) {
      out += "…";
      break;
    }
    const text::Decoded next = text::decode(word);
    const auto bytes = word.substr(0, next.valid ? next.length : 1);
    if (word.front() == '"') out += '\\';
    if (next.valid && text::shown(next.point))
      out += bytes;
    else
      text::hex_bytes(bytes, out);
    word.remove_prefix(bytes.size());
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
