// How put, update, edit-value and revert store: with a time to live, or what is left of one; dropping the
// history; only if something changes.
#pragma once

#include "app/invocation.hpp"
#include "cli/declaration.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::commands {

class StoreOptions {
 public:
  /// --ttl, --keep-ttl, --drop-history and --if-changed.
  void declare(Declaration& arguments);
  /// Only --keep-ttl and --drop-history, for commands that store an existing value.
  void declare_kept(Declaration& arguments);
  /// Failure(usage).
  void check() const;
  /// Stores the value, on the condition `expected` if given (0: only if there is no value). Warns if this
  /// ends a time to live.
  Written store(Invocation& natskv, Bucket& bucket, const std::string& key, std::string_view value,
                std::optional<std::uint64_t> expected) const;

 private:
  Written store_plainly(Bucket& bucket, const std::string& key, std::string_view value,
                        std::optional<std::uint64_t> expected) const;
  Written store_keeping(Invocation& natskv, Bucket& bucket, const std::string& key, std::string_view value,
                        std::optional<std::uint64_t> expected) const;

  std::optional<Span> ttl_;
  bool keep_ttl_ = false, drop_history_ = false, if_changed_ = false;
};

/// Where the bucket keeps a history, the older value would come back when the new one expires: why this write
/// over `latest` is refused without `drop_history`. nullopt: it is not.
std::optional<Failure> older_would_return(Bucket& bucket, const std::string& key,
                                          const std::optional<OwnedEntry>& latest,
                                          const Condition& condition);

/// Makes it a write that keeps the entry's time to live, the whole of it. Headers that the bucket does not
/// heed (it has no per-key TTL) count for nothing.
void keep_ttl(Bucket& bucket, const Entry& entry, Condition& condition);

/// Stores with a time to live, if no older value would return; with `drop_history` the key's older revisions
/// go with the same write. Without `expected` a lost race is run again.
Written store_expiring(Bucket& bucket, const std::string& key, std::string_view value, Condition condition);

/// "0" means that the key must have no value.
std::uint64_t expected_revision(const std::string& word, std::string_view what);

}  // namespace natskv::commands
