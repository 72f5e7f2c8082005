#include "base/pattern.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace natskv {

std::vector<std::string_view> tokens(std::string_view word) {
  std::vector<std::string_view> out;
  for (std::size_t dot = 0; dot != std::string_view::npos; word.remove_prefix(dot + 1)) {
    dot = word.find('.');
    out.push_back(word.substr(0, dot));
    if (dot == std::string_view::npos) break;
  }
  return out;
}

bool any_selects(const std::vector<Pattern>& patterns, std::string_view key) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [key](const Pattern& pattern) { return selects(pattern, key); });
}

bool any_wild(const std::vector<Pattern>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [](const Pattern& pattern) { return pattern.wild; });
}

bool reads_as_pattern(std::string_view key) {
  const auto all = tokens(key);
  return all.back() == ">" || std::find(all.begin(), all.end(), "*") != all.end();
}

bool selects(const Pattern& pattern, std::string_view key) {
  return pattern.wild ? matches(pattern.text, key) : pattern.text == key;
}

bool matches(std::string_view pattern, std::string_view key) {
  // Called for every event where several patterns share a subscription: no allocation.
  for (;;) {
    const std::size_t pattern_dot = pattern.find('.');
    const std::size_t key_dot = key.find('.');
    const std::string_view token = pattern.substr(0, pattern_dot);
    const bool pattern_ends = pattern_dot == std::string_view::npos;
    const bool key_ends = key_dot == std::string_view::npos;
    if (token == ">" && pattern_ends) return !key.empty();
    const std::string_view name = key.substr(0, key_dot);
    if (name.empty() || (token != "*" && token != name)) return false;
    if (pattern_ends || key_ends) return pattern_ends && key_ends;
    pattern.remove_prefix(pattern_dot + 1);
    key.remove_prefix(key_dot + 1);
  }
}

std::optional<std::string> intersection(std::string_view a, std::string_view b) {
  const auto left = tokens(a), right = tokens(b);
  std::vector<std::string> both;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    if (i >= left.size() || i >= right.size()) return std::nullopt;
    // The rest is the other's, which has at least one token here.
    const auto* const rest = left[i] == ">" ? &right : right[i] == ">" ? &left : nullptr;
    if (rest != nullptr) {
      both.insert(both.end(), rest->begin() + static_cast<std::ptrdiff_t>(i), rest->end());
      break;
    }
    if (left[i] != right[i] && left[i] != "*" && right[i] != "*") return std::nullopt;
    both.emplace_back(left[i] == "*" ? right[i] : left[i]);
  }
  return fmt::format("{}", fmt::join(both, "."));
}

std::string covering_filter(const std::vector<Pattern>& patterns) {
  if (patterns.empty()) return ">";
  std::vector<std::string> result;
  bool open = false;     // ends in >
  std::size_t most = 0;  // tokens before that >
  for (const Pattern& pattern : patterns) {
    auto all = tokens(pattern.text);
    // A literal > in a key is matched only by a filter's >.
    if (const auto literal = std::find(all.begin(), all.end(), ">"); literal != all.end())
      all.erase(literal + 1, all.end());
    const bool ends_open = all.back() == ">";
    const bool first = &pattern == &patterns.front();
    if (ends_open || (!first && !open && all.size() != result.size())) open = true;
    if (first) most = all.size();
    // Before > only as many tokens as each pattern has before its own last one.
    most = std::min(most, all.size());
    if (first) {
      result.assign(all.begin(), all.end());
    }
    for (std::size_t i = 0; i < std::min(result.size(), all.size()); ++i) {
      const bool key_with_wildcard = !pattern.wild && (all[i] == "*" || all[i] == ">");
      if (result[i] != all[i] || key_with_wildcard) result[i] = "*";
    }
  }
  if (open) {
    result.resize(most - 1);
    result.emplace_back(">");
  }
  return fmt::format("{}", fmt::join(result, "."));
}

}  // namespace natskv
