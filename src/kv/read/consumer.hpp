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
  std::uint64_t after = 0;  ///< without `latest`: messages above this sequence
  /// So many messages at most wait here to be read, by acknowledgements; 0: what the server's flow control
  /// allows, 32 MiB in the end.
  std::int64_t window = 0;
  bool named = true;  ///< false: for servers before 2.9, which choose the consumer's name
};

/// How many messages the stream still keeps for such a consumer. Throws nats::Error.
std::uint64_t count_messages(Session& session, ConsumerSpec spec, Span wait);

/// A push consumer as nats.c makes an ordered one (js.c, js_Subscribe), made and followed by ourselves:
/// nats.c makes another after a gap, missed heartbeats or a reconnect, always with all revisions and
/// sometimes before its name can be asked for, and the server counts what is pending twice. Only who reads
/// knows what should come after a loss, so it is told and starts another.
class Consumer {
 public:
  /// `wait` bounds the server's answer. Throws nats::Error. `session` must outlive it.
  Consumer(Session& session, ConsumerSpec spec, Span wait);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  using Clock = std::chrono::steady_clock;
  enum class Heard : std::uint8_t {
    message,
    nothing,     ///< until then, or it is lost
    descriptor,  ///< one of `others` is ready
  };
  /// Waits until then for the next message; {}: takes what is there.
  Heard next(nats::Message& message, Clock::time_point until, std::span<pollfd> others = {});
  /// Whether the server says that it sent more than came, or the connection was lost: it goes on by itself
  /// then with what the bucket still keeps, and nothing shows what was between. What comes from then on is
  /// dropped.
  [[nodiscard]] bool lost() const { return lost_; }
  /// Whether no heartbeat came for three times its period, up to the last next() that found nothing.
  [[nodiscard]] bool silent() const;
  /// Whether anything came yet, if only a heartbeat.
  [[nodiscard]] bool heard() const { return anything_; }
  /// Whether heartbeats were missing before a message that next() gave since this was asked last: an outage
  /// that was too short to notice otherwise.
  [[nodiscard]] bool heartbeat_missed() { return std::exchange(heartbeat_missed_, false); }

  /// Whether the user may not acknowledge: with a window nothing more comes.
  [[nodiscard]] bool unable_to_acknowledge() const { return acks_refused_; }

  /// Bytes of memory that messages take which wait to be read.
  [[nodiscard]] std::size_t waiting() const;

  /// The server's view of it. Throws nats::Error.
  struct State {
    std::uint64_t pending = 0;    ///< messages still to be sent
    std::uint64_t delivered = 0;  ///< messages sent so far
    Instant created;
    std::string name;
  };
  State state(Span wait);
  /// As it was when it was made.
  [[nodiscard]] const State& start() const { return start_; }
  /// The most messages that wait here, which the account or the server may have lowered.
  [[nodiscard]] std::int64_t window() const { return window_; }

  /// What the last heartbeat said: messages sent, and the sequence up to which it looked through the stream.
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
