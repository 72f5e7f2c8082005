// What `wait` waits for, and whether it has happened. Pure.
#pragma once

#include "base/pattern.hpp"
#include "kv/entry.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::commands {

/// The conditions of the command line.
struct Wanted {
  std::string bucket = {};
  Pattern keys = {};
  std::optional<std::string> value = {};      ///< exactly these bytes
  std::optional<std::string> not_value = {};  ///< any other value
  std::optional<std::uint64_t> after =
      {};                ///< the last revision, even if it is a marker's, is above this one
  bool absent = false;   ///< no value
  bool command = false;  ///< COMMAND decides about each value that fulfils the other conditions
  std::optional<std::uint64_t> count = {};  ///< this many keys at the same time

  /// Whether values have to be read.
  [[nodiscard]] bool reads_values() const { return value || not_value || command; }
  /// Whether a key with this last entry counts, if COMMAND agrees; for `absent`, whether it prevents the end.
  [[nodiscard]] bool counts(const Entry& entry) const;
  /// `key "k" in bucket "b" has a value`; never contains a value.
  [[nodiscard]] std::string sentence() const;
};

/// The keys that count, from a bucket's entries in the order of their revisions.
class Awaited {
 public:
  /// `keeps`: keep the entries, for printing.
  Awaited(Wanted wanted, bool keeps) : wanted_(std::move(wanted)), keeps_(keeps) {}
  [[nodiscard]] const Wanted& wanted() const { return wanted_; }
  [[nodiscard]] bool reads_values() const { return keeps_ || wanted_.reads_values(); }

  /// The last entry of its key, and whether it counts. `max_age`: the bucket's TTL, 0 for none.
  void saw(const Entry& entry, bool counts, Span max_age);
  /// Every current entry was seen.
  void all_seen() { all_seen_ = true; }
  /// Starts again: the bucket was recreated, or reading starts from the beginning.
  void start_over();
  [[nodiscard]] bool is_so() const;

  /// Whether a key that disappears without an event would change the answer.
  [[nodiscard]] bool may_vanish() const { return !keys_.empty(); }
  /// When the first of the keys that count expires, by the server's clock; nullopt: none does.
  [[nodiscard]] std::optional<Instant> first_end() const { return first_end_; }
  /// A check of which keys are left: each key with a value, then the stream's last revision before the check.
  /// Keys that were not there no longer count.
  void is_left(std::string_view key);
  void all_left(std::uint64_t last);

  /// The entries that count, by key, if they are kept.
  void for_each(const std::function<void(const Entry&)>& each) const;

 private:
  struct Key {
    std::uint64_t revision = 0;
    std::optional<Instant> end = {};
    bool left = false;
    OwnedEntry kept = {};
  };

  Wanted wanted_;
  bool keeps_;
  std::map<std::string, Key, std::less<>> keys_;
  std::optional<Instant> first_end_;  // or earlier
  bool all_seen_ = false;
};

}  // namespace natskv::commands
