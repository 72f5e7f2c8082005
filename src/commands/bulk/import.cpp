// import: stores JSON Lines in a bucket.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/bulk/atomic.hpp"
#include "commands/bulk/folder.hpp"
#include "commands/bulk/line_source.hpp"
#include "commands/bulk/target.hpp"
#include "commands/bulk/transfer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace natskv::commands {
namespace {

constexpr nats::Requests::Limits window{.messages = 2000, .bytes = std::size_t{8} << 20U};

class Import final : public Action {
  std::string bucket_;
  std::optional<std::string> file_, dir_;
  std::vector<std::string> prune_words_;
  std::vector<Pattern> prune_patterns_;
  bool create_ = false, update_ = false, skip_unchanged_ = false, dry_run_ = false, keep_going_ = false,
       ignore_ttl_ = false, check_ = false, prune_ = false, allow_empty_ = false, force_ = false,
       atomic_ = false, dots_ = false, drop_history_ = false;
  LineSource* lines_ = nullptr;   // if the input is lines, not files
  Transfer* transfer_ = nullptr;  // while it runs

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.take({"-F,--file", Kind::file, "read this file; - is standard input"}, file_);
    a.take({"--dir", Kind::directory, "read the files of this folder, one key each"}, dir_);
    a.flag("--dots", dots_, "with --dir: read / in paths as . in keys");
    a.flag("--create", create_, "write only keys that have no value");
    a.flag("--update", update_, "write only keys that are still at their line's revision");
    a.flag("--skip-unchanged", skip_unchanged_, "do not write a key that already has its line's value");
    a.flag("--atomic", atomic_, "write everything in one step, or nothing");
    a.flag("--dry-run", dry_run_, "change nothing; list what would be done with each key");
    a.flag("--keep-going", keep_going_, "continue after a line that is invalid or cannot be written");
    a.flag("--ignore-ttl", ignore_ttl_, "write values without their time to live");
    a.flag("--drop-history", drop_history_, "remove a key's older revisions with the write of its line");
    a.flag("--check", check_, "check all lines of a pipe before the first is written");
    a.flag("--prune", prune_, "then delete the keys that are not in the input");
    a.take({.name = "--prune-pattern",
            .kind = Kind::pattern,
            .help = "like --prune, but only for keys that match this PATTERN",
            .many = true},
           prune_words_);
    a.flag("--allow-empty", allow_empty_, "prune even if the input is empty");
    a.flag("-f,--force", force_, "prune without asking");
    a.excludes("--create", "--update");
    a.excludes("--prune", "--prune-pattern");
    a.excludes("--file", "--dir");
    a.excludes("--atomic", "--keep-going");
    a.excludes("--dir", "--update");
  }

  void check() override {
    prune_patterns_ = parse::patterns(prune_words_, std::nullopt);
    prune_ = prune_ || !prune_words_.empty();
    if (allow_empty_ && !prune_) throw usage("--allow-empty belongs to --prune");
    if (dots_ && !dir_) throw usage("--dots belongs to --dir");
    if (file_ && file_->empty()) throw usage("--file: the name is empty");
  }

  int run(Invocation& natskv) override {
    natskv.take_turns();
    (void)natskv.format(Style::list());
    const auto source = open(natskv);
    natskv.require_consent(!prune_ || force_ || dry_run_, fmt::format("pruning bucket \"{}\"", bucket_));
    Session& session = natskv.session();
    session.keep_reconnecting();
    const auto max_payload = session.max_payload();
    session.lift_deadline();  // the program that writes the input may take its time
    bound(*source, max_payload);
    auto bucket = natskv.bucket(bucket_);
    const ServerClock clock(bucket.info());
    if (atomic_) require_atomic(bucket);
    Rules rules = rules_for(bucket);
    std::optional<Snapshot> there;
    if (skip_unchanged_ || dry_run_) there = snapshot(session, bucket_, {}, skip_unchanged_);
    Prune prune(session, bucket_, prune_patterns_);
    if (atomic_) {
      AtomicTransfer batch(natskv, bucket, *source, rules, there ? &*there : nullptr, clock.now());
      batch.plan();
      if (!dry_run_) return send_atomic(natskv, batch, *source, prune);
    }
    rules.decide = dry_run_;
    Planner planner(std::move(rules), there ? &*there : nullptr);
    Transfer work(natskv, bucket, *source, planner, [&] { return clock.now(); },
                  {.keep_going = keep_going_,
                   .patient = true,
                   .window = window,
                   .progress = "import " + bucket_,
                   .allow_empty = !prune_ || allow_empty_});
    transfer_ = &work;
    if (rereadable()) work.check();
    if (asks()) ask(natskv, *source, prune);
    try {
      if (dry_run_)
        work.list(prune_ ? &prune : nullptr);
      else
        work.run(prune_ ? &prune : nullptr);
    } catch (...) {
      transfer_ = nullptr;
      say_summary(natskv, work.tally(), dry_run_);
      throw;
    }
    transfer_ = nullptr;
    if (atomic_ && work.tally().put + work.tally().deleted > AtomicBatch::max_writes) throw too_many_writes();
    Tally tally = work.tally();
    if (atomic_ && !tally.clean()) {
      tally.put = tally.deleted = 0;
      natskv.warn("none of this would be stored, because not all of it could be");
    }
    say_summary(natskv, tally, dry_run_);
    return natskv.status();
  }

  Rules rules_for(Bucket& bucket) const {
    Rules rules{.bucket = bucket_,
                .create = create_,
                .update = update_,
                .skip_unchanged = skip_unchanged_,
                .ignore_ttl = ignore_ttl_,
                .atomic = atomic_,
                .ttl_hint = "--ignore-ttl writes the value without it"};
    take_limits(bucket, rules);
    rules.keeps_history = bucket.keeps_history();
    rules.drop_history = drop_history_;
    return rules;
  }

  [[nodiscard]] bool asks() const { return prune_ && !force_ && !dry_run_; }

  std::unique_ptr<Source> open(Invocation& natskv) {
    if (dir_) return std::make_unique<FolderSource>(natskv, *dir_, Paths{.dots = dots_});
    auto lines = std::make_unique<LineSource>(natskv, file_.value_or("-"), [this] {
      if (transfer_ != nullptr) transfer_->poll();
    });
    lines_ = lines.get();
    return lines;
  }

  /// Limits the length of a line or file. A pipe that must be read twice is spooled.
  void bound(Source& source, std::uint64_t max_payload) const {
    if (lines_ == nullptr) return static_cast<FolderSource&>(source).max_payload(max_payload);
    lines_->max_payload(max_payload);
    if (!lines_->regular() && (check_ || asks() || dry_run_ || atomic_)) lines_->spool();
  }

  [[nodiscard]] bool rereadable() const { return lines_ == nullptr || lines_->regular(); }

  int send_atomic(Invocation& natskv, AtomicTransfer& batch, Source& source, Prune& prune) {
    if (prune_ && batch.items() == 0 && !allow_empty_) throw empty_input(source);
    if (asks()) prune.confirm(natskv, batch.keys());
    try {
      if (prune_) batch.prune(prune);
      batch.run();
    } catch (...) {
      say_summary(natskv, batch.tally());
      throw;
    }
    const auto unchecked = batch.unchecked();
    say_summary(natskv, batch.tally(),
                fmt::format("bucket \"{}\": {}{}{}", bucket_, batch.tally().text(),
                            unchecked.empty() ? "" : "; ", unchecked));
    return natskv.status();
  }

  static void ask(Invocation& natskv, Source& source, Prune& prune) {
    Seen keys;
    while (const Item* item = source.next()) {
      if (!item->wrong) keys.insert(item->key);  // otherwise nothing is pruned
    }
    source.rewind();
    prune.confirm(natskv, keys);
  }
};

}  // namespace

const Verb import_{
    .name = "import",
    .group = Group::bulk,
    .summary = "Store JSON Lines in a bucket",
    .description =
        R"(Each line is an object with key and value, or value_base64 for any bytes; operation DEL or PURGE writes that
marker. export writes such lines. revision and created are ignored, except with --update. A line with if_revision is
written only if the key's latest revision is that one (0: if it has no value). A line with ttl_seconds gets what is
left of that time since created; a line whose time is over is not written. In a bucket with a history above 1 such a
line needs --drop-history over an existing value: otherwise the older value would come back when it expires. The option
removes the key's older revisions with the same write. Unknown members are ignored, with one
warning. If a key comes several times, the last line wins. Keys that other clients wrote are written unchanged.

A regular file is read twice, first checked and then sent: a bad line (status 2) means that nothing was written. A pipe
stops at the bad line; --check first reads it to its end. A conflict does not stop the other lines; any other failure
does, except with --keep-going.

--skip-unchanged and --dry-run list the bucket first; a key is unchanged if its latest revision has the same operation
and the same value, whatever its time to live. --prune deletes keys that are not in the input, after every line was
written, and each only at the revision that was listed; on a terminal it asks, elsewhere it needs --force. If the
program that writes the input dies at the end of a line, that looks like the end of the input: use pipefail, or a file.

With --dir each file below the folder is a key, its path the key's name and its bytes the value; names that begin with
"." are ignored, and links are not followed. --dots reads conf/app/name as conf.app.name.

--atomic writes the whole input, including the deletes of --prune, in one step (nats-server 2.12 or newer, natskv edit
--atomic): all of it is stored, or nothing. Each key may come only once, and there can be at most 1,000 writes. A line
with operation CHECK and if_revision is only a condition; it is sent with a write that has no condition of its own, so
there must be enough of those. A key that --skip-unchanged leaves out is checked too, if a write can carry that
condition. A conflict anywhere is 4, and nothing is stored. If the answer is lost, the batch's id on the last key tells
whether it was stored; if that cannot be read, the status is 7.

After a lost connection import continues: each line whose answer was lost is compared with the latest revision of its
key. If that has the line's value, it was written; if the key is unchanged, the line is sent again on that condition;
otherwise it is a conflict, though the line may have been stored before the other write. If a proxy holds back the
first attempt and delivers it later, it is stored then, after newer writes. The summary names the first line that was
not acknowledged, if there is one; the same file can be imported again. Ctrl-C waits for what is in flight.)",
    .output =
        R"(None, or with --dry-run a record for each key: key, action (put, unchanged, delete or conflict) and reason. The
summary goes to standard error; with JSON it is an object on standard output (put, unchanged, deleted, conflicts,
failed, unknown, first_unacknowledged) or, with --dry-run, {"summary":…} on standard error.)",
    .examples =
        R"(# Restore a backup:
$ natskv import config --file config.jsonl
# One key from another program:
$ jq -cn '{key: "app.port", value: "8080"}' | natskv import config
# What a folder with a file for each key would change:
$ natskv import config --dir conf --skip-unchanged --prune --dry-run
greeting	unchanged	has this value at revision 2
app.port	delete	not in "conf"
)",
    .make = make_action<Import>,
};

}  // namespace natskv::commands
