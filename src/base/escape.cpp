// Bytes as text that cannot be mistaken, by a terminal or a parser, for something else.
#include "base/text.hpp"
#include "base/utf8.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <array>
#include <cstdint>

namespace natskv::text {

namespace {

/// \n \r \t; false for anything else.
bool short_escape(char byte, std::string& out) {
  const char* const escape = byte == '\n' ? "\\n" : byte == '\r' ? "\\r" : byte == '\t' ? "\\t" : nullptr;
  if (escape != nullptr) out += escape;
  return escape != nullptr;
}

/// Which ASCII bytes an escaping passes through; anything else is examined.
struct Passes {
  std::array<bool, 256> byte{};
  unsigned char first, second;  // exceptions; where there are none, a byte that does not pass anyway
  /// `but`: at most two.
  constexpr explicit Passes(std::string_view but)
      : first(but.empty() ? '\0' : static_cast<unsigned char>(but[0])),
        second(but.empty() ? '\0' : static_cast<unsigned char>(but[but.size() - 1])) {
    for (std::size_t i = 0x20; i < 0x7F; ++i) byte[i] = true;
    for (const char special : but) byte[static_cast<unsigned char>(special)] = false;
  }
  bool operator()(char c) const { return byte[static_cast<unsigned char>(c)]; }
};

/// How many of the bytes at `from` certainly pass, sixteen at a time (vectorized by the compiler).
inline std::size_t plain_run(const char* from, std::size_t size, const Passes& passes) {
  std::size_t at = 0;
  for (; at + 16 <= size; at += 16) {
    unsigned char special = 0;
    for (std::size_t i = 0; i < 16; ++i) {
      const auto c = static_cast<unsigned char>(from[at + i]);
      special |= static_cast<unsigned char>(static_cast<unsigned char>(c - 0x20) >= 0x5F) |
                 static_cast<unsigned char>(c == passes.first) |
                 static_cast<unsigned char>(c == passes.second);
    }
    if (special != 0) break;
  }
  return at;
}

/// Whether all of it certainly passes.
inline bool plain(std::string_view bytes, const Passes& passes) {
  if (bytes.size() >= 16) {
    const std::size_t last = bytes.size() - 16;
    return plain_run(bytes.data(), bytes.size(), passes) >= last &&
           plain_run(bytes.data() + last, 16, passes) == 16;
  }
  bool all = true;
  for (const char byte : bytes) all = all && passes(byte);
  return all;
}

/// Copies in runs what passes or `stays`; calls escape(bytes, character) for the rest.
template <class Stays, class Escape>
void copy(std::string_view bytes, const Passes& passes, std::string& out, Stays stays, Escape escape) {
  if (plain(bytes, passes)) {
    out.append(bytes);
    return;
  }
  std::size_t run = 0;
  std::size_t at = 0;
  while (at < bytes.size()) {
    at += plain_run(bytes.data() + at, bytes.size() - at, passes);
    while (at < bytes.size() && passes(bytes[at])) ++at;
    if (at == bytes.size()) break;
    const Decoded character = decode(bytes.substr(at));
    const bool keep = character.valid && character.point >= 0x80 && stays(character.point);
    if (!keep) {
      out.append(bytes, run, at - run);
      escape(bytes.substr(at, character.length), character);
      run = at + character.length;
    }
    at += character.length;
  }
  out.append(bytes, run, at - run);
}

bool not_control(char32_t point) { return !control(point); }

bool ascii = false;
bool three_dots = false;

}  // namespace

void hex_bytes(std::string_view bytes, std::string& out) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += "\\x";
    out += digits[value >> 4];
    out += digits[value & 15];
  }
}

bool shown(char32_t point) {
  if (control(point)) return false;
  if (point >= 0xFE00 && point <= 0xFE0F) return true;
  const utf8proc_property_t* const property = utf8proc_get_property(static_cast<utf8proc_int32_t>(point));
  if (property->ignorable) return false;
  return property->category != UTF8PROC_CATEGORY_CF && property->category != UTF8PROC_CATEGORY_ZL &&
         property->category != UTF8PROC_CATEGORY_ZP;
}

void only_ascii(bool only) { ascii = only; }
void plain_dots(bool plain) { three_dots = plain; }

std::string_view ellipsis() { return ascii || three_dots ? "..." : "…"; }

std::string visible(std::string_view bytes) {
  static constexpr Passes passes{""};
  std::string out;
  out.reserve(bytes.size());
  const auto stays = [](char32_t point) { return !ascii && shown(point); };
  copy(bytes, passes, out, stays, [&out](std::string_view part, Decoded character) {
    if (short_escape(part[0], out)) return;
    if (!character.valid || character.point < 0x80) return hex_bytes(part, out);
    out += fmt::format("\\u{{{:X}}}", static_cast<std::uint32_t>(character.point));
  });
  return out;
}

bool readable(std::string_view bytes) {
  static constexpr Passes passes{""};
  for (std::size_t at = 0; at < bytes.size();) {
    if (passes(bytes[at]) || bytes[at] == '\n' || bytes[at] == '\t' || bytes[at] == '\r') {
      ++at;
      continue;
    }
    const Decoded character = decode(bytes.substr(at));
    if (!character.valid || control(character.point)) return false;
    at += character.length;
  }
  return true;
}

std::string table_value(std::string_view bytes) {
  if (readable(bytes)) return visible(bytes);
  return "(binary, " + std::to_string(bytes.size()) + " B)";
}

void tsv(std::string_view bytes, std::string& out) {
  static constexpr Passes passes{"\\"};
  copy(bytes, passes, out, not_control, [&out](std::string_view part, Decoded) {
    if (part[0] == '\\') {
      out += "\\\\";
    } else if (!short_escape(part[0], out)) {
      hex_bytes(part, out);
    }
  });
}

void json_string(std::string_view text, std::string& out) {
  static constexpr Passes passes{"\"\\"};
  out += '"';
  copy(text, passes, out, not_control, [&out](std::string_view part, Decoded character) {
    if (!character.valid) {
      out += "\xEF\xBF\xBD";
    } else if (part[0] == '"' || part[0] == '\\') {
      out += '\\';
      out += part[0];
    } else if (part[0] == '\b') {
      out += "\\b";
    } else if (part[0] == '\f') {
      out += "\\f";
    } else if (!short_escape(part[0], out)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character.point));
    }
  });
  out += '"';
}

}  // namespace natskv::text
