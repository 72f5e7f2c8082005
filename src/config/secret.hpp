// A secret that must never be shown: no formatter accepts it, so printing one is a compile error.
#pragma once

#include <string>
#include <utility>

namespace natskv::config {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string word) : word_(std::move(word)) {}
  /// The word itself, for the library that needs it and nothing else.
  [[nodiscard]] const std::string& reveal() const { return word_; }
  [[nodiscard]] bool empty() const { return word_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string word_;
};

}  // namespace natskv::config
