// A bucket's entries, read to the end: keys, ls, get PATTERN, history, export, cp, diff.
#pragma once

#include "kv/read/ending.hpp"
#include "kv/read/feed.hpp"
#include "kv/read/outage.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace natskv {

/// Failure where the bucket is another one than `before`, or its server lost what was read.
void require_same(const std::string& bucket, const Before& before, const StreamState& now);

class Listing {
 public:
  /// Starts reading. Failure: not_found where the bucket is missing.
  Listing(Session& session, std::string bucket, ReadOptions options);

  /// The next entry, or nullptr at the end. Valid until the next call. Failure if the bucket was recreated
  /// meanwhile: then the entries are from two buckets.
  const Entry* next();

  /// How many messages there are, by the server's count; an upper bound.
  [[nodiscard]] std::uint64_t total() const { return total_; }
  /// The stream as it was when the reading started.
  [[nodiscard]] const StreamState& stream() const { return stream_; }
  /// Its last revision then.
  [[nodiscard]] std::uint64_t last_revision() const { return stream_.last; }
  /// The server's time when the reading started: `ts` of STREAM.INFO, else `created` of the consumer.
  [[nodiscard]] Instant server_time() const { return server_time_; }
  /// Deletes the consumer until the next entry is needed, so that nothing is read meanwhile; then the listing
  /// continues.
  void let_go() { feed_.let_go(); }
  /// Called before a wait, so that what was written so far reaches the reader.
  void on_idle(std::function<void()> idle) { feed_.on_idle(std::move(idle)); }

 private:
  void step();
  void follow(Ending::Ask ask);
  Ending::Ask ask_stream();
  Ending::Ask ask_consumer();
  void rejoin();
  void bound_silence();

  Session& session_;
  std::string bucket_;
  bool history_;
  Feed feed_;
  Ending ending_;
  StreamState stream_;
  std::uint64_t total_ = 0;
  Instant server_time_;
  Feed::Clock::duration pause_;             // until it is checked what is left
  Feed::Clock::time_point silent_since_{};  // while silent_
  bool silent_ = false;
};

}  // namespace natskv
