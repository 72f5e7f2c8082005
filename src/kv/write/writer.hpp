// Many writes in flight: the markers of a delete by pattern, compact's purges, an import's lines. Each result
// has the number of its write.
#pragma once

#include "kv/bucket.hpp"
#include "kv/write/verdict.hpp"
#include "kv/write/write.hpp"
#include "nats/message_bin.hpp"
#include "nats/requests.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace natskv {

class Writer {
 public:
  /// What a lost connection means. `ends`: the session does not reconnect; what was in flight is unknown.
  /// `survives`: the session reconnects; each write whose answer was lost is compared with its key's latest
  /// revision (message ids store old values over newer ones).
  enum class Loss { ends, survives };

  explicit Writer(Bucket& bucket, nats::Requests::Limits limits = {}, Loss loss = Loss::ends);

  /// Sends, or waits for room first. Two writes of one key are never in flight together. Throws Failure if
  /// the connection or a permission ends the work; what was in flight is then reported as unknown. Throws
  /// Stopped without sending this one; then drain() waits for what is in flight.
  void push(std::uint64_t number, Write write);
  /// Reads answers; never waits.
  void poll();
  /// Waits until no write of this key is in flight. Throws as push().
  void wait_for(std::string_view key);
  /// Waits for the result of a write in flight, at most a moment. Throws as push().
  void wait_for_some();
  /// After a Stop, or a failure that ends the work: waits at most this long; what is left is unknown.
  void drain(Span most);
  [[nodiscard]] std::size_t in_flight() const { return writes_.size(); }
  /// The results of writes, once each, in no particular order. Never waits. To be called after each call
  /// above, even after one that threw: there are as many as were pushed.
  std::optional<WriteResult> result();

 private:
  using Clock = std::chrono::steady_clock;
  using InFlights = std::map<std::uint64_t, InFlight>;  // by the id of the request that was sent last

  void open_requests();
  void send(InFlight write);
  void send_again(InFlights::iterator at);
  void keep_in_memory(std::uint64_t revision);
  void wait_for_room(std::size_t bytes);
  void write_alone(std::uint64_t number, const Write& write);
  void collect(Span wait);
  void answered(const nats::Answer& answer);
  void refused(InFlights::iterator at, const nats::Error& error);
  void send_postponed();
  void put_to(InFlights::iterator at, Stage stage);
  void give_up();
  void conclude(InFlights::iterator at, std::uint64_t revision, std::optional<Failure> failure);
  void throw_if_over() const;
  [[nodiscard]] bool over() const;

  void recover();
  void come_back(Clock::time_point until);
  void blame_line_too_long();
  void check_bucket();
  void look_again(InFlights::iterator at);
  [[nodiscard]] InFlights::iterator first(Stage stage);
  [[nodiscard]] bool connection_was_lost() const;
  [[nodiscard]] bool trouble() const { return doubtful_ > 0 || connection_was_lost(); }

  Bucket& bucket_;
  nats::Requests::Limits limits_;
  std::optional<nats::Requests> requests_;  // of the current connection
  nats::MessageBin spent_;
  Loss loss_;
  InFlights writes_;
  std::size_t later_ = 0, doubtful_ = 0;  // how many of them are in that stage
  std::deque<WriteResult> results_;
  std::unordered_set<std::size_t> keys_;  // hashes of the keys in flight; a collision only waits
  std::uint64_t next_ = 0;
  std::uint64_t highest_ = 0;  // the latest acknowledged revision, and its key
  std::string highest_key_;
  std::string created_;  // the bucket's, to notice one that was recreated
  unsigned erases_ = 0;
  std::optional<bool> old_filestore_;  // a server that reads its file again for each erase
  unsigned pushed_ = 0;                // since answers were last read
  bool recovering_ = false;
  int losses_ = 0;  // losses of the wire that were handled
  std::optional<Clock::time_point> draining_;
};

}  // namespace natskv
