// Many requests in flight on one connection, each answer matched to its request: writes, purges, direct gets.
// One inbox for all (NATSC.md 3: half the processor time of js_PublishAsync, same permissions as a single
// request).
#pragma once

#include "base/types.hpp"
#include "nats/handle.hpp"
#include "nats/requests.hpp"
#include "nats/retired.hpp"

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

class Pipeline {
 public:
  struct Limits {
    std::size_t messages = 1000;
    std::size_t bytes = 8U << 20U;
  };
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// One request and what became of it, for who wants to see them all.
  struct Exchange {
    std::string_view subject;
    const Headers& headers;
    std::size_t bytes;
    natsStatus status;
    natsMsg* answer;  ///< null: none came
    std::chrono::steady_clock::duration took;
  };
  using Observer = std::function<void(const Exchange&)>;

  /// Subscribes its inbox. The connection and `retired` must outlive it. `wait`: how long an answer may take.
  Pipeline(natsConnection* connection, Retired& retired, const std::string& inbox_prefix, Limits limits,
           Span wait);

  /// Before the first send().
  void observe(Observer observer) { observer_ = std::move(observer); }

  /// Whether one more of so many bytes fits; an empty window takes anything.
  [[nodiscard]] bool room(std::size_t bytes) const {
    // An old request that is not answered holds the places of all behind it.
    return count_ == 0 || (count_ < limits_.messages && open_.size() < limits_.messages * 16 &&
                           bytes_ + bytes <= limits_.bytes);
  }
  [[nodiscard]] std::size_t in_flight() const { return count_; }
  /// Whether so much is open that answers should be taken in before the next request (refilling at half a
  /// window instead of after each answer saves a wake-up per message).
  [[nodiscard]] bool worth_settling() const {
    return count_ * 2 >= limits_.messages || bytes_ * 2 >= limits_.bytes;
  }

  /// Sends; `id` comes back with the answer and is greater than any before (nearly consecutive: what lies
  /// between takes room). Throws nats::Error where it was not sent. `many`: it has several answers, the last
  /// of which has a status (ADR-31).
  void send(std::uint64_t id, std::string subject, std::string_view body, const Headers& headers = {},
            bool many = false);
  /// The next answer, waiting at most `slice`; nullopt: none yet. A request whose time is up is its own
  /// answer.
  std::optional<Answer> next(Span slice);
  /// Gives up on every request in flight, oldest first: what is under way when the connection is lost.
  std::vector<std::uint64_t> abandon();
  /// One request that is known to be refused (a permission violation names its subject). nullopt: none on it.
  std::optional<std::uint64_t> settle_subject(std::string_view subject);

 private:
  using Clock = std::chrono::steady_clock;
  struct Open {
    bool waits = false;
    bool many = false;
    Clock::time_point sent = {}, heard = {};
    std::size_t bytes = 0;
    std::string subject = {};
    Headers headers = {};  // kept for an observer only
  };
  void tell(const Open& open, natsStatus status, natsMsg* answer) const;
  std::optional<Answer> overdue();
  /// Its request, or null when none with this id waits.
  Open* find(std::uint64_t id);
  void close(Open& open);
  void drop_answered();
  std::uint64_t id_of(std::size_t place) const { return first_ + place; }

  natsConnection* connection_;
  Limits limits_;
  Span wait_;
  std::string inbox_, reply_;  // reply_: inbox_ and the id of the last request
  Observer observer_;
  Subscription subscription_;
  std::deque<Open> open_;    // by id and so by time; answered ones are dropped when they come to the front
  std::uint64_t first_ = 0;  // id of the first of them
  std::size_t count_ = 0;    // how many of them wait
  std::size_t bytes_ = 0;
};

}  // namespace natskv::nats
