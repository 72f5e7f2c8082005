// import --prune and cp --prune: deleting keys that the source does not hold.
#pragma once

#include "app/natskv.hpp"
#include "base/pattern.hpp"
#include "kv/read/seen.hpp"
#include "kv/read/watch.hpp"
#include "kv/write/writer.hpp"

#include <functional>
#include <string>
#include <vector>

namespace natskv::commands {

struct Prune {
  Session& session;
  std::string bucket;
  std::vector<Pattern> patterns = {};
  std::uint64_t upto = 0;  ///< the bucket's last revision when it was first listed

  using Use = std::function<void(const Entry&)>;
  /// Each live key that is none of `kept`, as it was when the bucket was first listed; `later`: those that
  /// were written behind that.
  void each(const Seen& kept, const Use& absent, const Use& later);
  [[nodiscard]] std::uint64_t count(const Seen& kept);
  /// SPEC rule 3: asks, naming how many would go; refuses where nobody can be asked. nullptr: how many is not
  /// known yet, so only the refusal.
  void confirm(Natskv& natskv, const Seen* kept, bool forced);
  /// A delete marker for each, on the condition that the key still is at the revision that was listed; those
  /// that were written meanwhile stay, and are conflicts.
  void run(const Seen& kept, Writer& writer, const std::function<void(const Failure&)>& conflicts);
  /// Lists them on stdout; returns how many.
  std::uint64_t list(Natskv& natskv, const Seen& kept);
};

}  // namespace natskv::commands
