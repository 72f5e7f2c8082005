// diff: which keys of two buckets, or of a bucket and files, differ.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/bulk/bucket_source.hpp"
#include "commands/bulk/folder.hpp"
#include "commands/bulk/last_items.hpp"
#include "commands/bulk/line_source.hpp"
#include "commands/shared/at_option.hpp"
#include "kv/bucket.hpp"
#include "kv/read/seen.hpp"
#include "kv/read/snapshot.hpp"
#include "views/difference.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {
namespace {

class Diff final : public Action {
  std::string a_;
  std::optional<std::string> b_, word_, context_, file_, dir_;
  std::vector<Pattern> patterns_;
  bool literal_ = false, values_ = false, dots_ = false;
  AtOption at_;
  std::unique_ptr<Past> past_;  // with --at, of BUCKET_A
  std::uint64_t added_ = 0, removed_ = 0, changed_ = 0;

  void declare(Declaration& a) override {
    a.bucket(a_, "BUCKET_A");
    // Checked below: with --file and --dir this word is PATTERN.
    a.add({"BUCKET_B", Kind::bucket, "the other bucket"}, [this](const std::string& word) { b_ = word; });
    a.take({"PATTERN", Kind::pattern, "only these keys"}, word_);
    a.take(
        {"-F,--file", Kind::file, "compare with these JSON Lines instead of BUCKET_B; - is standard input"},
        file_);
    a.take({"--dir", Kind::directory, "compare with the files of this folder"}, dir_);
    a.flag("--dots", dots_, "with --dir: read / in paths as . in keys");
    a.flag("--values", values_, "show both values, too");
    a.take({"--to-context", Kind::context, "BUCKET_B is on the server of this context"}, context_);
    a.flag("--literal", literal_, "take * and > in PATTERN literally");
    a.excludes("--file", "--dir");
    at_.declare(a);
  }

  void check() override {
    at_.check();
    if (dots_ && !dir_) throw usage("--dots belongs to --dir");
    if (file_ || dir_) {
      const std::string given = file_ ? "--file" : "--dir";
      if (word_) throw usage(given + " replaces BUCKET_B: give one BUCKET and at most one PATTERN");
      if (context_) throw usage(given + " and --to-context exclude each other");
      word_ = b_;
    } else {
      if (!b_) throw usage("BUCKET_B is missing (or --file or --dir)");
      b_ = parse::bucket(*b_, "BUCKET_B");
    }
    if (word_) patterns_ = {parse::pattern(*word_, literal_)};
  }

  int run(Invocation& natskv) override {
    natskv.watch_reader();
    natskv.take_turns();
    try {
      auto rows = natskv.rows(fields::difference(values_), Style::list());
      const auto second = other(natskv);  // errors in a file are found before connecting
      if (!open_past(natskv)) return natskv.status();
      compare(natskv, *second, rows);
      natskv.out().flush();
    } catch (const Failure& failure) {
      // 1 is "they differ".
      if (failure.exit() != Exit::failure) throw;
      throw failure.ending_with(Exit::usage);
    } catch (const nats::Error& error) {
      throw Failure(Exit::usage, error.what());
    } catch (const std::bad_alloc&) {
      throw Failure(Exit::usage, "out of memory");
    }
    say(natskv);
    if (natskv.status() != 0) return natskv.status();
    return added_ + removed_ + changed_ > 0 ? 1 : 0;
  }

  void say(Invocation& natskv) const {
    if (natskv.json()) {
      return natskv.write_stderr(fmt::format(
          "{{\"summary\":{{\"added\":{},\"removed\":{},\"changed\":{}}}}}\n", added_, removed_, changed_));
    }
    std::string text;
    for (const auto& [number, word] :
         {std::pair(added_, "added"), {removed_, "removed"}, {changed_, "changed"}}) {
      if (number > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, word);
    }
    natskv.note(text.empty() ? "no differences" : text);
  }

  [[nodiscard]] std::string place(Session& session) const {
    return context_ ? Invocation::place(session) : "";
  }

  [[nodiscard]] BucketSource::Options reading(Session& session, bool values) const {
    return {.patterns = patterns_, .values = values, .required = false, .place = place(session)};
  }

  std::unique_ptr<Source> other(Invocation& natskv) const {
    if (file_) {
      auto lines = std::make_unique<LineSource>(natskv, *file_);
      lines->max_payload(natskv.session().max_payload());
      if (!lines->regular()) lines->spool();
      return lines;
    }
    if (dir_) return std::make_unique<FolderSource>(natskv, *dir_, Paths{.dots = dots_});
    Session& session = context_ ? natskv.session(*context_) : natskv.session();
    auto options = reading(session, true);
    options.idle = [&natskv] { natskv.out().flush(); };
    return std::make_unique<BucketSource>(session, *b_, std::move(options));
  }

  // Whether there is something to compare.
  bool open_past(Invocation& natskv) {
    if (!at_.given()) return true;
    past_ = naming_server(place(natskv.session()), [&] { return at_.open(natskv.session(), a_, patterns_); });
    return at_.report_uncertain(natskv, *past_, patterns_, Exit::usage);
  }

  void compare(Invocation& natskv, Source& second, Rows<Difference>& rows) {
    Snapshot first;
    const auto keys = read(natskv, first);
    auto bucket = natskv.bucket(a_);
    LastItems last(second);
    Seen added;
    std::uint64_t met = 0, count = 0;
    auto progress = natskv.progress_beside(natskv.out(), "diff " + second.shown(), 0);
    while (const Item* item = second.next()) {
      progress.tick(++count);
      if (item->wrong) throw Failure(*item->wrong);
      if (item->operation != Operation::put || item->check || !any_selects(patterns_, item->key) ||
          !last.counts(*item))
        continue;
      if (past_ && past_->is_uncertain(item->key)) continue;
      const auto* known = first.find(item->key);
      const bool there = known != nullptr && Snapshot::live(*known);
      // A key that is written meanwhile comes a second time, but is shown once.
      if (there ? Snapshot::met(*known) : !added.insert(item->key)) continue;
      const auto revision = there ? Snapshot::revision(*known) : 0;
      if (there) {
        ++met;
        const bool same = first.holds(*known, Operation::put, item->value);
        first.meet(item->key);
        if (same) continue;
      }
      ++(there ? changed_ : added_);
      Difference difference{there ? "changed" : "added", item->key, revision, item->revision.value_or(0)};
      std::optional<OwnedEntry> old;
      if (values_) {
        if (there) old = bucket.entry(std::string(item->key), revision);
        if (old) difference.value_a = old->entry.value;
        difference.value_b = Bytes{item->value};
      }
      rows(difference);
    }
    if (met < keys) removed(natskv, first, rows);
    rows.finish();
  }

  // Keeps only hashes; returns how many keys are live.
  std::uint64_t read(Invocation& natskv, Snapshot& snapshot) const {
    auto options = reading(natskv.session(), true);
    options.markers = true;  // a key may be deleted while it is read
    options.past = past_.get();
    BucketSource source(natskv.session(), a_, std::move(options));
    snapshot = Snapshot(source.total());
    auto progress = natskv.progress("diff " + a_, source.total());
    std::uint64_t live = 0, count = 0;
    while (const Item* item = source.next()) {
      progress.tick(++count);
      const auto* before = snapshot.find(item->key);
      if (before != nullptr && Snapshot::live(*before)) --live;
      snapshot.set(entry_of(*item));
      if (item->operation == Operation::put) ++live;
    }
    return live;
  }

  // Their names were not kept: they are read again.
  void removed(Invocation& natskv, Snapshot& first, Rows<Difference>& rows) {
    auto options = reading(natskv.session(), values_);
    options.past = past_.get();
    options.idle = [&natskv] { natskv.out().flush(); };
    BucketSource source(natskv.session(), a_, std::move(options));
    while (const Item* item = source.next()) {
      const auto* known = first.find(item->key);
      if (known == nullptr || !Snapshot::live(*known) || !first.meet(item->key)) continue;
      Difference difference{"removed", item->key, item->revision.value_or(0), 0};
      if (values_) difference.value_a = Bytes{item->value};
      rows(difference);
      ++removed_;
    }
  }
};

}  // namespace

const Verb diff{
    .name = "diff",
    .group = Group::bulk,
    .summary = "Compare the keys of two buckets, or of a bucket and files",
    .description =
        R"(A key that is only in BUCKET_B is added, one that is only in BUCKET_A is removed, and one with different values
is changed; deleted keys count as absent. Columns: change, key, revision in A, revision in B. Added and changed keys
come first, in the order of B. Standard error says how many there are of each.

With --file the lines of an export replace BUCKET_B (a key's last line counts), with --dir the files of a folder, read
as by import --dir. With --at BUCKET_A is compared as it was then (natskv export --help has the rules); if keys are
uncertain nothing is compared and the status is 2, or --partial leaves those keys out.

Status 0 means the same, 1 different; what would be 1 elsewhere is 2. Both sides are read as streams; only hashes of
keys and values are kept, and --values requests the old value of each key that changed.)",
    .output =
        R"(The columns change (added, removed, changed), key, revision_a, revision_b, and with --values value_a and value_b.
JSON: an array of objects with these; the counts are {"summary":…} on standard error.)",
    .statuses = {{"0", "the same."},
                 {"1", "different."},
                 {"2", "the command line is wrong, or what would be 1 elsewhere."}},
    .examples =
        R"(# What differs between two buckets:
$ natskv diff config staging
changed	greeting	1	2
# In a script: status 0 means the same, 1 different.
$ natskv diff config staging --quiet > /dev/null || echo status $?
status 1
# What an import of this file would change, with both values:
$ natskv diff config --file backup.jsonl --values
changed	greeting	1	2	hello	hi
# With config as it was after its revision 1 (-2h: two hours ago):
$ natskv diff config staging --at 1
changed	greeting	1	2
)",
    .make = make_action<Diff>,
};

}  // namespace natskv::commands
