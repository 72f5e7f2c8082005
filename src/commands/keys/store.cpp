#include "commands/keys/store.hpp"

#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/text.hpp"
#include "commands/keys/write.hpp"
#include "kv/explain.hpp"
#include "kv/write/write.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>

namespace natskv::commands {
namespace {

constexpr unsigned most_tries = 20;

void let_others_write(unsigned tries) { std::this_thread::sleep_for(std::chrono::milliseconds(5 * tries)); }

bool expires(const std::optional<OwnedEntry>& found) {
  return found && !found->entry.marker() && (found->entry.ttl.ns > 0 || found->entry.never_expires);
}

/// The key's latest entry, for a warning: nothing if the user may not read it.
std::optional<OwnedEntry> latest_where_allowed(Bucket& bucket, const std::string& key) {
  std::optional<OwnedEntry> found;
  bucket.session().where_allowed([&] { found = bucket.entry(key); });
  return found;
}

void warn_of_end(Invocation& natskv, Bucket& bucket, const OwnedEntry& before) {
  const Entry& entry = before.entry;
  const bool limited = bucket.written_config().value("max_age", std::int64_t{0}) > 0;
  const std::string had =
      entry.never_expires ? "was to live forever" : "had a time to live of " + text::human_span(entry.ttl);
  natskv.warn(fmt::format("key \"{}\" in bucket \"{}\" {}; now it lives {}; --keep-ttl keeps it", entry.key,
                          bucket.name(), had, limited ? "as long as the bucket's values do" : "forever"));
}

}  // namespace

void StoreOptions::declare(Declaration& a) {
  a.take({"--ttl", Kind::duration, "the key expires after this time (whole seconds, at least 1s)"}, ttl_);
  declare_kept(a);
  a.flag("--if-changed", if_changed_, "write nothing if the key already has this value");
  a.excludes("--ttl", "--keep-ttl");
}

void StoreOptions::declare_kept(Declaration& a) {
  a.flag("--keep-ttl", keep_ttl_, "keep what is left of the key's time to live");
  a.flag("--drop-history", drop_history_, "remove the key's older revisions with the same write");
}

void StoreOptions::check() const { check_ttl(ttl_); }

Written StoreOptions::store(Invocation& natskv, Bucket& bucket, const std::string& key,
                            std::string_view value, std::optional<std::uint64_t> expected) const {
  if (if_changed_) {
    const auto latest = bucket.entry_of_leader(key);
    if (latest && !latest->entry.marker() && latest->entry.value.data == value)
      return {bucket.name(), key, latest->entry.revision, Operation::put};
  }
  if (expected == std::uint64_t{0}) return bucket.create(key, value, ttl_);
  if (ttl_)
    return store_expiring(bucket, key, value,
                          {.revision = expected, .ttl = ttl_, .drop_history = drop_history_});
  if (bucket.written_config().value("allow_msg_ttl", false))
    return store_keeping(natskv, bucket, key, value, expected);
  return store_plainly(bucket, key, value, expected);
}

Written StoreOptions::store_plainly(Bucket& bucket, const std::string& key, std::string_view value,
                                    std::optional<std::uint64_t> expected) const {
  if (drop_history_) return bucket.store(key, value, {.revision = expected, .drop_history = true});
  return expected ? bucket.update(key, value, *expected) : bucket.put(key, value);
}

Written StoreOptions::store_keeping(Invocation& natskv, Bucket& bucket, const std::string& key,
                                    std::string_view value, std::optional<std::uint64_t> expected) const {
  for (unsigned tries = 1;; ++tries) {
    const auto before = keep_ttl_ ? bucket.latest(key) : latest_where_allowed(bucket, key);
    if (!keep_ttl_ || !expires(before)) {
      const Written written = store_plainly(bucket, key, value, expected);
      if (expires(before)) warn_of_end(natskv, bucket, *before);
      return written;
    }
    Condition condition{.revision = expected.value_or(before->entry.revision),
                        .never_expires = before->entry.never_expires,
                        .drop_history = drop_history_};
    if (!before->entry.never_expires) condition.ttl = bucket.left_of(before->entry);
    try {
      return store_expiring(bucket, key, value, condition);
    } catch (const Failure& failure) {
      if (expected || failure.exit() != Exit::conflict || tries == most_tries) throw;
    }
    let_others_write(tries);
  }
}

std::optional<Failure> older_would_return(Bucket& bucket, const std::string& key,
                                          const std::optional<OwnedEntry>& latest,
                                          const Condition& condition) {
  if (!condition.ttl || condition.drop_history || !latest || latest->entry.marker() ||
      !bucket.keeps_history())
    return std::nullopt;
  return natskv::older_would_return(bucket.name(), key, latest->entry.revision);
}

void keep_ttl(Bucket& bucket, const Entry& entry, Condition& condition) {
  if (!bucket.written_config().value("allow_msg_ttl", false)) return;
  if (entry.ttl.ns > 0) condition.ttl = entry.ttl;
  condition.never_expires = entry.never_expires;
}

Written store_expiring(Bucket& bucket, const std::string& key, std::string_view value, Condition condition) {
  if (condition.ttl) bucket.require_ttl(*condition.ttl);
  const bool keeps = bucket.keeps_history();
  const bool asks = keeps && condition.ttl && !condition.drop_history;
  if (!keeps) condition.drop_history = false;  // there is none, and a full bucket refuses the roll-up
  const auto given = condition.revision;
  for (unsigned tries = 1;; ++tries) {
    if (asks) {
      const auto latest = bucket.entry_of_leader(key);
      const auto refused = older_would_return(bucket, key, latest, condition);
      if (refused && (!given || *given == latest->entry.revision)) throw Failure(*refused);
      if (!given) condition.revision = latest ? latest->entry.revision : 0;
    }
    try {
      return bucket.store(key, value, condition);
    } catch (const Failure& failure) {
      if (!asks || given || failure.exit() != Exit::conflict || tries == most_tries) throw;
    }
    let_others_write(tries);
  }
}

std::uint64_t expected_revision(const std::string& word, std::string_view what) {
  return word == "0" ? 0 : parse::revision(word, what);
}

}  // namespace natskv::commands
