// Names for a question or a message: the first ten, and how many more.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::commands {

class SomeNames {
 public:
  static constexpr std::size_t max_names = 10;

  void add(std::string_view name) {
    if (++count_ <= max_names) names_.emplace_back(name);
  }
  /// So many more, whose names are not asked for.
  void add_unnamed(std::uint64_t count) { count_ += count; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// "a", "a and b", "a, b and c", "a, …, j and 7 more"; "" where there is none.
  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const bool last = i + 1 == count_;
      text += fmt::format("{}{}", i == 0 ? "" : last ? " and " : ", ", names_[i]);
    }
    if (count_ > max_names) text += fmt::format(" and {} more", count_ - max_names);
    return text;
  }

 private:
  std::vector<std::string> names_;
  std::uint64_t count_ = 0;
};

}  // namespace natskv::commands
