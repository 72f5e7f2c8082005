// Which of a stream's messages belong to keys that were asked for.
#pragma once

#include "base/pattern.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

class Selection {
 public:
  Selection() = default;
  /// No patterns: all keys. `prefix`: the beginning of the keys' subjects.
  Selection(std::vector<Pattern> patterns, std::string prefix);

  /// The subject that the server filters by.
  [[nodiscard]] const std::string& filter() const { return filter_; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  /// Whether everything that passes the filter was asked for.
  [[nodiscard]] bool exact() const { return exact_; }
  [[nodiscard]] bool all_keys() const {
    return exact_ && filter_.size() == prefix_.size() + 1 && filter_.back() == '>';
  }
  /// Filters whose numbers of messages, each so many times, add up to that of what was asked for. Empty: a
  /// key among them that no filter means, or more than `most_counted` filters.
  [[nodiscard]] std::map<std::string, int> counted() const;
  static constexpr std::size_t most_counted = 64;
  /// The key of a subject that passed the filter; nullopt: not asked for, or not a key.
  [[nodiscard]] std::optional<std::string_view> key_of(std::string_view subject) const;

 private:
  std::vector<Pattern> patterns_;
  std::string prefix_, filter_;
  bool exact_ = true;
};

}  // namespace natskv
