// Why we stop: set by the watchdog thread (signals, deadline, closed stdout), looked at by every loop.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

namespace natskv {

/// Ordered by nothing; the first reason wins and stays.
enum class Why : int { none = 0, interrupted, terminated, deadline, reader_gone };

class Stop {
 public:
  [[nodiscard]] Why why() const noexcept { return why_.load(std::memory_order_acquire); }
  explicit operator bool() const noexcept { return why() != Why::none; }

  /// Keeps the first reason and runs the interruption (closing the connection), once, from the calling thread.
  void set(Why why) {
    Why none = Why::none;
    if (!why_.compare_exchange_strong(none, why)) return;
    const std::lock_guard lock(mutex_);
    if (interrupt_) interrupt_();
  }

  /// What ends a call that blocks; run at once when the stop came first. An empty function takes it back:
  /// after that the old one is not running and will not run.
  void on_stop(std::function<void()> interrupt) {
    const std::lock_guard lock(mutex_);
    interrupt_ = std::move(interrupt);
    if (interrupt_ && *this) interrupt_();
  }

 private:
  std::atomic<Why> why_{Why::none};
  std::mutex mutex_;
  std::function<void()> interrupt_;
};

}  // namespace natskv
