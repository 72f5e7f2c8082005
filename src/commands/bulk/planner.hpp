// Decides what to do with each item, without a server.
#pragma once

#include "commands/bulk/source.hpp"
#include "kv/read/seen.hpp"
#include "kv/read/snapshot.hpp"
#include "kv/write/writer.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace natskv::commands {

/// What the user asked for, and what the target bucket allows.
struct Rules {
  std::string bucket;
  bool create = false;          ///< only keys that have no value
  bool update = false;          ///< only keys at the item's own revision
  bool skip_unchanged = false;  ///< skip keys that have the item's value
  bool ignore_ttl = false;
  bool atomic = false;  ///< CHECKs can be sent
  bool decide = false;  ///< decide conditions by the bucket's state when it was listed (a dry run)
  bool ttl_allowed = false;
  bool keeps_history = false;                    ///< where a write expires an older value would return
  bool drop_history = false;                     ///< the older revisions go with each write
  std::string ttl_hint = {};                     ///< the hint if an item's time to live is not allowed
  std::uint64_t max_value = 0, max_payload = 0;  ///< bytes a value may have; 0: no limit
};

struct Step {
  enum class Kind {
    write,      ///< `write`
    over_own,   ///< `write`, over what an earlier item for this key wrote: only if that was new
    check,      ///< nothing to write: `write.key` must be at `write.expected`
    unchanged,  ///< the key has this value
    expired,    ///< the item's time to live is over
    refused     ///< `failure`
  };
  Kind kind = Kind::write;
  Write write = {};
  std::optional<Failure> failure = {};
  bool again = false;        ///< the key came before
  std::uint64_t latest = 0;  ///< the key's revision when the bucket was listed; 0: no value, or not listed
};

class Planner {
 public:
  /// `there`: the bucket's state, null if it was not listed; needed for skip_unchanged and decide.
  Planner(Rules rules, const Snapshot* there) : rules_(std::move(rules)), there_(there) {}

  /// `now`: by the clock of Item::created.
  Step plan(const Item& item, Instant now);
  /// What the server would refuse for a reason that is known in advance.
  [[nodiscard]] std::optional<Failure> unfit(const Item& item) const;

  [[nodiscard]] const Rules& rules() const { return rules_; }
  /// The keys of all items so far.
  [[nodiscard]] const Seen& keys() const { return keys_; }

 private:
  [[nodiscard]] bool keep_ttl(const Item& item, Instant now, Write& write) const;
  /// A write over a bucket's history: what an older value has to do with it. False: one would return.
  [[nodiscard]] bool over_history(Write& write, bool live) const;
  [[nodiscard]] std::optional<Failure> decide(const Item& item, const Step& step, bool live) const;

  Rules rules_;
  const Snapshot* there_;
  Seen keys_;
};

}  // namespace natskv::commands
