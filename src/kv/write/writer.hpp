// Many writes in flight: markers of a delete by pattern, purges of compact, an import's lines. Each result
// comes back with the number its write was given.
#pragma once

#include "base/failure.hpp"
#include "kv/bucket.hpp"
#include "nats/pipeline.hpp"
#include "nats/spent.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace natskv {

/// One write. `erase`: removes the key's revisions up to and with `expected`, leaving no marker.
struct Write {
  std::string key;
  std::string value = {};
  Operation operation = Operation::put;
  bool erase = false;
  std::optional<std::uint64_t> expected = {};  ///< the latest revision the key must have (0: none at all)
  std::optional<Span> ttl = {};
  bool never_expires = false;  ///< Nats-TTL: never
  bool creates = false;        ///< with `expected` 0: over a marker too, as `create`
};

/// What became of it: a revision, or the failure that `report` shows.
struct Settled {
  std::uint64_t number = 0;
  std::string key;
  Operation operation = Operation::put;
  bool erased = false;         ///< an erase
  std::uint64_t expected = 0;  ///< the write's own condition, 0 without one
  std::uint64_t revision = 0;  ///< of the write; for an erase: how many values went
  std::optional<Failure> failure;
};

/// The headers of its message.
nats::Pipeline::Headers headers_of(const Write& write, const std::optional<std::uint64_t>& condition);

class Writer {
 public:
  /// What a lost connection means. `ends`: the session does not reconnect, what was in flight is unknown.
  /// `survives`: the session reconnects; each write whose answer was lost is compared with its key's latest
  /// revision (NATSC.md 3: message ids store old values over newer ones).
  enum class Loss { ends, survives };

  /// `settled` is called from push(), poll(), drain() and finish(), on the calling thread, once a write.
  Writer(Bucket& bucket, std::function<void(const Settled&)> settled, nats::Pipeline::Limits limits = {},
         Loss loss = Loss::ends);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Sends, or waits for room first. Two writes of one key are never in flight together. Throws Failure where
  /// the connection or a permission ends the whole; what was in flight is then settled as unknown. Throws
  /// Stopped, this one not sent; then drain() settles what is in flight.
  void push(std::uint64_t number, Write write);
  /// Takes in what was answered; never waits.
  void poll() { settle(Span{0}); }
  /// Waits until no write of this key is in flight. Throws as push().
  void wait_for(std::string_view key);
  /// Waits for what is in flight. Throws as push().
  void finish();
  /// After a Stop, or a failure that ends the work: waits at most so long; what is left is unknown.
  void drain(Span most);
  [[nodiscard]] std::size_t in_flight() const {
    return writes_.size() + doubtful_.size() + postponed_.size();
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Open {
    std::uint64_t number = 0;
    Write write;
    std::uint64_t floor = 0;                 // a revision of the bucket's before it was sent
    std::optional<std::uint64_t> condition;  // sent: the caller's, or our own the second time
    bool refused = false;                    // a create that the server refused: a marker may be in its way
    Clock::time_point again = {};            // when to send it once more, and since when that is tried
    Clock::time_point first_refused = {};
  };
  using Opens = std::unordered_map<std::uint64_t, Open>;

  void send(Open open);
  void keep_in_memory(std::uint64_t revision);
  void wait_for_room(std::size_t bytes);
  void settle(Span slice);
  void settle_one(const nats::Answer& answer);
  void refuse(Opens::iterator at, const nats::Error& error);
  bool postpone(Open& open);
  void send_postponed();
  void settle_violations();
  void give_up();
  void conclude(Open open, std::uint64_t revision, std::optional<Failure> failure);
  Open take(Opens::iterator at);
  void throw_if_over();
  void keep_connection(bool keep);
  [[nodiscard]] bool over() const;

  void recover();
  void wait_connected();
  void check_bucket();
  void look_again(Open& open);
  [[nodiscard]] bool trouble() const;

  Bucket& bucket_;
  std::function<void(const Settled&)> settled_;
  nats::Pipeline pipeline_;
  nats::Spent spent_;
  Loss loss_;
  Opens writes_;
  std::unordered_set<std::size_t> keys_;  // hashes of the keys that are not settled; a collision only waits
  std::uint64_t next_ = 0;
  std::uint64_t highest_ = 0;  // the latest revision that the bucket told us, and whose it is
  std::string highest_key_;
  std::string created_;         // the bucket's, to notice one made anew
  std::deque<Open> doubtful_;   // to be compared with what the bucket holds
  std::deque<Open> postponed_;  // refused for now, safe to send again
  unsigned erases_ = 0;
  std::optional<bool> forgetful_;  // a server that reads its file again for each erase
  unsigned unsettled_ = 0;         // how many were pushed since answers were last taken in
  bool recovering_ = false;
  bool kept_ = false;  // the connection, whatever Stop says
  int violations_ = 0, disconnects_ = 0;
  std::optional<Clock::time_point> draining_;
};

}  // namespace natskv
