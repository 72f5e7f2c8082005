#include "output/pretty.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "output/ansi.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv::text {
namespace {

constexpr std::string_view space = " \t\r\n";

// Where a string that begins at `at` ends (after its quote).
std::size_t string_end(std::string_view json, std::size_t at) {
  for (++at; json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

// The same string, with JSON escapes for what a terminal would obey or not show.
void add_string(std::string_view json, std::string& out) {
  while (!json.empty()) {
    const Decoded character = decode(json);
    const auto bytes = json.substr(0, character.length);
    const auto point = static_cast<std::uint32_t>(character.point);
    if (visible(bytes) == bytes)
      out += bytes;
    else if (point < 0x10000)
      out += fmt::format("\\u{:04x}", point);
    else
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD7C0 + (point >> 10), 0xDC00 + (point & 0x3FF));
    json.remove_prefix(character.length);
  }
}

}  // namespace

std::string shown_json(std::string_view json, JsonLook look) {
  std::string out;
  std::size_t depth = look.depth;
  const auto new_line = [&] {
    if (!look.indent) return;
    out += '\n';
    out.append(depth * 2, ' ');
  };
  if (look.indent) out.append(depth * 2, ' ');
  for (std::size_t at = json.find_first_not_of(space); at < json.size();
       at = json.find_first_not_of(space, at)) {
    const char c = json[at];
    if (c == '"') {
      const auto end = string_end(json, at);
      const auto next = json.find_first_not_of(space, end);
      const bool name = next != std::string_view::npos && json[next] == ':';
      if (look.color) out += name ? ansi::cyan : ansi::green;
      add_string(json.substr(at, end - at), out);
      if (look.color) out += ansi::reset;
      at = end;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      out += c;
      const auto next = json.find_first_not_of(space, at);
      if (json[next] == '}' || json[next] == ']') {
        out += json[next];
        at = next + 1;
      } else {
        ++depth;
        new_line();
      }
    } else if (c == '}' || c == ']') {
      --depth;
      new_line();
      out += c;
    } else if (c == ',') {
      out += c;
      new_line();
    } else {
      out += c;
      if (c == ':' && look.indent) out += ' ';
    }
  }
  return out;
}

std::optional<std::string> pretty_json(std::string_view json) {
  // Parsing and dumping would write 1E+05 and 0.10 differently, and drop duplicate names.
  if (!nlohmann::json::accept(json)) return std::nullopt;
  return shown_json(json, {}) + "\n";
}

}  // namespace natskv::text
