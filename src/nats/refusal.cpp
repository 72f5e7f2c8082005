// What the server says when it refuses a subject.
#include "base/ascii.hpp"
#include "nats/wire.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace natskv::nats {
namespace {

void append_utf8(std::uint32_t code, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
  out.append(bytes.begin(), bytes.begin() + size);
}

// Of a Go string as %q writes it, up to its closing quote. false: it has none.
bool unquote(std::string_view text, std::string& out) {
  constexpr std::string_view escapes = "abfnrtv", meanings = "\a\b\f\n\r\t\v";
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') return true;
    if (text[at] != '\\') {
      out += text[at];
      continue;
    }
    if (++at == text.size()) return false;
    const std::size_t digits = text[at] == 'x' ? 2 : text[at] == 'u' ? 4 : text[at] == 'U' ? 8 : 0;
    if (digits > 0) {
      std::uint32_t code = 0;
      const char* const first = text.data() + at + 1;
      if (text.size() - at <= digits ||
          std::from_chars(first, first + digits, code, 16).ptr != first + digits)
        return false;
      if (digits == 2)
        out += static_cast<char>(code);
      else
        append_utf8(code, out);
      at += digits;
    } else if (const auto which = escapes.find(text[at]); which != std::string_view::npos) {
      out += meanings[which];
    } else {
      out += text[at];
    }
  }
  return false;
}

}  // namespace

std::optional<Refusal> parse_refusal(std::string_view text) {
  constexpr std::string_view start = "permissions violation for ";
  const auto at = std::search(text.begin(), text.end(), start.begin(), start.end(),
                              [&](char a, char b) { return ascii::lower(a) == b; });
  if (at == text.end()) return std::nullopt;
  const auto quote = std::find(at, text.end(), '"');
  const std::string_view what(&*at, static_cast<std::size_t>(quote - at));
  Refusal refusal{.publish = what.find("ublish") != std::string_view::npos,
                  .reply = what.find("Reply") != std::string_view::npos};
  if (quote == text.end()) return std::nullopt;
  const auto behind = static_cast<std::size_t>(quote - text.begin()) + 1;
  refusal.cut = !unquote(text.substr(behind), refusal.subject);
  return refusal;
}

}  // namespace natskv::nats
