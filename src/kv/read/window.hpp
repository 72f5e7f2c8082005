// How many messages may be queued.
#pragma once

#include "kv/read/pace.hpp"
#include "kv/read/stream_state.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace natskv {

/// A window needs acknowledgements, which cost a tenth of the speed: it is used from the start only if each
/// message takes the caller time, and otherwise when reading turns out to be slower than what comes.
class Window {
 public:
  /// `slow`: each message takes the caller time. `most_waiting`: bytes that may be queued before a window is
  /// needed. `with_values`: messages come with their values.
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

  /// The most messages that may be queued; 0: what the server's flow control allows.
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] bool required() const { return required_; }
  /// The account or the server allows fewer.
  void lower_to(std::int64_t size) { size_ = size; }
  void give_up() { size_ = narrow_ = 0; }

  void restart() { pace_.restart(); }
  /// Whether the queue should be checked after this many messages.
  [[nodiscard]] bool look_at(std::uint64_t received) const {
    return narrow_ > 0 && received > 0 && received % look_every_ == 0;
  }
  /// Whether too much is queued: then there is a window from now on.
  bool too_slow(std::uint64_t received, std::size_t waiting) {
    if (!pace_.too_slow(received, waiting)) return false;
    size_ = std::exchange(narrow_, 0);
    return true;
  }

 private:
  // How many of that size fill this many MiB, with nats.c's overhead.
  static std::int64_t messages(std::uint64_t bytes, std::uint64_t mib) {
    constexpr std::uint64_t overhead = 500;
    return static_cast<std::int64_t>(std::max<std::uint64_t>((mib << 20U) / (bytes + overhead), 2));
  }

  Pace pace_;
  std::int64_t size_ = 0;
  std::int64_t narrow_ = 0;  // the window once too much is queued; 0: none allowed
  std::uint64_t look_every_ = 64;
  bool required_;
};

}  // namespace natskv
