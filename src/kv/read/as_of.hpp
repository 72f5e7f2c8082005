// What each key had after a revision or at a time, judged by the revisions that the bucket still keeps. Asks
// no server.
#pragma once

#include "kv/entry.hpp"
#include "kv/read/key_table.hpp"

#include <cstdint>
#include <limits>
#include <string_view>

namespace natskv {

class AsOf {
 public:
  static constexpr auto all = std::numeric_limits<std::uint64_t>::max();
  static constexpr Instant latest{std::numeric_limits<std::int64_t>::max()};

  struct Stream {
    std::uint64_t upto = all;  ///< the revision
    Instant until = latest;    ///< the time, inclusive
    std::int64_t history = 0;  ///< how many revisions of each key are kept; 0 or less: all
    bool expires = false;      ///< keys may have expired completely
    bool gaps = false;         ///< a revision may be missing between two kept ones of its key
  };
  enum class State : std::uint8_t { present, deleted, absent, uncertain };
  /// Why a key is uncertain: what removed the decisive revision.
  enum class Why : std::uint8_t { none, limit, purged, expired, gap };
  struct Verdict {
    State state = State::absent;
    Why why = Why::none;
    std::uint64_t revision = 0;  ///< present, deleted: its entry; uncertain: the oldest that is kept, or 0
  };

  /// `expected`: how many keys are likely to come.
  explicit AsOf(const Stream& stream, std::uint64_t expected = 0) : stream_(stream), keys_(expected) {}

  /// To be called for every revision that the stream keeps, in order. `selected`: the key was asked for.
  void add(const Entry& entry, bool selected = true);
  /// Everything was added: the functions below can be called. `last`: the stream's last revision when that
  /// began; `complete`: it has every revision it ever had.
  void finish(std::uint64_t last, bool complete);
  /// The last revision that counts, whether it is kept or not.
  [[nodiscard]] std::uint64_t upto() const { return stream_.upto; }

  [[nodiscard]] Verdict of(std::string_view key) const { return judge(keys_.find(key)); }
  /// Whether any revision of the key is kept.
  [[nodiscard]] bool keeps(std::string_view key) const { return keys_.find(key) != nullptr; }
  /// Whether this revision, a value or a marker, is what its key had then.
  [[nodiscard]] bool held(const Entry& entry) const;
  /// Of the selected keys.
  [[nodiscard]] std::uint64_t present() const { return present_; }
  [[nodiscard]] std::uint64_t deleted() const { return deleted_; }
  [[nodiscard]] std::uint64_t uncertain() const { return uncertain_; }
  /// The first revision that is held(), if there is one.
  [[nodiscard]] std::uint64_t first_held() const { return first_held_; }
  /// Whether there may have been keys of which nothing is kept, so that they cannot be named.
  [[nodiscard]] bool nameless() const { return hole_ > 0 && (stream_.expires || stream_.gaps); }
  /// The last removed revision that belongs to no kept key (compact, purge --all); 0: none.
  [[nodiscard]] std::uint64_t unexplained() const { return hole_ > explained_ ? hole_ : 0; }

 private:
  struct Known {
    std::uint64_t oldest : 54 = 0;
    std::uint64_t count : 8 = 0;  // kept revisions; stops at most_counted
    std::uint64_t rollup : 1 = 0;
    std::uint64_t selected : 1 = 0;
    std::uint64_t held : 63 = 0;  // the last up to the revision; 0: none
    std::uint64_t marker : 1 = 0;
  };
  static constexpr std::uint64_t most_counted = 255, most_revision = (std::uint64_t{1} << 54U) - 1;

  [[nodiscard]] Verdict judge(const Known* known) const;
  [[nodiscard]] bool at_limit(const Known& known) const;

  Stream stream_;
  KeyTable<Known> keys_;
  std::uint64_t last_ = 0;       // that was added, up to the revision
  std::uint64_t hole_ = 0;       // the last up to the revision that is not kept; 0: all are
  std::uint64_t explained_ = 0;  // missing ones below this may be of keys that are known
  std::uint64_t present_ = 0, deleted_ = 0, uncertain_ = 0;
  std::uint64_t first_held_ = all;
};

}  // namespace natskv
