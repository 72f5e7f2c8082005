// A lock on a key: an entry that expires unless it is renewed. What it promises is in natskv-lock(1).
//
// Every write is a compare-and-set and carries a random word, so that one whose answer was lost can be
// recognized. The lease counts from before the first attempt of a write that may have been stored. It knows
// nothing about the processes that it protects: its holder follows schedule().
#pragma once

#include "base/failure.hpp"
#include "kv/bucket.hpp"
#include "kv/lease/answers.hpp"
#include "kv/lease/line.hpp"
#include "kv/lease/terms.hpp"

#include <optional>
#include <string>

namespace natskv::lease {

struct Claim {
  std::string bucket, key;
  std::string text;  ///< the value: who holds it
  Wish wish;
};

/// The result of an attempt to take it.
enum class Taking {
  taken,
  held,        ///< by another, see sight()
  unanswered,  ///< the outcome is unknown; maybe_taken_until() says whether it may be ours
  late         ///< it is ours, but too little is left of it
};

enum class Renewal {
  renewed,
  later,  ///< no usable answer: try again
  lost    ///< for good: loss()
};

class Lease {
 public:
  /// Connects, and reads the bucket's settings. Throws Failure.
  Lease(Session& session, Claim claim);

  [[nodiscard]] const Terms& terms() const { return terms_; }
  [[nodiscard]] Line& line() { return line_; }

  /// Starts over after it was lost.
  void start_over();
  /// Throws Failure for what waiting cannot solve.
  Taking take(Meanwhile& meanwhile);
  /// Who holds it, as it was last seen.
  [[nodiscard]] const Sight& sight() const { return sight_; }
  /// How long that one may still hold it at most; nullopt: forever.
  [[nodiscard]] std::optional<Span> left() const;
  /// Until when a lease of ours may last at most, if one of our writes may have been, or may still be,
  /// stored.
  [[nodiscard]] std::optional<Time> maybe_taken_until() const;
  /// Waits until another attempt makes sense, at most until then. Returns early when `meanwhile` reacted.
  void wait(Time until, Meanwhile& meanwhile);

  // While it is held:
  [[nodiscard]] std::uint64_t token() const { return token_; }
  [[nodiscard]] const Schedule& schedule() const { return schedule_; }
  [[nodiscard]] Time renew_at() const { return renew_at_; }
  Renewal renew(Meanwhile& meanwhile);
  /// Why it was lost, or why renewals failed.
  [[nodiscard]] Failure loss() const;
  /// Releases it. Returns what went wrong, or "".
  std::string release(Meanwhile& meanwhile);

 private:
  struct Looked {
    JsonAnswer::Kind kind = JsonAnswer::Kind::unanswered;
    Sight sight = {};
    std::optional<nats::Error> error = {};
  };
  Looked look(Meanwhile& meanwhile);
  WriteOutcome put(std::uint64_t expected, Meanwhile& meanwhile);
  [[nodiscard]] nats::Headers headers(std::uint64_t expected) const;
  Taking hold(std::uint64_t revision, Time sent);
  void renewed(std::uint64_t revision, Time sent);
  Renewal refused(Meanwhile& meanwhile);
  Renewal check_settings(Meanwhile& meanwhile);
  Renewal lost(Exit exit, const std::string& why);
  void new_holder();
  bool purge_stream(Meanwhile& meanwhile);
  Failure explained(const nats::Error& error);
  [[nodiscard]] std::chrono::nanoseconds patience() const;
  [[nodiscard]] std::string named() const;

  Session& session_;
  Claim claim_;
  Bucket bucket_;
  struct {
    std::string stream, read, write;  // the subjects of the key
  } at_;
  Span bucket_ttl_;
  Terms terms_;
  Line line_;

  std::string holder_;              // the random word
  std::optional<Time> first_sent_;  // of the writes with it that may have been stored
  Sight sight_;
  Time seen_{};  // since when sight_'s revision is known
  bool look_again_ = true;

  std::uint64_t revision_ = 0, token_ = 0;
  Schedule schedule_{};
  Time renew_at_{};
  std::optional<Time> unanswered_since_;  // the first renewal that may have been stored
  std::optional<Failure> loss_;
  std::optional<Failure> trouble_;  // why the last renewal failed
};

}  // namespace natskv::lease
