// A bucket's messages as entries, from one consumer after another: the basis of Listing and Watch.
#pragma once

#include "kv/entry.hpp"
#include "kv/read/consumer.hpp"
#include "kv/read/ending.hpp"
#include "kv/read/entry_reader.hpp"
#include "kv/read/stream_state.hpp"
#include "kv/read/window.hpp"
#include "kv/session.hpp"
#include "nats/handle.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace natskv {

/// What is read.
struct ReadOptions {
  std::vector<Pattern> patterns = {};  ///< keys or PATTERNs; none: all keys
  bool history = false;                ///< every kept revision, not only each key's latest
  bool values = true;                  ///< false: no values (Entry::size is still right)
  bool deltas = false;      ///< Entry::delta is wanted, though several patterns need counting for it
  std::uint64_t after = 0;  ///< with `history`: not what came up to this revision
  bool slow = false;        ///< each entry takes the caller time: read with a window from the start
  /// Bytes of messages that may be queued while the reader keeps pace, before the rest is read with a window,
  /// which costs a fifth of the speed.
  std::size_t most_waiting = std::size_t{12} << 20U;
};

class Feed {
 public:
  using Clock = std::chrono::steady_clock;
  /// Heartbeats come every second: a consumer that was silent for this long does not deliver.
  static constexpr std::chrono::milliseconds least_patience{4000};
  /// Between two questions where all the rest has come: the first, then twice as long each time.
  static constexpr std::chrono::milliseconds first_pause{45}, longest_pause{1000};

  Feed(Session& session, std::string bucket, ReadOptions options);

  /// While it lives, the longer time-out for starting a listing applies.
  class Starting {
   public:
    Starting(Session& session, const std::string& bucket);
    ~Starting();
    Starting(const Starting&) = delete;
    Starting& operator=(const Starting&) = delete;

   private:
    Session& session_;
    std::shared_ptr<void> waiting_;
  };

  /// Asks for the stream's state. Throws nats::Error, or Failure where it is not a bucket.
  StreamState look(Span wait);
  struct Start {
    bool latest = false;      ///< the latest entry of each key, then everything new; false: everything
    std::uint64_t after = 0;  ///< skips what has come before: up to this revision
    bool live = false;        ///< the current values have come before: each message is a change
  };
  /// Throws nats::Error. `stream` is the last result of look().
  void start(const StreamState& stream, Start start, Span wait);
  /// What the consumer has delivered and has left, for an Ending that asks: by its last heartbeat where the
  /// user may not ask about it (then a listing ends a second later). Throws nats::Error.
  Ending::Ask ask_consumer(Ending& ending);
  /// Creates another consumer that continues after the last message. Throws nats::Error.
  void restart(Span wait);
  /// All current values have come: from now on each message is a change.
  void only_new();
  /// Deletes the consumer until more is needed.
  void let_go() { consumer_.reset(); }

  enum class Heard : std::uint8_t {
    message,     ///< see delivery() and entry()
    nothing,     ///< so long
    descriptor,  ///< one of `others` is ready
    ignored,     ///< not a delivery
    restarted,   ///< another consumer was started
    broken,      ///< this consumer does not deliver what it should, or the connection was lost
  };
  /// Waits so long, and not after `until`. Throws nats::Error, Failure where reading is refused or
  /// impossible, Stopped.
  Heard next(Clock::duration pause, Clock::time_point until = Clock::time_point::max(),
             std::span<pollfd> others = {});
  [[nodiscard]] const Delivery& delivery() const { return delivery_; }
  /// The entry of the message; null: it was not asked for, or came before. Valid until the next call.
  [[nodiscard]] const Entry* entry() const { return entry_; }
  /// Called before a wait, to flush output.
  void on_idle(std::function<void()> idle) { idle_ = std::move(idle); }

  /// The last revision that came.
  [[nodiscard]] std::uint64_t last() const { return last_; }
  [[nodiscard]] const Selection& selection() const { return reader_.selection(); }
  [[nodiscard]] Consumer* consumer() { return consumer_ ? &*consumer_ : nullptr; }
  /// How many messages the consumer had to deliver when it was created.
  [[nodiscard]] std::uint64_t waiting() const {
    return consumer_->start().pending + consumer_->start().delivered;
  }
  /// Whether the connection was lost since the stream's state was read for the last start().
  [[nodiscard]] bool connection_lost() const { return session_.wire().losses() != losses_.at_start; }
  /// Whether anything was ever delivered, if only a heartbeat.
  [[nodiscard]] bool heard() const { return heard_ || (consumer_ && consumer_->heard()); }
  /// What the account or the server lowered the window to.
  [[nodiscard]] std::optional<std::int64_t> ack_limit() const { return ack_limit_; }
  /// Failure if nothing was heard for too long, though the server answers.
  [[nodiscard]] Failure nothing_delivered();
  /// Up to here there is nothing that was asked for and has not come, as of the last heartbeat; 0: not known.
  [[nodiscard]] std::uint64_t looked_through() const;
  /// How many messages the stream has after a revision. Throws nats::Error.
  std::uint64_t count_after(std::uint64_t revision, Span wait);

 private:
  [[nodiscard]] std::optional<std::uint64_t> count_asked_for(Span wait);
  void end_if_stopped();
  Heard take(nats::Message message);
  Heard ended();
  [[nodiscard]] ConsumerSpec spec(std::uint64_t after, bool latest) const;

  Session& session_;
  std::string bucket_;
  ReadOptions options_;
  EntryReader reader_;
  bool with_values_ = true;  // as the server is asked
  bool named_ = true, old_server_ = false;
  bool latest_ = false, live_ = false;
  bool may_ask_consumer_ = true;
  std::optional<Window> window_;
  std::optional<Consumer> consumer_;
  std::uint64_t last_ = 0;
  std::uint64_t received_ = 0;  // of this consumer
  Delivery delivery_;
  const Entry* entry_ = nullptr;
  bool heard_ = false;
  std::optional<std::int64_t> ack_limit_;
  struct {
    int at_start = 0, at_look = 0;
  } losses_;  // of the connection
  std::function<void()> idle_;
};

struct Delivered {
  /// How many messages the account or the server lets a consumer leave unacknowledged, if that is low.
  std::optional<std::int64_t> ack_limit;
};
/// Checks that changes of these keys arrive: creates a consumer and waits for its first heartbeat. Failure
/// where none comes.
Delivered try_watching(Session& session, const std::string& bucket, std::vector<Pattern> patterns);

}  // namespace natskv
