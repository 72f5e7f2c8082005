// Only what was shown with the question is removed. The keys are listed once for the question
// and again to act on them; only ten names are kept in between.
#pragma once

#include "base/pattern.hpp"
#include "commands/shared/some_names.hpp"
#include "kv/entry.hpp"
#include "kv/session.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace natskv {
class Listing;
}

namespace natskv::commands {

class PinnedListing {
 public:
  /// Whether to remove a key, by its latest entry. `now`: the server's time when the keys were first listed.
  using Selects = std::function<bool(const Entry&, Instant now)>;
  using Use = std::function<void(const Entry&)>;
  using UseKey = std::function<void(std::string key, std::uint64_t revision, Operation)>;

  /// `later` is called once for each key that was written after the first listing and would be selected: it
  /// stays.
  PinnedListing(Session& session, std::string bucket, std::vector<Pattern> patterns, Selects selects,
                Use later = {});

  /// Lists the keys and returns how many are selected. Later calls are about this listing.
  std::uint64_t count();
  /// The first ten of them, " (a, b and 3 more)", or "".
  [[nodiscard]] std::string names() const;
  /// Each selected key. Failure(conflict) if the bucket was recreated since count().
  void for_each(const Use& use);
  /// The same for purges (KeyBuffer): passes keys on only while no listing is open. `settle` waits for what
  /// was started, before the next keys are listed.
  void for_each_apart(const UseKey& use, const std::function<void()>& settle);

 private:
  void read(bool slow, const std::function<void(const Entry&, Listing&)>& use, const Use& later);
  void require_same_bucket();

  Session& session_;
  std::string bucket_;
  std::vector<Pattern> patterns_;
  Selects selects_;
  Use later_;
  std::optional<std::uint64_t> upto_;  // the bucket's last revision when it was first listed
  Instant now_;
  std::string created_;  // when the bucket was created, if there was a question
  SomeNames names_;
};

}  // namespace natskv::commands
