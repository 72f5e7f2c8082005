// How put, update, edit-value and revert store: with a time to live, or what is left of one; over the
// history; only where something changes.
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
  void declare(Arguments& arguments);
  /// --keep-ttl and --drop-history only: what is stored was a value before.
  void declare_kept(Arguments& arguments);
  /// Failure(usage).
  void check() const;
  /// Stores the value, at `expected` where that is given (0: only where there is no value). Warns where a
  /// time to live ends with it.
  Written store(Invocation& natskv, Bucket& bucket, const std::string& key, std::string_view value,
                std::optional<std::uint64_t> expected) const;

 private:
  Written store_keeping(Invocation& natskv, Bucket& bucket, const std::string& key, std::string_view value,
                        std::optional<std::uint64_t> expected) const;

  std::optional<Span> ttl_;
  bool keep_ttl_ = false, drop_history_ = false, if_changed_ = false;
};

/// Stores with a time to live. Where the bucket keeps a history, the older value would come back when this
/// one expires: without `drop_history` that is Failure(failure), with it the key's older revisions go with
/// the same write. Without `expected` a lost race is run again.
Written store_expiring(Bucket& bucket, const std::string& key, std::string_view value, Condition condition);

/// "0" means that the key must have no value.
std::uint64_t expected_revision(const std::string& word, std::string_view what);

}  // namespace natskv::commands
