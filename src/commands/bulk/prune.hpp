// import --prune and cp --prune: deletes keys that the source does not have.
#pragma once

#include "app/invocation.hpp"
#include "base/pattern.hpp"
#include "commands/shared/pinned_listing.hpp"
#include "kv/read/seen.hpp"

#include <string>
#include <vector>

namespace natskv::commands {

class Prune {
 public:
  using Use = PinnedListing::Use;
  Prune(Session& session, std::string bucket, std::vector<Pattern> patterns);

  /// Asks, naming what would be deleted. `kept`: the source's keys.
  void confirm(Invocation& natskv, const Seen& kept);
  /// Calls `use` for each live key that is not among `kept`, as it was when the bucket was first listed, and
  /// `later` for those that were written since, which stay.
  void each(const Seen& kept, const Use& use, const Use& later = {});

 private:
  Session& session_;
  std::string bucket_;
  const Seen* kept_ = nullptr;
  Use later_;
  PinnedListing listing_;
};

}  // namespace natskv::commands
