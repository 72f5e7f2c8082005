// watch --state FILE: how far a watch has come, kept in a file that one watch at a time may use.
#pragma once

#include "base/file.hpp"
#include "base/stop.hpp"
#include "commands/keys/watch_state.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace natskv::commands {

class Bookmark {
 public:
  using Clock = std::chrono::steady_clock;

  /// Locks FILE.lock, which is kept, and reads FILE. Failure: another watch uses it, or nothing can be
  /// written beside it (1); it contains something else, or belongs to other patterns (2). Waits a moment for
  /// a watch that is just ending.
  Bookmark(std::string path, std::string bucket, const std::vector<Pattern>& patterns, const Stop& stop);

  /// Whether FILE existed: then it says where to begin.
  [[nodiscard]] bool found() const { return begin_.has_value(); }
  /// Only if it was found.
  [[nodiscard]] const Beginning& beginning() const { return *begin_; }
  /// The lock's descriptor: as long as a process has it open, FILE is in use.
  [[nodiscard]] int lock() const { return lock_.fd(); }

  /// Everything up to here was handled. FILE follows with save().
  void reached(const Before& before);
  /// Writes FILE if it has changed; it is always complete, old or new. Failure(failure).
  void save();
  /// The same, at most ten times a second.
  void save_in_time();
  /// When save_in_time() has something to write; Clock::time_point::max(): nothing.
  [[nodiscard]] Clock::time_point due() const;

 private:
  [[nodiscard]] bool pending() const { return kept_ != reached_; }

  std::string path_;
  File lock_;
  std::optional<Beginning> begin_;
  WatchState reached_;
  std::optional<WatchState> kept_;  // what FILE contains
  Clock::time_point next_{};
};

}  // namespace natskv::commands
