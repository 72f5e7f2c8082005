#include "kv/read/ending.hpp"

#include <algorithm>

namespace natskv {
namespace {

constexpr int enough_rounds = 10;
constexpr int stuck_looks = 5;  // this many in a row without a message: the server's count is wrong

}  // namespace

Ending::Ask Ending::end() {
  ended_ = true;
  return Ask::end;
}

Ending::Ask Ending::started(std::uint64_t last, std::uint64_t waiting) {
  target_ = last;
  received_ = 0;
  rounds_ = looks_ = 0;
  ended_ = false;
  return waiting == 0 ? end() : Ask::more;
}

Ending::Ask Ending::restarted(std::uint64_t last, std::uint64_t waiting) {
  if (started(last, waiting) == Ask::more) return Ask::more;
  ended_ = false;
  return Ask::stream;
}

Ending::Ask Ending::delivered(std::uint64_t sequence, std::uint64_t pending) {
  ++received_;
  looks_ = 0;
  taken_ = std::max(taken_, sequence);
  if (ended_) return Ask::end;
  return sequence >= target_ || (rounds_ == 0 && pending == 0) ? Ask::stream : Ask::more;
}

Ending::Ask Ending::stream_at(std::uint64_t last) {
  if (taken_ >= last) return end();
  // Not changed: the last revisions no longer exist, or belong to keys that are not listed.
  if (last == target_) return Ask::consumer;
  target_ = last;
  return ++rounds_ > enough_rounds ? end() : Ask::more;
}

// A concurrent write may have taken a key out of the count for a moment: so it is checked twice.
Ending::Ask Ending::nothing_left() { return rounds_ == 0 || ++looks_ > 1 ? end() : Ask::more; }

Ending::Ask Ending::consumer_at(std::uint64_t delivered, std::uint64_t pending) {
  if (delivered > received_) return Ask::more;  // they are on their way
  if (pending == 0) return nothing_left();
  return ++looks_ >= stuck_looks ? Ask::restart : Ask::more;
}

Ending::Ask Ending::heartbeat_at(std::uint64_t delivered, std::uint64_t looked_through) {
  if (delivered != received_ || looked_through < target_) return Ask::more;
  return nothing_left();
}

}  // namespace natskv
