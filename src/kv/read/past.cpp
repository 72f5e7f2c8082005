#include "kv/read/past.hpp"

#include "base/text.hpp"
#include "kv/bucket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace natskv {
namespace {

bool lacks_revisions(const StreamState& stream) { return stream.messages < stream.last; }

Instant created(const StreamState& stream) { return text::from_rfc3339(stream.created).value_or(Instant{}); }

// Keys that are older than the bucket's TTL have disappeared.
bool expires(const StreamState& stream, Instant now) {
  return stream.key_ttl || (stream.ttl.ns > 0 && now.ns - stream.ttl.ns > created(stream).ns);
}

// With one revision per key, a value that expires has replaced the previous one. A mirror may have missed
// some.
bool has_gaps(const StreamState& stream) { return stream.mirror || (stream.key_ttl && stream.history != 1); }

}  // namespace

Past::Past(Session& session, std::string bucket, std::vector<Pattern> patterns, Moment moment)
    : session_(session),
      bucket_(std::move(bucket)),
      patterns_(std::move(patterns)),
      moment_(moment),
      stream_(look()),
      keys_({}) {
  const auto waiting =
      session_.notices().waiting(fmt::format("reading the history of bucket \"{}\" …", bucket_));
  // The revisions of the other keys tell whether a missing one may belong to a key.
  const bool whole = patterns_.empty() || (any_wild(patterns_) && lacks_revisions(stream_));
  read(whole);
  if (!whole && doubtful()) read(true);
}

StreamState Past::look() { return read_stream_state(bucket_, Bucket(session_, bucket_).info()); }

ReadOptions Past::history() const {
  return {.patterns = patterns_, .history = true, .values = false, .most_waiting = std::size_t{24} << 20U};
}

AsOf Past::start(const Listing& entries, std::uint64_t expected) {
  const Instant now = entries.server_time();
  AsOf::Stream stream{
      .history = stream_.history, .expires = expires(stream_, now), .gaps = has_gaps(stream_)};
  if (const auto* ago = std::get_if<Ago>(&moment_)) moment_ = Instant{now.ns - ago->span.ns};
  if (const auto* time = std::get_if<Instant>(&moment_)) {
    shown_ = text::rfc3339(*time);
    if (*time > now)
      throw usage(fmt::format("{} is in the future: the server's clock says {}", shown_, text::rfc3339(now)));
    // A mirror's entries are older than the mirror.
    if (*time < created(stream_) && !stream_.mirror)
      throw Failure(Exit::not_found,
                    fmt::format("bucket \"{}\" was created after {}, at {}", bucket_, shown_,
                                text::rfc3339(created(stream_))),
                    {}, {bucket_});
    stream.until = *time;
  } else {
    stream.upto = std::get<std::uint64_t>(moment_);
    shown_ = fmt::format("revision {}", stream.upto);
    if (stream.upto > stream_.last)
      throw Failure(
          Exit::not_found,
          fmt::format("bucket \"{}\" has no revision {}: its last is {}", bucket_, stream.upto, stream_.last),
          {}, {bucket_, {}, stream.upto});
  }
  return AsOf(stream, expected);
}

void Past::read(bool whole) {
  auto options = history();
  if (whole) options.patterns.clear();
  Listing entries(session_, bucket_, std::move(options));
  require_same(entries);
  keys_ = start(entries, whole || any_wild(patterns_) ? stream_.keys : patterns_.size());
  while (const Entry* entry = entries.next()) keys_.add(*entry, !whole || any_selects(patterns_, entry->key));
  // What is complete now was always complete.
  keys_.finish(entries.last_revision(), !lacks_revisions(look()));
}

bool Past::doubtful() const {
  if (any_wild(patterns_)) return keys_.uncertain() > 0;
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [this](const Pattern& key) { return is_doubtful(key.text); });
}

Failure Past::missing(const std::string& key) const {
  const auto fail = [&](std::string_view what, const std::string& why) {
    return Failure(Exit::not_found,
                   fmt::format("key \"{}\" of bucket \"{}\" {} at {}{}", key, bucket_, what, shown_, why), {},
                   {bucket_, key, keys_.upto()});
  };
  const auto verdict = keys_.of(key);
  if (verdict.state == AsOf::State::absent) {
    const auto removed = keys_.unexplained();
    if (removed == 0) return fail("did not exist", "");
    return fail("is uncertain",
                fmt::format(": revisions up to {} were removed with nothing left of their keys (compact, "
                            "purge --all)",
                            removed));
  }
  if (verdict.state == AsOf::State::deleted)
    return fail("had no value", fmt::format(": revision {} deleted it", verdict.revision));
  switch (verdict.why) {
    case AsOf::Why::limit:
      return fail(
          "is uncertain",
          fmt::format(": the bucket keeps {} of each key, and its oldest is {}",
                      stream_.history == 1 ? "one revision" : fmt::format("{} revisions", stream_.history),
                      verdict.revision));
    case AsOf::Why::purged:
      return fail("is uncertain", fmt::format(": revision {} removed those before it", verdict.revision));
    case AsOf::Why::gap:
      return fail("is uncertain", stream_.mirror ? ": a mirror may have missed revisions, ask its origin"
                                                 : ": a later value may have expired");
    default:
      return fail("is uncertain", ": a value may have expired");
  }
}

std::vector<std::string> Past::uncertain_names(std::size_t most) {
  std::vector<std::string> names;
  const auto is_asked_for = [this](std::string_view key) {
    return std::any_of(patterns_.begin(), patterns_.end(),
                       [key](const Pattern& pattern) { return !pattern.wild && pattern.text == key; });
  };
  Listing entries(session_, bucket_, history());
  require_same(entries);
  while (const Entry* entry = entries.next()) {
    if (!is_uncertain(entry->key) || is_asked_for(entry->key)) continue;
    if (std::find(names.begin(), names.end(), entry->key) != names.end()) continue;
    names.emplace_back(entry->key);
    if (names.size() == most) break;
  }
  return names;
}

void Past::require_same(const Listing& entries) const {
  natskv::require_same(bucket_, {.created = stream_.created, .revision = stream_.last}, entries.stream());
}

namespace {

ReadOptions of_then(ReadOptions options, const Past* past) {
  if (past == nullptr) return options;
  options.history = true;
  options.deltas = false;
  const AsOf& keys = past->keys();
  if (keys.present() + keys.deleted() > 0) options.after = keys.first_held() - 1;
  return options;
}

}  // namespace

Entries::Entries(Session& session, std::string bucket, ReadOptions options, const Past* past)
    : bucket_(std::move(bucket)), past_(past), listing_(session, bucket_, of_then(std::move(options), past)) {
  if (past_ == nullptr) return;
  past_->require_same(listing_);
  left_ = past_->keys().present() + past_->keys().deleted();
}

const Entry* Entries::next() {
  if (past_ == nullptr) return listing_.next();
  while (left_ > 0) {
    const Entry* read = listing_.next();
    if (read == nullptr || read->revision > past_->keys().upto())
      throw Failure(
          Exit::failure,
          fmt::format("bucket \"{}\": {} of its entries at {} {} dropped while they were being read", bucket_,
                      left_, past_->shown(), left_ == 1 ? "was" : "were"),
          "run the command again", {bucket_});
    if (!past_->keys().held(*read)) continue;
    --left_;
    entry_ = *read;
    entry_.delta.reset();  // how many revisions follow is meaningless for an entry of the past
    return &entry_;
  }
  return nullptr;
}

}  // namespace natskv
