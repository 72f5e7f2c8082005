// What every target shares.
#pragma once

#include "base/failure.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace natskv::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A finding: libFuzzer keeps the input.
inline void require(bool held) {
  if (!held) std::abort();
}

/// Whether a terminal would be told something: C0 but those, DEL, C1 (0xC2 begins a character wherever it
/// stands, in bytes that are not UTF-8 too).
inline bool controls(std::string_view text, std::string_view but = {}) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20 || byte == 0x7F) && but.find(text[at]) == std::string_view::npos) return true;
    const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) return true;
  }
  return false;
}

/// Whether a character in it turns the direction of what follows.
inline bool bidi(std::string_view utf8) {
  for (const std::string_view one : {"\u061C", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D",
                                     "\u202E", "\u2066", "\u2067", "\u2068", "\u2069"}) {
    if (utf8.find(one) != std::string_view::npos) return true;
  }
  return false;
}

/// Calls it; a Failure is an answer like any other, and its message one line.
template <class Call>
bool accepts(Call&& call) {
  try {
    static_cast<void>(call());
    return true;
  } catch (const Failure& failure) {
    require(std::string_view(failure.what()).find('\n') == std::string_view::npos);
    return false;
  }
}

}  // namespace natskv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
