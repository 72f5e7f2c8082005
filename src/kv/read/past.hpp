// A bucket as it was: get, keys, export and diff with --at. Its history is read twice: headers, which tell
// what each key had then, and the entries themselves.
#pragma once

#include "base/failure.hpp"
#include "base/pattern.hpp"
#include "kv/read/as_of.hpp"
#include "kv/read/listing.hpp"
#include "kv/session.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace natskv {

class Past {
 public:
  /// Reads what the keys had at that moment. `patterns`: empty means all keys. Failure: not_found for a
  /// revision above the last and a time before the bucket was created; usage for a time in the future.
  Past(Session& session, std::string bucket, std::vector<Pattern> patterns, Moment moment);

  [[nodiscard]] const std::string& bucket() const { return bucket_; }
  /// "revision 12", or the time.
  [[nodiscard]] const std::string& shown() const { return shown_; }
  [[nodiscard]] const AsOf& keys() const { return keys_; }
  [[nodiscard]] bool is_uncertain(std::string_view key) const {
    return keys_.of(key).state == AsOf::State::uncertain;
  }
  /// The same of a key that was asked for by name. One of which nothing is kept may have been among the
  /// revisions that no kept key explains.
  [[nodiscard]] bool is_doubtful(std::string_view key) const {
    const auto state = keys_.of(key).state;
    return state == AsOf::State::uncertain || (state == AsOf::State::absent && keys_.unexplained() > 0);
  }
  /// Why a key has no value, or no certain one.
  [[nodiscard]] Failure missing(const std::string& key) const;
  /// The first uncertain keys that were not named as KEY, at most this many.
  std::vector<std::string> uncertain_names(std::size_t most);

  /// Failure if it is no longer the bucket whose keys were read.
  void require_same(const Listing& entries) const;

 private:
  [[nodiscard]] StreamState look();
  [[nodiscard]] AsOf start(const Listing& entries, std::uint64_t expected);
  void read(bool whole);
  [[nodiscard]] bool doubtful() const;
  [[nodiscard]] ReadOptions history() const;

  Session& session_;
  std::string bucket_;
  std::vector<Pattern> patterns_;
  Moment moment_;
  StreamState stream_;  // as it was at the start
  std::string shown_;
  AsOf keys_;
};

/// The latest entry of each key, including markers, as they are now or, with `past`, as they were: then only
/// those that are certain, in the order of their revisions.
class Entries {
 public:
  /// `past` must outlive it.
  Entries(Session& session, std::string bucket, ReadOptions options, const Past* past = nullptr);

  /// As Listing::next(). Failure if the bucket has meanwhile dropped one of the past entries.
  const Entry* next();
  /// How many there are, at most.
  [[nodiscard]] std::uint64_t total() const { return past_ == nullptr ? listing_.total() : left_; }
  /// Only after this revision may a key come again.
  [[nodiscard]] std::uint64_t last_revision() const { return listing_.last_revision(); }
  [[nodiscard]] Instant server_time() const { return listing_.server_time(); }
  void on_idle(std::function<void()> idle) { listing_.on_idle(std::move(idle)); }

 private:
  std::string bucket_;
  const Past* past_;
  Listing listing_;
  std::uint64_t left_ = 0;
  Entry entry_;
};

}  // namespace natskv
