// Many requests in flight on one connection, each answer matched to its request: writes, purges, direct gets,
// the JetStream API. One inbox for all (half the processor time of js_PublishAsync, the same
// permissions as a single request).
//
// Every request ends in exactly one Answer: what the server sent, its refusal (by subject), the loss of the
// connection (all at once), or the end of its time.
#pragma once

#include "base/types.hpp"
#include "nats/handle.hpp"
#include "nats/wire.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace natskv::nats {

/// The outcome of one request.
struct Answer {
  std::uint64_t id = 0;
  /// NATS_OK with a message; NATS_NO_RESPONDERS; NATS_TIMEOUT; NATS_NOT_PERMITTED, with the server's words in
  /// `text`; NATS_CONNECTION_DISCONNECTED, NATS_CONNECTION_CLOSED: the connection was lost, for now or for
  /// good.
  natsStatus status = NATS_OK;
  Message message = nullptr;
  std::string text = {};
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A message to publish. Error where nats.c refuses a header.
Message message_of(const std::string& subject, std::string_view body, const Headers& headers,
                   const char* reply = nullptr);

class Requests {
 public:
  using Clock = std::chrono::steady_clock;
  struct Limits {
    std::size_t messages = 1000;
    std::size_t bytes = 8U << 20U;
  };

  /// One request and its outcome, for an observer of all.
  struct Exchange {
    std::string_view subject;
    const Headers& headers;
    std::size_t bytes;
    natsStatus status;
    natsMsg* answer;  ///< null: none came
    Clock::duration took;
  };
  using Observer = std::function<void(const Exchange&)>;

  /// Subscribes its inbox; throws nats::Error. The connection must outlive it. `wait`: how long an answer may
  /// take.
  Requests(natsConnection* connection, Wire& wire, const std::string& inbox_prefix, Limits limits, Span wait);

  /// Before the first send().
  void observe(Observer observer) { observer_ = std::move(observer); }
  /// From now on.
  void answers_within(Span wait) { wait_ = wait; }

  /// Whether one more of that size fits; an empty window takes anything.
  [[nodiscard]] bool room(std::size_t bytes) const {
    // An old request without an answer keeps the places of all after it.
    return count_ == 0 || (count_ < limits_.messages && open_.size() < limits_.messages * 16 &&
                           bytes_ + bytes <= limits_.bytes);
  }
  [[nodiscard]] std::size_t in_flight() const { return count_; }
  /// Whether the window is so full that answers should be read before the next request (refilling at half a
  /// window instead of after each answer saves a wake-up per message).
  [[nodiscard]] bool worth_settling() const {
    return count_ * 2 >= limits_.messages || bytes_ * 2 >= limits_.bytes;
  }

  /// Sends; `id` comes back with the answer and is greater than any before (nearly consecutive: gaps take
  /// memory). Throws nats::Error where it was not sent. `many`: it has several answers, the last of which has
  /// a status (ADR-31).
  void send(std::uint64_t id, std::string subject, std::string_view body, const Headers& headers = {},
            bool many = false);
  /// Sends what nobody answers: of a refusal or a loss nothing is heard either. Throws nats::Error.
  void send_unanswered(const std::string& subject, std::string_view body, const Headers& headers) {
    publish(subject, nullptr, body, headers);
  }
  /// The next answer, waiting until then; nullopt: none came, or one of `others` is ready.
  std::optional<Answer> next(Clock::time_point until, std::span<pollfd> others = {});
  /// The same, for that long.
  std::optional<Answer> next(Span slice, std::span<pollfd> others = {}) {
    return next(slice.ns > 0 ? Clock::now() + std::chrono::nanoseconds(slice.ns) : Clock::time_point{},
                others);
  }
  /// The server's words, where it refused the inbox: no answer will come.
  [[nodiscard]] const std::optional<std::string>& inbox_refused() const { return inbox_refused_; }
  /// Gives up on every request in flight, oldest first.
  std::vector<std::uint64_t> abandon();

 private:
  struct PendingRequest {
    bool waits = false;
    bool many = false;
    Clock::time_point sent = {}, heard = {};
    std::size_t bytes = 0;
    std::string subject = {};
    Headers headers = {};  // only kept for an observer
  };
  void publish(const std::string& subject, const char* reply, std::string_view body, const Headers& headers);
  void tell(const PendingRequest& open, natsStatus status, natsMsg* answer) const;
  std::optional<Answer> take(Event& event);
  std::optional<Answer> answered(Message message);
  void refused(const Words& words);
  std::optional<Answer> overdue();
  void hurry();
  /// Its request, or null when none with this id waits.
  PendingRequest* find(std::uint64_t id);
  [[nodiscard]] std::optional<std::uint64_t> id_in(std::string_view reply) const;
  void settle(std::uint64_t id, natsStatus status, const std::string& text);
  void settle_all(natsStatus status, const std::string& text, std::uint64_t before);
  void lose(natsStatus status);
  void close(PendingRequest& open);
  void drop_answered();
  [[nodiscard]] std::uint64_t id_of(std::size_t place) const { return first_ + place; }

  natsConnection* connection_;
  Limits limits_;
  Span wait_;
  std::string inbox_, reply_;  // reply_: inbox_ and the id of the last request
  Observer observer_;
  Mailbox mailbox_;
  std::optional<std::string> inbox_refused_;  // the server's words
  std::deque<Answer> settled_;                // without a message: refused, lost
  struct Lost {
    natsStatus status;
    Clock::time_point due;
    std::uint64_t before;  // ids
  };
  std::optional<Lost> lost_;
  std::deque<PendingRequest>
      open_;                 // by id and so by time; answered ones are dropped when they come to the front
  std::uint64_t first_ = 0;  // id of the first of them
  std::size_t count_ = 0;    // how many of them wait
  std::size_t bytes_ = 0;
  std::size_t unhurried_ = 0;  // sent since the library was last asked to send at once
};

}  // namespace natskv::nats
