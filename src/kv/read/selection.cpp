#include "kv/read/selection.hpp"

#include "base/text.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace natskv {
namespace {

// JSON cannot contain a token that is not UTF-8: * replaces it.
std::string json_safe_filter(const std::string& filter) {
  auto parts = tokens(filter);
  std::replace_if(
      parts.begin(), parts.end(), [](std::string_view part) { return !text::valid_utf8(part); }, "*");
  return fmt::format("{}", fmt::join(parts, "."));
}

}  // namespace

Selection::Selection(std::vector<Pattern> patterns, std::string prefix)
    : patterns_(std::move(patterns)), prefix_(std::move(prefix)) {
  const std::string covering = covering_filter(patterns_);
  const std::string safe = json_safe_filter(covering);
  filter_ = prefix_ + safe;
  // As a filter, a key that contains * or > lets others through.
  const bool key_with_wildcard =
      patterns_.size() == 1 && !patterns_[0].wild && safe.find_first_of("*>") != std::string::npos;
  exact_ = patterns_.size() < 2 && safe == covering && !key_with_wildcard;
}

// What several patterns match is counted once: by inclusion and exclusion.
std::map<std::string, int> Selection::counted() const {
  std::map<std::string, int> sum;
  for (const auto& pattern : patterns_) {
    if (!text::valid_utf8(pattern.text) || (!pattern.wild && reads_as_pattern(pattern.text))) return {};
    std::map<std::string, int> more{{prefix_ + pattern.text, 1}};
    for (const auto& [filter, times] : sum) {
      if (const auto both = intersection(filter, prefix_ + pattern.text)) more[*both] -= times;
    }
    for (const auto& [filter, times] : more) sum[filter] += times;
    std::erase_if(sum, [](const auto& one) { return one.second == 0; });
    if (sum.size() > most_counted) return {};
  }
  return sum;
}

std::optional<std::string_view> Selection::key_of(std::string_view subject) const {
  if (!subject.starts_with(prefix_)) return std::nullopt;
  subject.remove_prefix(prefix_.size());
  const auto asked_for = [subject](const Pattern& pattern) { return selects(pattern, subject); };
  if (!exact_ && std::none_of(patterns_.begin(), patterns_.end(), asked_for)) return std::nullopt;
  return subject;
}

}  // namespace natskv
