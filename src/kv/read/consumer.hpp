// One consumer of a bucket's stream: what a Feed reads from.
#pragma once

#include "kv/session.hpp"
#include "nats/handle.hpp"
#include "nats/wire.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace natskv {

/// What a Consumer delivers.
struct ConsumerSpec {
  std::string stream;       ///< "KV_<bucket>"
  std::string filter;       ///< subject
  bool values = true;       ///< false: headers only
  bool latest = false;      ///< only the latest message of each subject, then everything new
  std::uint64_t after = 0;  ///< without `latest`: messages after this sequence
  /// At most this many messages are queued here, using acknowledgements; 0: what the server's flow control
  /// allows, finally 32 MiB.
  std::int64_t window = 0;
  bool named = true;  ///< false: for servers before 2.9, which choose the consumer's name
};

/// How many messages the stream has for such a consumer. Throws nats::Error.
std::uint64_t count_messages(Session& session, ConsumerSpec spec, Span wait);

/// A push consumer like an ordered one of nats.c (js.c, js_Subscribe), but managed here: nats.c creates
/// another one after a gap, missed heartbeats or a reconnect, always with all revisions and sometimes before
/// its name is available, and the server then counts what is pending twice. Only the reader knows what should
/// come after a loss, so it is told and starts another one.
class Consumer {
 public:
  /// `wait` bounds the server's answer. Throws nats::Error. `session` must outlive it.
  Consumer(Session& session, ConsumerSpec spec, Span wait);
  ~Consumer();

  using Clock = std::chrono::steady_clock;
  enum class Heard : std::uint8_t {
    message,
    nothing,     ///< until then, or it is lost
    descriptor,  ///< one of `others` is ready
  };
  /// Waits until then for the next message; {}: does not wait.
  Heard next(nats::Message& message, Clock::time_point until, std::span<pollfd> others = {});
  /// Whether the server sent more than arrived, or the connection was lost: then the consumer continues with
  /// what the bucket still has, and the gap would go unnoticed. Later messages are dropped.
  [[nodiscard]] bool lost() const { return lost_; }
  /// Whether no heartbeat came for three periods, as of the last next() that found nothing.
  [[nodiscard]] bool silent() const;
  /// Whether anything came yet, if only a heartbeat.
  [[nodiscard]] bool heard() const { return anything_; }
  /// Whether heartbeats were missing before a message that next() returned since the last call: an outage
  /// that was too short to notice otherwise.
  [[nodiscard]] bool heartbeat_missed() { return std::exchange(heartbeat_missed_, false); }

  /// Whether the user may not acknowledge: with a window nothing more comes.
  [[nodiscard]] bool unable_to_acknowledge() const { return acks_refused_; }

  /// Memory that queued messages take, in bytes.
  [[nodiscard]] std::size_t queued_bytes() const;

  /// The server's view of it. Throws nats::Error.
  struct State {
    std::uint64_t pending = 0;    ///< messages still to be sent
    std::uint64_t delivered = 0;  ///< messages sent so far
    Instant created;
    std::string name;
  };
  State state(Span wait);
  /// As it was when it was created.
  [[nodiscard]] const State& start() const { return start_; }
  /// The most messages that are queued here; the account or the server may have lowered it.
  [[nodiscard]] std::int64_t window() const { return window_; }

  /// What the last heartbeat said: messages sent, and the sequence up to which the server has searched the
  /// stream.
  struct Heartbeat {
    std::uint64_t delivered = 0, looked_through = 0;
  };
  [[nodiscard]] const Heartbeat& heartbeat() const { return heartbeat_; }

 private:
  bool take(nats::Event& event);  // true: a message to hand out
  bool accept(natsMsg* message);
  void control(natsMsg* message);
  [[nodiscard]] std::uint64_t reconnects() const;

  Session& session_;
  std::string stream_;
  nats::Mailbox mailbox_;
  State start_;
  std::int64_t window_ = 0, unacknowledged_ = 0;
  std::string removal_;  // the subject of the request to delete it
  std::uint64_t received_ = 0;
  Heartbeat heartbeat_;
  nats::Statistics statistics_;
  std::uint64_t reconnects_ = 0;
  bool lost_ = false, acks_refused_ = false;
  bool heartbeat_missed_ = false;
  bool anything_ = false;
  bool heard_ = false;  // since heard_at_ was set
  Clock::time_point heard_at_;
};

}  // namespace natskv
