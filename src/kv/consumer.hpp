// One ordered consumer of a bucket's stream: what EntryStream reads from.
#pragma once

#include "kv/session.hpp"
#include "nats/handle.hpp"
#include "nats/retired.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace natskv {

/// What a Consumer delivers.
struct Reading {
  std::string stream;       ///< "KV_<bucket>"
  std::string filter;       ///< subject
  bool values = true;       ///< false: headers only
  bool latest = false;      ///< only the latest message of each subject, then everything new
  std::uint64_t after = 0;  ///< without `latest`: messages above this sequence
  /// So many messages at most wait here to be read, by acknowledgements; 0: what the server's flow control
  /// allows, 32 MiB in the end.
  std::int64_t window = 0;
};

/// nats.c makes an ordered consumer anew by itself: after a gap, missed heartbeats, a reconnect; always from
/// the last sequence on and with all revisions (js.c, jsSub_resetOrderedConsumer). Such deliveries bear
/// another consumer's name: the owner looks at it and starts a Consumer of its own, for only it knows what
/// should come. One with a window is never made anew; heartbeats and the connection tell its owner.
class Consumer {
 public:
  /// `wait` bounds the server's answer. Throws nats::Error.
  Consumer(Session& session, const Reading& reading, Span wait);

  /// NATS_OK with a message, NATS_TIMEOUT, or what ended the subscription.
  natsStatus next(nats::Message& message, std::int64_t wait_ms);

  /// Bytes of memory that messages take which wait to be read.
  [[nodiscard]] std::size_t waiting() const;

  /// The server's view of it. Throws nats::Error.
  struct State {
    std::uint64_t pending = 0;    ///< messages still to be sent
    std::uint64_t delivered = 0;  ///< messages sent so far
    Instant created;
    std::string name;
    bool latest = false;  ///< only the latest message of each subject
  };
  State state(Span wait);
  /// As it was when it was made.
  [[nodiscard]] const State& start() const { return start_; }

 private:
  void subscribe(Session& session, const Reading& reading, Span wait);

  nats::Subscription subscription_;
  State start_;
  std::int64_t window_ = 0, unacknowledged_ = 0;
};

}  // namespace natskv
