// import --prune and cp --prune: deleting keys that the source does not hold.
#pragma once

#include "app/natskv.hpp"
#include "base/pattern.hpp"
#include "kv/seen.hpp"
#include "kv/watch.hpp"
#include "kv/writer.hpp"

#include <functional>
#include <string>
#include <vector>

namespace natskv::commands {

struct Prune {
  Session& session;
  std::string bucket;
  std::vector<Pattern> patterns = {};

  /// Each live key that is none of `kept`, as it was when the listing started.
  void each(const Seen& kept, const std::function<void(const Entry&)>& absent) const;
  [[nodiscard]] std::uint64_t count(const Seen& kept) const;
  /// SPEC rule 3: asks, naming how many would go; refuses where nobody can be asked. nullptr: how many is not
  /// known yet, so only the refusal.
  void confirm(Natskv& natskv, const Seen* kept, bool forced) const;
  /// A delete marker for each, on the condition that the key still is at the revision that was listed.
  void run(const Seen& kept, Writer& writer) const;
  /// Lists them on stdout; returns how many.
  std::uint64_t list(Natskv& natskv, const Seen& kept) const;
};

}  // namespace natskv::commands
