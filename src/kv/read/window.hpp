// How many messages of a reading may wait here.
#pragma once

#include "kv/read/pace.hpp"
#include "kv/read/stream_state.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace natskv {

/// A window asks for acknowledgements, which cost a tenth of the speed: a reading has one from the start only
/// where each message is worked on, and gets one when it turns out to be slower than what comes.
class Window {
 public:
  /// `slow`: each message is worked on. `most_waiting`: bytes that may wait until a window is needed.
  /// `with_values`: messages come with their values.
  Window(const StreamState& stream, bool slow, std::size_t most_waiting, bool with_values)
      : pace_(most_waiting), required_(stream.max_unacked > 0) {
    const auto average = with_values ? stream.bytes / std::max<std::uint64_t>(stream.messages, 1) : 0;
    look_every_ = std::clamp<std::uint64_t>((std::uint64_t{1} << 20U) / (average + 1), 1, 64);
    if (slow)
      size_ = messages(average, 4);
    else
      narrow_ = messages(average, 8);
    // Servers refuse consumers without acknowledgements where the stream limits them.
    if (!required_) return;
    size_ = size_ > 0 ? std::min(size_, stream.max_unacked) : stream.max_unacked;
    narrow_ = 0;
  }

  /// The most messages that wait here; 0: what the server's flow control allows.
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] bool required() const { return required_; }
  /// The account or the server allows fewer.
  void lower_to(std::int64_t size) { size_ = size; }
  void give_up() { size_ = narrow_ = 0; }

  void restart() { pace_.restart(); }
  /// Whether it is worth looking at what waits after so many messages.
  [[nodiscard]] bool look_at(std::uint64_t received) const {
    return narrow_ > 0 && received > 0 && received % look_every_ == 0;
  }
  /// Whether too much waits: from then on there is a window.
  bool too_slow(std::uint64_t received, std::size_t waiting) {
    if (!pace_.too_slow(received, waiting)) return false;
    size_ = std::exchange(narrow_, 0);
    return true;
  }

 private:
  // So many of that size fill so many MiB, with what nats.c needs for each.
  static std::int64_t messages(std::uint64_t bytes, std::uint64_t mib) {
    constexpr std::uint64_t overhead = 500;
    return static_cast<std::int64_t>(std::max<std::uint64_t>((mib << 20U) / (bytes + overhead), 2));
  }

  Pace pace_;
  std::int64_t size_ = 0;
  std::int64_t narrow_ = 0;  // what it becomes when too much waits; 0: it may not
  std::uint64_t look_every_ = 64;
  bool required_;
};

}  // namespace natskv
