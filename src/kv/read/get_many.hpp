// Many keys read with many requests in flight, in the order asked, without a round trip for each. Where the
// server supports it, a request asks for up to 1,024 of them; keys that its answer lacks are requested
// individually.
#pragma once

#include "kv/bucket.hpp"
#include "nats/check.hpp"
#include "nats/requests.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace natskv {

class GetMany {
 public:
  /// `consistent`: from the stream's leader (STREAM.MSG.GET). `together`: many keys per request, where the
  /// server supports it.
  GetMany(Bucket& bucket, bool consistent, bool together = true);
  void want(std::string key) { wanted_.push_back(std::move(key)); }
  [[nodiscard]] bool more() const { return !asked_.empty() || !wanted_.empty(); }
  /// The key that next() answers for.
  [[nodiscard]] const std::string& key() const { return asked_.empty() ? wanted_.front() : asked_.front(); }
  /// nullopt: no such key. Markers are returned. Failure as for a single get; if it concerns one key only
  /// (6), the next ones can still be read.
  std::optional<OwnedEntry> next();

 private:
  using Turn = std::uint64_t;  // a key's position, in the order asked
  /// The unanswered keys of one request, pointing into asked_; a key may be requested twice.
  using Together = std::unordered_multimap<std::string_view, Turn>;

  void ask();
  void ask_for(Turn turn);
  void ask_together();
  void take(nats::Answer answer);
  void bound_window(natsMsg* message);
  void take_one_of_many(std::uint64_t id, const std::shared_ptr<natsMsg>& message);
  void ask_again(std::uint64_t id);
  void none_together();
  [[nodiscard]] const std::string& name(Turn turn) const { return asked_[turn - first_]; }
  /// The entry of an answer that has one.
  std::optional<OwnedEntry> read(const std::shared_ptr<natsMsg>& message);

  Bucket& bucket_;
  std::size_t window_;  // keys in flight or held, depending on the largest value so far
  std::size_t largest_ = 1;
  bool direct_;
  bool together_;  // many keys per request
  nats::Requests requests_;
  std::deque<std::string> wanted_;  // not yet asked for
  std::deque<std::string> asked_;   // in flight or answered, not yet given
  struct Answered {
    std::optional<OwnedEntry> found = {};
    std::optional<nats::Error> refused = {};
  };
  std::map<Turn, Answered> ready_;  // answers that came before their turn
  Turn first_ = 0;                  // of asked_.front()
  std::uint64_t next_ = 0;          // the next request's number
  std::unordered_map<std::uint64_t, Turn> single_;
  std::map<std::uint64_t, Together> many_;
  std::set<Turn> again_;  // what the answer to a request for many lacked
};

}  // namespace natskv
