#include "commands/shared/pinned_listing.hpp"

#include "base/failure.hpp"
#include "commands/shared/key_buffer.hpp"
#include "kv/bucket.hpp"
#include "kv/read/listing.hpp"
#include "kv/read/seen.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace natskv::commands {
namespace {

std::string created(Session& session, const std::string& bucket) {
  return Bucket(session, bucket).info().value("created", std::string());
}

}  // namespace

PinnedListing::PinnedListing(Session& session, std::string bucket, std::vector<Pattern> patterns,
                             Selects selects, Use later)
    : session_(session),
      bucket_(std::move(bucket)),
      patterns_(std::move(patterns)),
      selects_(std::move(selects)),
      later_(std::move(later)) {}

void PinnedListing::read(bool slow, const std::function<void(const Entry&, Listing&)>& use,
                         const Use& later) {
  Listing entries(session_, bucket_, {.patterns = patterns_, .values = false, .slow = slow});
  if (!upto_) {
    upto_ = entries.last_revision();
    now_ = entries.server_time();
  }
  Seen named;  // a key that was listed and is then written again is named by its own conflict
  while (const Entry* entry = entries.next()) {
    if (!selects_(*entry, now_)) continue;
    const bool first = named.insert(entry->key);
    if (entry->revision <= *upto_)
      use(*entry, entries);
    else if (first && later)
      later(*entry);
  }
}

std::uint64_t PinnedListing::count() {
  created_ = created(session_, bucket_);
  names_ = {};
  read(true, [this](const Entry& entry, Listing&) { names_.add(entry.key); }, {});
  return names_.count();
}

std::string PinnedListing::names() const {
  return names_.count() == 0 ? "" : fmt::format(" ({})", names_.text());
}

void PinnedListing::require_same_bucket() {
  if (created_.empty() || created(session_, bucket_) == created_) return;
  throw Failure(Exit::conflict, fmt::format("bucket \"{}\" was recreated meanwhile; its keys stay", bucket_),
                {}, {bucket_});
}

void PinnedListing::for_each(const Use& use) {
  require_same_bucket();
  read(
      true, [&](const Entry& entry, Listing&) { use(entry); }, later_);
}

void PinnedListing::for_each_apart(const UseKey& use, const std::function<void()>& settle) {
  require_same_bucket();
  KeyBuffer keys;
  read(
      false,
      [&](const Entry& entry, Listing& entries) {
        keys.add(entry);
        if (!keys.full()) return;
        entries.let_go();
        keys.take(use);
        settle();
      },
      later_);
  keys.take(use);
  settle();
}

}  // namespace natskv::commands
