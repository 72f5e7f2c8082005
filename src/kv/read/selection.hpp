// Which of a stream's messages are keys that were asked for.
#pragma once

#include "base/pattern.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

class Selection {
 public:
  Selection() = default;
  /// No patterns: all keys. `prefix`: of the keys' subjects.
  Selection(std::vector<Pattern> patterns, std::string prefix);

  /// The subject that the server filters by.
  [[nodiscard]] const std::string& filter() const { return filter_; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  /// Whether everything that passes the filter was asked for.
  [[nodiscard]] bool exact() const { return exact_; }
  [[nodiscard]] bool all_keys() const {
    return exact_ && filter_.size() == prefix_.size() + 1 && filter_.back() == '>';
  }
  /// The key of a subject that passed the filter; nullopt: it was not asked for, or is none.
  [[nodiscard]] std::optional<std::string_view> key_of(std::string_view subject) const;

 private:
  std::vector<Pattern> patterns_;
  std::string prefix_, filter_;
  bool exact_ = true;
};

}  // namespace natskv
