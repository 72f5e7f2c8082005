#include "commands/keys/key_removal.hpp"

#include "base/number_of.hpp"
#include "base/parse.hpp"
#include "base/text.hpp"
#include "commands/keys/write.hpp"
#include "commands/shared/answer.hpp"
#include "commands/shared/keys.hpp"
#include "commands/shared/writes.hpp"
#include "kv/explain.hpp"
#include "kv/read/get_many.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

namespace natskv::commands {
namespace {

std::string without_marker(const std::string& bucket, const std::string& why, std::uint64_t count) {
  return fmt::format("bucket \"{}\": {}; {} key{} purged without a marker", bucket, why, count,
                     count == 1 ? " was" : "s were");
}

// A mirror's origin is full: a purge without a marker here would not purge it there.
Failure at_origin(const Failure& failure, const std::string& origin) {
  // Not common() to all keys: each has a hint of its own.
  return {failure.exit(), failure.what(),
          fmt::format("natskv purge {} {} purges it at its origin, without a marker", origin,
                      failure.about().key),
          failure.about()};
}

}  // namespace

void KeyRemoval::declare(Declaration& a) {
  const bool purge = operation_ == Operation::purge;
  a.bucket(bucket_);
  a.take(
      {.name = "KEY", .kind = Kind::pattern, .help = "keys, or PATTERNs", .required = !purge, .many = true},
      words_);
  a.take({"--if-revision", Kind::revision, "only if the key is at this revision (one KEY)"}, expected_);
  a.take({"--older-than", Kind::duration, "only keys whose last write is older than this"}, older_than_);
  a.flag("--must-exist", must_exist_, "a missing key is an error (status 3)");
  a.flag("--dry-run", dry_, "only list what would be deleted");
  a.flag("--literal", literal_, "take * and > in KEY literally");
  a.flag("-f,--force", force_, "do not ask");
}

bool KeyRemoval::listing() const { return older_than_ || any_wild(patterns_); }

void KeyRemoval::check() {
  patterns_ = parse::patterns(words_, literal_);
  if (expected_ && (patterns_.size() != 1 || listing())) throw usage("--if-revision takes one KEY");
}

int KeyRemoval::run(Invocation& natskv) {
  if (dry_) return list(natskv);
  if (listing() || patterns_.size() > 1) return many(natskv);
  return one(natskv);
}

int KeyRemoval::one(Invocation& natskv) {
  (void)natskv.format(Style::write());
  auto bucket = natskv.bucket(bucket_);
  const std::string& key = patterns_[0].text;
  // A key that other clients wrote gets a marker only if there is something to delete.
  if (must_exist_ || !parse::is_key(key)) {
    const auto found = bucket.entry(key, {}, must_exist_ || text::valid_utf8(key));
    if (!found || found->entry.marker()) {
      if (must_exist_) throw no_key(bucket_, key);
      const std::uint64_t revision = found ? found->entry.revision : 0;
      if (expected_ && *expected_ != revision)
        throw conflict({.bucket = bucket_, .key = key, .revision = *expected_}, revision);
      natskv.note(fmt::format("key \"{}\" not found in bucket \"{}\": nothing to do", key, bucket_));
      return 0;
    }
    if (!expected_) expected_ = found->entry.revision;
  }
  return print(natskv, mark(bucket, natskv));
}

Written KeyRemoval::mark(Bucket& bucket, Invocation& natskv) {
  const std::string& key = patterns_[0].text;
  try {
    return bucket.mark(key, operation_, {.revision = expected_, .ttl = ttl_});
  } catch (const Failure& failure) {
    // Servers since about 2.10 refuse a marker if there is no room; then the key is purged without one.
    if (operation_ != Operation::purge || !no_room(failure)) throw;
    if (bucket.place().mirror) throw at_origin(failure, bucket.place().origin);
    const auto found = bucket.entry_of_leader(key);
    if (!found) throw;
    if (expected_ && found->entry.revision != *expected_) {
      throw conflict({.bucket = bucket_, .key = key, .revision = *expected_}, found->entry.revision);
    }
    bucket.erase(key, found->entry.revision);
    natskv.note(without_marker(bucket_, failure.common(), 1));
    return {bucket_, key, 0, operation_};
  }
}

// Decides by a key's latest entry. Notes which of the keys that were named besides patterns exist.
bool KeyRemoval::selects(const Entry& entry, Instant now) {
  if (entry.marker()) return false;
  if (const auto at = missing_.find(entry.key); at != missing_.end()) missing_.erase(at);
  return !older_than_ || entry.created.ns < now.ns - older_than_->ns;
}

void KeyRemoval::pin(Invocation& natskv) {
  for (const auto& pattern : patterns_) {
    if (!pattern.wild) missing_.insert(pattern.text);
  }
  listing_.emplace(
      natskv.session(), bucket_, patterns_,
      [this](const Entry& entry, Instant now) { return selects(entry, now); },
      [this, &natskv](const Entry& entry) {
        const auto failure = written_meanwhile(bucket_, entry.key, entry.revision);
        tally_.add(failure);
        natskv.report(failure);
      });
}

// Keys that were named one by one: each is read.
void KeyRemoval::each_key(Invocation& natskv, const std::vector<std::string>& keys, const Use& use) {
  auto bucket = natskv.bucket(bucket_);
  GetMany gets(bucket, must_exist_);
  for (const auto& key : keys) gets.want(key);
  while (gets.more()) {
    const std::string key = gets.key();
    const auto found = gets.next();
    if (found && !found->entry.marker())
      use(found->entry);
    else if (must_exist_)
      natskv.report(no_key(bucket_, key));
  }
}

void KeyRemoval::report_missing(Invocation& natskv) {
  if (!must_exist_) return;
  for (const auto& key : missing_) natskv.report(no_key(bucket_, key));
}

std::vector<std::string> KeyRemoval::distinct() const {
  std::vector<std::string> keys;
  std::set<std::string_view> seen;
  for (const auto& pattern : patterns_) {
    if (seen.insert(pattern.text).second) keys.push_back(pattern.text);
  }
  return keys;
}

int KeyRemoval::list(Invocation& natskv) {
  auto rows = natskv.rows(fields::keys(false), Style::list());
  const auto show = [&](const Entry& entry) { rows(entry); };
  if (listing()) {
    pin(natskv);
    listing_->for_each(show);
    report_missing(natskv);
  } else {
    each_key(natskv, distinct(), show);
  }
  natskv.finish(rows, no_keys(bucket_, words_));
  return natskv.status();
}

int KeyRemoval::many(Invocation& natskv) {
  Style style = Style::write();
  style.layout.shape = Shape::list;
  (void)natskv.format(style);
  tally_.bucket = bucket_;
  if (!agreed(natskv)) {
    report_missing(natskv);
    say_done(natskv, true);
    return natskv.status();
  }
  std::optional<Rows<Written>> rows;
  // For a pattern JSON is the summary.
  const bool answers = answer_wanted(natskv) && !(listing() && natskv.json());
  if (answers) rows.emplace(natskv.rows(fields::written(), style));
  auto bucket = natskv.bucket(bucket_);
  if (ttl_) bucket.require_ttl(*ttl_);
  const std::string what = (operation_ == Operation::purge ? "purge " : "del ") + bucket_;
  const auto total = listing() ? listed_ : patterns_.size();
  auto progress = answers ? natskv.progress_beside(natskv.out(), what, total) : natskv.progress(what, total);
  std::uint64_t number = 0, erased = 0;
  std::string why;  // there is no room for markers
  Unmarked unmarked;
  Writes writes(natskv, bucket, [&](const WriteResult& settled, Failures& failures) {
    const bool full = settled.failure && operation_ == Operation::purge && no_room(*settled.failure);
    if (full && !settled.erased && !bucket.place().mirror) {
      why = settled.failure->common();
      unmarked.emplace_back(settled.key, settled.expected);
      return;
    }
    tally_.add(settled);
    if (settled.failure)
      return failures.add(full && bucket.place().mirror ? at_origin(*settled.failure, bucket.place().origin)
                                                        : *settled.failure);
    progress.tick(tally_.deleted);
    if (settled.erased) ++erased;
    if (rows) (*rows)({bucket_, settled.key, settled.erased ? 0 : settled.revision, operation_});
  });
  const Push push = [&](std::string key, std::optional<std::uint64_t> revision) {
    writes.push(number++,
                {.key = std::move(key), .operation = operation_, .expected = revision, .ttl = ttl_});
    if (unmarked.size() >= 100) without_markers(bucket, writes, unmarked);
  };
  bool whole = false;
  const auto work = [&] {
    each_to_mark(natskv, writes, push);
    writes.finish();
    while (!unmarked.empty()) {
      without_markers(bucket, writes, unmarked);
      writes.finish();
    }
    if (rows) rows->finish();
    whole = true;
  };
  writes.run(work, [&] {
    if (erased > 0) natskv.note(without_marker(bucket_, why, erased));
    if (whole ? listing() : tally_.deleted > 0 || natskv.stop()) say_done(natskv, whole);
  });
  return natskv.status();
}

// False: there is nothing to delete.
bool KeyRemoval::agreed(Invocation& natskv) {
  if (!listing()) return true;
  const bool purging = operation_ == Operation::purge;
  natskv.require_consent(force_, fmt::format("{} by pattern or age from bucket \"{}\"",
                                             purging ? "purging" : "deleting", bucket_));
  pin(natskv);
  if (force_) return true;
  listed_ = listing_->count();
  if (listed_ == 0) return false;
  natskv.confirm(fmt::format("{} {} of {}{}?", purging ? "Purge" : "Delete", number_of(listed_, "key"),
                             Invocation::named(natskv.session(), bucket_), listing_->names()));
  return true;
}

void KeyRemoval::say_done(Invocation& natskv, bool whole) const {
  const bool none = whole && listing() && tally_.deleted == 0 && tally_.clean();
  const std::string text = none ? no_keys(bucket_, words_)
                                : fmt::format("{} {}", operation_ == Operation::purge ? "purged" : "deleted",
                                              number_of(tally_.deleted, "key"));
  if (listing()) return say_summary(natskv, tally_, text);
  natskv.note(text);
}

// What was listed is removed at the listed revision. Keys that were named one by one get a marker whether
// they exist or not, like a single key, unless natskv does not write keys with such names.
void KeyRemoval::each_to_mark(Invocation& natskv, Writes& writes, const Push& push) {
  const Use listed = [&](const Entry& entry) { push(std::string(entry.key), entry.revision); };
  if (listing()) {
    if (operation_ == Operation::purge) {
      listing_->for_each_apart(
          [&](std::string key, std::uint64_t revision, Operation) { push(std::move(key), revision); },
          [&] { writes.finish(); });
    } else {
      listing_->for_each(listed);
    }
    return report_missing(natskv);
  }
  if (must_exist_) return each_key(natskv, distinct(), listed);
  std::vector<std::string> foreign;
  for (const auto& key : distinct()) {
    if (parse::is_key(key))
      push(key, std::nullopt);
    else
      foreign.push_back(key);
  }
  if (!foreign.empty()) each_key(natskv, foreign, listed);
}

// The bucket is full: these are purged without a marker, which would not fit.
void KeyRemoval::without_markers(Bucket& bucket, Writes& writes, Unmarked& unmarked) const {
  std::uint64_t number = 0;
  for (auto& [key, revision] : std::exchange(unmarked, {})) {  // a push may add more
    if (revision == 0) {
      const auto found = bucket.entry_of_leader(key);
      if (!found) continue;
      revision = found->entry.revision;
    }
    writes.push(number++,
                {.key = std::move(key), .operation = operation_, .erase = true, .expected = revision});
  }
}

}  // namespace natskv::commands
