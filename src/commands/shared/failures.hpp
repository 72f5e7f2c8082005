// The failures of a command with many keys: one line each, except that a failure that every further write
// would meet is reported once.
#pragma once

#include "app/invocation.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace natskv::commands {

class Failures {
 public:
  explicit Failures(Invocation& natskv) : natskv_(natskv) {}

  /// Reports it, `where` before its message ("line 3: "), or keeps it for say().
  void add(const Failure& failure, const std::string& where = {});
  /// A write was stored: the user has permission to write to the bucket.
  void stored();
  /// Whether every further write would fail.
  [[nodiscard]] bool hopeless() const { return !common_.empty() || refused_.size() >= max_refused; }
  /// Reports what was kept, once for all keys. Nothing is kept afterwards.
  void say();

 private:
  /// After this many refused keys and none written it is the whole bucket.
  static constexpr std::size_t max_refused = 100;
  using Kept = std::pair<Failure, std::string>;
  struct Common {
    Kept first;
    std::uint64_t count = 0;
  };
  void report(const Kept& kept);
  void report_all_refused();
  void flush_refused();

  Invocation& natskv_;
  std::vector<Common> common_;  // by message
  std::vector<Kept> refused_;   // not allowed, while nothing was stored
  bool stored_ = false;
};

}  // namespace natskv::commands
