// Many keys read with many requests in flight, in the order asked; never a round trip a key.
#pragma once

#include "kv/bucket.hpp"
#include "nats/pipeline.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace natskv {

class MultiGet {
 public:
  /// `consistent`: by the stream's leader (STREAM.MSG.GET).
  MultiGet(Bucket& bucket, bool consistent);

  void want(std::string key) { wanted_.push_back(std::move(key)); }
  [[nodiscard]] bool more() const { return !asked_.empty() || !wanted_.empty(); }
  /// The key that next() answers for.
  [[nodiscard]] const std::string& key() const { return asked_.empty() ? wanted_.front() : asked_.front(); }
  /// nullopt: no such key. Markers are returned. Failure as a single get's.
  std::optional<Found> next();

 private:
  void ask();
  void take(nats::Answer answer);
  std::optional<Found> entry_of(const std::shared_ptr<natsMsg>& message);

  Bucket& bucket_;
  std::size_t window_;  // answers under way or held, by the size of the largest so far
  std::size_t largest_ = 1;
  bool direct_;
  nats::Pipeline pipeline_;
  std::deque<std::string> wanted_;                       // not yet asked for
  std::deque<std::string> asked_;                        // in flight or answered, not yet given
  std::map<std::uint64_t, std::optional<Found>> ready_;  // answers that came before their turn
  std::uint64_t first_ = 0, next_ = 0;                   // numbers of asked_.front() and of the next request
};

}  // namespace natskv
