// del and purge: markers for keys, and for what a PATTERN matches.
#pragma once

#include "app/invocation.hpp"
#include "base/pattern.hpp"
#include "cli/verb.hpp"
#include "commands/shared/pinned_listing.hpp"
#include "commands/shared/tally.hpp"
#include "kv/write/writer.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace natskv::commands {

class Writes;

/// The options and the work that del and purge share.
class KeyRemoval {
 public:
  explicit KeyRemoval(Operation operation) : operation_(operation) {}

  void declare(Declaration& arguments);
  void check();
  int run(Invocation& natskv);

  [[nodiscard]] bool without_keys() const { return words_.empty(); }
  [[nodiscard]] const std::string& bucket() const { return bucket_; }
  [[nodiscard]] bool conditional() const { return expected_ || older_than_ || must_exist_; }
  [[nodiscard]] bool forced() const { return force_; }
  [[nodiscard]] bool dry() const { return dry_; }
  void ttl(std::optional<Span> ttl) { ttl_ = ttl; }

 private:
  using Use = std::function<void(const Entry&)>;
  using Push = std::function<void(std::string key, std::optional<std::uint64_t> revision)>;
  /// Keys for whose markers a full bucket has no room, each with its revision.
  using Unmarked = std::vector<std::pair<std::string, std::uint64_t>>;

  int one(Invocation& natskv);
  Written mark(Bucket& bucket, Invocation& natskv);
  int list(Invocation& natskv);
  int many(Invocation& natskv);
  void pin(Invocation& natskv);
  [[nodiscard]] bool selects(const Entry& entry, Instant now);
  [[nodiscard]] bool agreed(Invocation& natskv);
  void say_done(Invocation& natskv, bool whole) const;
  void each_to_mark(Invocation& natskv, Writes& writes, const Push& push);
  void without_markers(Bucket& bucket, Writes& writes, Unmarked& unmarked) const;
  void each_key(Invocation& natskv, const std::vector<std::string>& keys, const Use& use);
  void report_missing(Invocation& natskv);
  [[nodiscard]] std::vector<std::string> distinct() const;
  [[nodiscard]] bool listing() const;

  Operation operation_;
  std::string bucket_;
  std::vector<std::string> words_;
  std::vector<Pattern> patterns_;
  std::optional<std::uint64_t> expected_;
  std::optional<Span> older_than_, ttl_;
  bool force_ = false, dry_ = false, must_exist_ = false, literal_ = false;

  std::optional<PinnedListing> listing_;
  std::set<std::string, std::less<>> missing_;  // keys that were named besides patterns and not listed yet
  std::uint64_t listed_ = 0;                    // how many keys the question was about
  Tally tally_{.bucket = {}, .puts = false};
};

}  // namespace natskv::commands
