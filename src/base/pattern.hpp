// Keys and PATTERNs as the server matches them. Checking words is base/parse.hpp's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

/// A word of a listing: a PATTERN (one token is *, or the last is >), or one key, whatever characters it has.
struct Pattern {
  std::string text;
  bool wild = false;
  friend bool operator==(const Pattern&, const Pattern&) = default;
};

/// Parts between dots.
std::vector<std::string_view> tokens(std::string_view key);
/// Whether a key is matched by a pattern's text, NATS token rules. Allocates nothing.
bool matches(std::string_view pattern, std::string_view key);
/// Whether a word of a listing selects this key.
bool selects(const Pattern& pattern, std::string_view key);
/// Whether one of the words does; no words: every key.
bool any_selects(const std::vector<Pattern>& patterns, std::string_view key);
bool any_wild(const std::vector<Pattern>& patterns);
/// Whether the server takes this key for a pattern wherever it reads one (a token is *, or the last is >).
bool reads_as_pattern(std::string_view key);
/// The pattern of what both patterns match; nullopt: nothing.
std::optional<std::string> intersection(std::string_view a, std::string_view b);
/// The narrowest single NATS subject filter that covers all patterns ("a.b", "a.c" -> "a.*"); none: ">".
std::string covering_filter(const std::vector<Pattern>& patterns);

}  // namespace natskv
