// The inverse of text::tsv(), which shows that nothing is lost.
#pragma once

#include "base/text.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

/// nullopt where the text is none of tsv()'s results.
inline std::optional<std::string> from_tsv(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      bytes += text[at];
      continue;
    }
    if (++at == text.size()) return std::nullopt;
    constexpr std::string_view names = "\\nrt", meanings = "\\\n\r\t";
    if (const auto which = names.find(text[at]); which != std::string_view::npos) {
      bytes += meanings[which];
      continue;
    }
    unsigned byte = 0;
    const char* const digits = text.data() + at + 1;
    if (text[at] != 'x' || text.size() - at < 3 ||
        std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2)
      return std::nullopt;
    bytes += static_cast<char>(byte);
    at += 2;
  }
  // One text for each value: what tsv() would not have written so is refused.
  std::string again;
  natskv::text::tsv(bytes, again);
  return again == text ? std::optional(bytes) : std::nullopt;
}
