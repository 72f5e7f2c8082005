// Why natskv stops: set by the watchdog thread (signals, deadline, closed stdout), checked by every loop.
#pragma once

#include "base/file.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace natskv {

/// The first reason wins and stays.
enum class StopReason : int {
  none = 0,
  interrupted,  ///< SIGINT, and so on: a signal
  terminated,
  hung_up,
  quit,
  user1,
  user2,
  deadline,
  reader_gone
};

/// Thrown where a call ended because of a Stop other than the deadline: run() turns it into 130, 143 or 141.
/// `said` is what the user should know (a write that was in flight), or empty.
struct Stopped {
  std::string said;
};

class Stop {
 public:
  Stop() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  [[nodiscard]] StopReason why() const noexcept { return why_.load(std::memory_order_acquire); }
  explicit operator bool() const noexcept { return why() != StopReason::none; }

  /// Keeps the first reason.
  void set(StopReason why) noexcept {
    StopReason none = StopReason::none;
    if (!why_.compare_exchange_strong(none, why)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_.fd(), &one, sizeof one);
  }
  /// Readable once there is a reason, for poll(2): never read it.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.fd(); }
  /// Waits this long, at least a millisecond, or until there is a reason.
  void pause(std::chrono::nanoseconds time) const {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    pollfd ready{descriptor_.fd(), POLLIN, 0};
    ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(ms, 1)));
  }

  /// Runs the interruption once, from the calling thread: for when the main thread is in a call that blocks.
  void interrupt() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(interrupted_, true) || !interrupt_) return;
    interrupt_();
  }
  /// What ends a blocking call (closing the connection); runs at once if it was requested before. Pass {} to
  /// unregister: on return the old function is neither running nor will run.
  void on_interrupt(std::function<void()> interrupt) {
    const std::lock_guard lock(mutex_);
    interrupt_ = std::move(interrupt);
    if (interrupt_ && interrupted_) interrupt_();
  }

  /// What the main thread waits for, as a sentence that says how it ends if nothing comes. `write`: sent, so
  /// that it may have been stored.
  struct Waiting {
    std::string sentence = {};
    bool write = false;
  };
  void waiting(Waiting what) {
    const std::lock_guard lock(words_);
    waiting_ = std::move(what);
  }
  /// Reports what is known when the main thread does not unwind, and returns the status to end with. Pass {}
  /// to unregister.
  using LastWords = std::function<int(StopReason, const Waiting&)>;
  void on_last_words(LastWords speaker) {
    const std::lock_guard lock(words_);
    speaker_ = std::move(speaker);
  }
  /// On the watchdog's thread. Without a registered function `status` is returned.
  int last_words(int status) {
    const std::lock_guard lock(words_);
    return speaker_ ? speaker_(why(), waiting_) : status;
  }

  using Time = std::optional<std::chrono::steady_clock::time_point>;

  /// When StopReason::deadline comes, or never. Without a timekeeper (unit tests) it never does.
  void deadline(Time when) {
    if (timekeeper_) timekeeper_(when);
  }
  /// What watches the clock (terminal/watchdog); set once, before anything else runs.
  void keep_time(std::function<void(Time)> timekeeper) { timekeeper_ = std::move(timekeeper); }

 private:
  File descriptor_;
  std::function<void(Time)> timekeeper_;
  std::atomic<StopReason> why_{StopReason::none};
  std::mutex mutex_;
  std::function<void()> interrupt_;
  bool interrupted_ = false;
  std::mutex words_;
  Waiting waiting_;
  LastWords speaker_;
};

}  // namespace natskv
