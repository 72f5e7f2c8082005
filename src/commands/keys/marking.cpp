#include "commands/keys/marking.hpp"

#include "base/parse.hpp"
#include "base/text.hpp"
#include "commands/keys/write.hpp"
#include "commands/keys/writing.hpp"
#include "commands/shared/batch.hpp"
#include "commands/shared/keys.hpp"
#include "kv/explain.hpp"
#include "kv/read/multiget.hpp"
#include "kv/read/seen.hpp"
#include "kv/read/watch.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace natskv::commands {
namespace {

// The server refuses a marker in a full bucket since 2.10 or so; then the key goes without one (purge only).
bool full(const Failure& failure) {
  return std::string_view(failure.what()).find("the bucket is full") != std::string_view::npos;
}

// A mirror's origin is full: what went here without a marker would not go there.
Failure at_origin(const Failure& failure, const std::string& origin) {
  return {failure.exit(), failure.what(),
          fmt::format("natskv purge {} {} purges it at its origin, without a marker", origin,
                      failure.about().key),
          failure.about()};
}

bool writable(const std::string& key) {
  try {
    return !parse::key(key).empty();
  } catch (const Failure&) {
    return false;
  }
}

}  // namespace

void Marking::declare(Arguments& a) {
  const bool purge = operation_ == Operation::purge;
  a.bucket(bucket_);
  a.take(
      {.name = "KEY", .kind = Kind::pattern, .help = "keys, or PATTERNs", .required = !purge, .many = true},
      words_);
  a.take({.name = "--if-revision",
          .kind = Kind::revision,
          .help = "only if the key is at this revision (one KEY)"},
         expected_);
  a.take({.name = "--older-than", .kind = Kind::duration, .help = "only keys last written longer ago"},
         older_than_);
  a.flag("--must-exist", must_exist_, "a key that is missing is an error (status 3)");
  a.flag("--dry-run", dry_, "list what would go, change nothing");
  a.flag("--literal", literal_, "take * and > in KEY as they stand");
  a.flag("-f,--force", force_, "do not ask");
}

bool Marking::listing() const {
  return older_than_ ||
         std::any_of(patterns_.begin(), patterns_.end(), [](const Pattern& p) { return p.wild; });
}

void Marking::check() {
  patterns_ = parse::patterns(words_, literal_);
  if (expected_ && (patterns_.size() != 1 || listing())) throw usage("--if-revision takes one KEY");
}

int Marking::run(Natskv& natskv) {
  if (dry_) return list(natskv);
  if (listing() || patterns_.size() > 1) return many(natskv);
  return one(natskv);
}

int Marking::one(Natskv& natskv) {
  (void)natskv.format(Style::write());
  auto bucket = natskv.bucket(bucket_);
  const std::string& key = patterns_[0].text;
  // A key that other clients wrote gets a marker only where there is something to mark.
  if (must_exist_ || !writable(key)) {
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

Written Marking::mark(Bucket& bucket, Natskv& natskv) {
  const std::string& key = patterns_[0].text;
  try {
    return bucket.mark(key, operation_, {.revision = expected_, .ttl = ttl_});
  } catch (const Failure& failure) {
    if (operation_ != Operation::purge || !full(failure)) throw;
    if (bucket.place().mirror) throw at_origin(failure, bucket.place().origin);
    const auto found = bucket.entry(key, {}, true);
    if (!found) throw;
    if (expected_ && found->entry.revision != *expected_) {
      throw conflict({.bucket = bucket_, .key = key, .revision = *expected_}, found->entry.revision);
    }
    bucket.erase(key, found->entry.revision);
    natskv.note(fmt::format("bucket \"{}\" is full: 1 key was purged without a marker", bucket_));
    return {bucket_, key, 0, operation_};
  }
}

bool Marking::old_enough(const Entry& entry, Instant now) const {
  return !older_than_ || entry.created.ns < now.ns - older_than_->ns;
}

// Each live key that the words mean, as it was when the listing started: what is written behind that is
// another's.
// `entry_of` has the listing too, where there is one.
template <class Each>
void Marking::each(Natskv& natskv, Each&& entry_of) {
  if (!listing()) return each_key(natskv, entry_of);
  const bool slow = operation_ != Operation::purge || dry_;  // purges wait until a batch was read
  EntryStream entries(natskv.session(), bucket_, {.patterns = patterns_, .values = false, .slow = slow});
  // What was shown with the question is what goes: the second listing may not reach further than the first.
  if (listed_upto_ == 0) listed_upto_ = entries.last_revision();
  std::set<std::string, std::less<>> missing;
  for (const auto& pattern : patterns_) {
    if (!pattern.wild) missing.insert(pattern.text);
  }
  Seen named;  // a key that was listed and is then written again is named by its own conflict
  while (const Entry* entry = entries.next_current()) {
    if (entry->marker()) continue;
    if (const auto at = missing.find(entry->key); at != missing.end()) missing.erase(at);
    if (!old_enough(*entry, entries.server_time())) continue;
    const bool first = named.insert(entry->key);
    if (entry->revision <= listed_upto_) {
      entry_of(*entry, &entries);
    } else if (first) {
      natskv.report(written_meanwhile(bucket_, entry->key, entry->revision));
    }
  }
  if (!must_exist_) return;
  for (const auto& key : missing) natskv.report(no_key(bucket_, key));
}

// Keys named one by one: each is asked for.
template <class Each>
void Marking::each_key(Natskv& natskv, Each&& entry_of) {
  auto bucket = natskv.bucket(bucket_);
  MultiGet gets(bucket, must_exist_);
  for (const auto& key : distinct()) gets.want(key);
  while (gets.more()) {
    const std::string key = gets.key();
    const auto found = gets.next();
    if (found && !found->entry.marker())
      entry_of(found->entry, nullptr);
    else if (must_exist_)
      natskv.report(no_key(bucket_, key));
  }
}

std::vector<std::string> Marking::distinct() const {
  std::vector<std::string> keys;
  std::set<std::string_view> seen;
  for (const auto& pattern : patterns_) {
    if (seen.insert(pattern.text).second) keys.push_back(pattern.text);
  }
  return keys;
}

int Marking::list(Natskv& natskv) {
  auto rows = natskv.rows(fields::keys(false), Style::list());
  each(natskv, [&](const Entry& entry, EntryStream*) { rows(entry); });
  natskv.finish(rows, no_keys(bucket_, words_));
  return natskv.status();
}

std::uint64_t Marking::count(Natskv& natskv) {
  std::uint64_t number = 0;
  each(natskv, [&](const Entry&, EntryStream*) { ++number; });
  return number;
}

int Marking::many(Natskv& natskv) {
  Style style = Style::write();
  style.layout.shape = Shape::list;
  (void)natskv.format(style);
  if (!agreed(natskv)) {
    note_done(natskv, 0);
    return natskv.status();
  }
  auto rows = natskv.rows(fields::written(), style);
  auto bucket = natskv.bucket(bucket_);
  if (ttl_) bucket.require_ttl(*ttl_);
  natskv.session().keep_after_violation();
  const bool answers = answer_wanted(natskv);
  const std::string what = (operation_ == Operation::purge ? "purge " : "del ") + bucket_;
  const std::uint64_t total = listing() ? listed_ : patterns_.size();
  auto progress = answers ? natskv.progress_beside(natskv.out(), what, total) : natskv.progress(what, total);
  std::uint64_t done = 0, unmarked = 0, number = 0;
  Refused refused;
  Writer writer(bucket, [&](const Settled& settled) {
    if (settled.failure && operation_ == Operation::purge && !settled.erased && full(*settled.failure)) {
      if (bucket.place().mirror) return natskv.report(at_origin(*settled.failure, bucket.place().origin));
      refused.emplace_back(settled.key, settled.expected);
      return;
    }
    if (settled.failure) return natskv.report(*settled.failure);
    ++done;
    progress.tick(done);
    if (settled.erased) ++unmarked;
    if (answers) rows({bucket_, settled.key, settled.erased ? 0 : settled.revision, operation_});
  });
  const auto push = [&](std::string key, std::optional<std::uint64_t> revision) {
    writer.push(number++,
                {.key = std::move(key), .operation = operation_, .expected = revision, .ttl = ttl_});
    if (refused.size() >= 100) without_markers(bucket, writer, refused, number);
  };
  bool whole = false;
  const auto work = [&] {
    each_to_mark(natskv, writer, push);
    writer.finish();
    while (!refused.empty()) {
      without_markers(bucket, writer, refused, number);
      writer.finish();
    }
    rows.finish();
    whole = true;
  };
  write_all(writer, work, [&] {
    if (unmarked > 0) {
      natskv.note(fmt::format("bucket \"{}\" is full: {} key{} purged without a marker", bucket_, unmarked,
                              unmarked == 1 ? " was" : "s were"));
    }
    if (whole ? listing() : done > 0 || natskv.stop()) note_done(natskv, done);
  });
  return natskv.status();
}

// SPEC rule 3. false: there is nothing to ask about.
bool Marking::agreed(Natskv& natskv) {
  if (!listing() || force_) return true;
  const bool purging = operation_ == Operation::purge;
  if (!natskv.interactive()) {
    natskv.confirm(
        {}, false,
        fmt::format("{} by pattern or age from bucket \"{}\"", purging ? "purging" : "deleting", bucket_));
  }
  listed_ = count(natskv);
  if (listed_ == 0) return false;
  natskv.confirm(fmt::format("{} {} key{} of bucket \"{}\"?", purging ? "Purge" : "Delete", listed_,
                             listed_ == 1 ? "" : "s", bucket_),
                 false, {});
  return true;
}

void Marking::note_done(Natskv& natskv, std::uint64_t count) const {
  natskv.note(fmt::format("{} {} key{}", operation_ == Operation::purge ? "purged" : "deleted", count,
                          count == 1 ? "" : "s"));
}

// What was listed goes at the revision that was listed. Keys named one by one get a marker whether they are
// there or not, as one key does, unless a name is none that natskv writes.
template <class Push>
void Marking::each_to_mark(Natskv& natskv, Writer& writer, Push&& push) {
  if (operation_ == Operation::purge && listing()) {
    Batch batch;
    const auto purge = [&](std::string key, std::uint64_t revision, Operation) {
      push(std::move(key), revision);
    };
    each(natskv, [&](const Entry& entry, EntryStream* entries) {
      batch.add(entry);
      if (!batch.full() || entries == nullptr) return;
      entries->let_go();
      batch.take(purge);
      writer.finish();
    });
    return batch.take(purge);
  }
  const auto listed = [&](const Entry& entry, EntryStream*) { push(std::string(entry.key), entry.revision); };
  if (listing() || must_exist_) return each(natskv, listed);
  std::vector<Pattern> foreign;
  for (const auto& key : distinct()) {
    if (writable(key))
      push(key, std::nullopt);
    else
      foreign.push_back({key, false});
  }
  patterns_ = std::move(foreign);
  if (!patterns_.empty()) each(natskv, listed);
}

// The bucket is full: these go without a marker, which would not fit.
void Marking::without_markers(Bucket& bucket, Writer& writer, Refused& refused, std::uint64_t& number) const {
  for (auto& [key, revision] : std::exchange(refused, {})) {  // a push may bring more of them
    if (revision == 0) {
      const auto found = bucket.entry(key, {}, true);
      if (!found) continue;
      revision = found->entry.revision;
    }
    writer.push(number++,
                {.key = std::move(key), .operation = operation_, .erase = true, .expected = revision});
  }
}

}  // namespace natskv::commands
