// Whether a listing is read more slowly than it comes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace natskv {

/// The server's flow control lets 32 MiB of messages queue up in nats.c, up to four times that in memory.
/// That is fine for a short pause of a reader that keeps pace; for one that does not (a pager, a slow pipe)
/// far less may be queued.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /// `most`: bytes that may be queued for a reader that keeps pace.
  explicit Pace(std::size_t most) : most_(most) {}

  /// Starts again with the first message.
  void restart() { *this = Pace(most_); }
  /// `taken`: messages so far, `waiting`: bytes queued now. Called every few messages.
  bool too_slow(std::uint64_t taken, std::size_t waiting, Clock::time_point now = Clock::now()) {
    if (const std::chrono::duration<double> gone = now - since_; gone > span) {
      if (since_ != Clock::time_point{}) slow_ = static_cast<double>(taken - from_) < slow * gone.count();
      since_ = now;
      from_ = taken;
    }
    return waiting > most_ || (slow_ && waiting > few);
  }

 private:
  static constexpr std::chrono::milliseconds span{250};  // a pause is shorter
  static constexpr double slow = 100'000;                // messages a second
  static constexpr std::size_t few = std::size_t{8} << 20U;

  std::size_t most_;
  Clock::time_point since_{};
  std::uint64_t from_ = 0;  // messages by then
  bool slow_ = false;
};

}  // namespace natskv
