// watch --debounce: events that come close together, only the newest of each key. Pure.
#pragma once

#include "base/types.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace natskv::commands {

class Burst {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Of lines that are held.
  static constexpr std::size_t most_bytes = std::size_t{8} << 20U;

  /// It is over after this time without an event, at the latest after ten times as long.
  explicit Burst(Span quiet);

  /// `line`: what COMMAND reads for the event. Events come in revision order.
  void add(std::string_view key, std::uint64_t revision, std::string line, Time now);
  [[nodiscard]] bool empty() const { return newest_.empty(); }
  /// When it is over; Time::max() if it is empty, a past time if it is full.
  [[nodiscard]] Time due() const;

  /// How many keys it holds, and the highest revision.
  [[nodiscard]] std::size_t size() const { return newest_.size(); }
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// Returns the lines in revision order, and empties it.
  std::string take();

 private:
  struct Newest {
    std::uint64_t revision = 0;
    std::string line;
  };
  std::chrono::nanoseconds quiet_, longest_;
  std::unordered_map<std::string, Newest> newest_;
  std::size_t bytes_ = 0;
  std::uint64_t revision_ = 0;
  Time first_{}, last_{};
};

}  // namespace natskv::commands
