// cp: copies a bucket's values into another bucket.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/bulk/bucket_source.hpp"
#include "commands/bulk/target.hpp"
#include "commands/bulk/transfer.hpp"
#include "kv/admin/buckets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

namespace natskv::commands {
namespace {

class Cp final : public Action {
  std::string from_, to_;
  std::optional<std::string> word_, context_;
  std::vector<Pattern> patterns_;
  bool literal_ = false, create_ = false, skip_unchanged_ = false, history_ = false, create_bucket_ = false,
       prune_ = false, dry_run_ = false, force_ = false;

  void declare(Declaration& a) override {
    a.bucket(from_, "SRC");
    a.bucket(to_, "DST");
    a.take({"PATTERN", Kind::pattern, "only these keys"}, word_);
    a.flag("--create", create_, "write only keys that DST does not have");
    a.flag("--skip-unchanged", skip_unchanged_, "do not write a key that already has SRC's value");
    a.flag("--history", history_, "every kept revision, including delete and purge markers");
    a.flag("--create-bucket", create_bucket_, "create DST with SRC's settings if it does not exist");
    a.flag("--prune", prune_, "then delete the keys of DST that SRC does not have");
    a.flag("--dry-run", dry_run_, "change nothing; list what would be done with each key");
    a.take({"--to-context", Kind::context, "DST is on the server of this context"}, context_);
    a.flag("--literal", literal_, "take * and > in PATTERN literally");
    a.flag("-f,--force", force_, "prune without asking");
    a.excludes("--history", "--create");
    a.excludes("--history", "--skip-unchanged");
  }

  void check() override {
    if (word_) patterns_ = {parse::pattern(*word_, literal_)};
    if (from_ == to_ && !context_) throw usage("SRC and DST are the same bucket");
  }

  int run(Invocation& natskv) override {
    natskv.take_turns();
    (void)natskv.format(Style::list());
    if (prune_) natskv.require_consent(force_ || dry_run_, fmt::format("pruning bucket \"{}\"", to_));
    Session& source = natskv.session();
    Session& target = context_ ? natskv.session(*context_) : source;
    // A dry run is about keys, not about their revisions.
    BucketSource entries(source, from_,
                         {.patterns = patterns_,
                          .history = history_ && !dry_run_,
                          .markers = history_,
                          .place = place(source)});
    Prune prune(target, to_, patterns_);
    Bucket bucket(target, to_);
    const bool exists = naming_server(place(target), [&] { return prepare(natskv, source, target); });
    if (prune_ && !force_ && !dry_run_) ask(natskv, entries, target, prune);
    Rules rules{.bucket = to_,
                .create = create_,
                .skip_unchanged = skip_unchanged_,
                .decide = dry_run_,
                .ttl_hint = fmt::format("natskv edit {} --marker-ttl 1h enables it", to_)};
    std::optional<Snapshot> there;
    naming_server(place(target), [&] {
      if (exists) take_limits(bucket, rules);
      if (!exists)
        there.emplace();
      else if (skip_unchanged_ || dry_run_)
        there = snapshot(target, to_, patterns_, skip_unchanged_);
    });
    if (!exists) rules.ttl_allowed = true;
    Planner planner(std::move(rules), there ? &*there : nullptr);
    Transfer work(
        natskv, bucket, entries, planner, [&] { return entries.now(); },
        {.keep_going = true, .progress = "cp " + from_, .total = entries.total(), .place = place(target)});
    Prune* const pruning = prune_ && exists ? &prune : nullptr;
    try {
      if (dry_run_)
        work.list(pruning);
      else
        work.run(pruning);
    } catch (...) {
      say(natskv, target, work.tally());
      throw;
    }
    say(natskv, target, work.tally());
    return natskv.status();
  }

  void say(Invocation& natskv, Session& target, const Tally& tally) const {
    const auto bucket = context_ ? Invocation::named(target, to_) : fmt::format("bucket \"{}\"", to_);
    say_summary(natskv, tally, fmt::format("{}: {}", bucket, tally.text()), dry_run_);
  }

  /// Which of two servers a failure is about; "" if there is only one.
  [[nodiscard]] std::string place(Session& session) const {
    return context_ ? Invocation::place(session) : "";
  }

  /// Returns whether DST exists; creates it if that was asked for.
  bool prepare(Invocation& natskv, Session& source, Session& target) const {
    if (!create_bucket_ || find_bucket(target, to_)) return true;
    const auto wanted = config_like(to_, read_bucket(source, from_).at("config"), context_.has_value());
    if (dry_run_) return false;
    const auto answer = create_bucket(target, to_, wanted);
    if (const auto names = not_kept(wanted, answer.at("config")); !names.empty()) {
      throw Failure(
          Exit::failure,
          fmt::format("bucket \"{}\" was created, but the server ignored these settings of \"{}\": {}", to_,
                      from_, fmt::join(names, ", ")),
          fmt::format("without --create-bucket, cp copies the values anyway"), {to_});
    }
    natskv.note(fmt::format("created bucket \"{}\"", to_));
    return true;
  }

  void ask(Invocation& natskv, BucketSource& entries, Session& target, Prune& prune) const {
    Seen keys;
    while (const Item* item = entries.next()) {
      if (item->operation == Operation::put) keys.insert(item->key);
    }
    entries.rewind();
    naming_server(place(target), [&] { prune.confirm(natskv, keys); });
  }
};

}  // namespace

const Verb cp{
    .name = "cp",
    .group = Group::bulk,
    .summary = "Copy a bucket's values into another bucket",
    .description =
        R"(Writes the latest value of each key of SRC to DST, which must exist, unless --create-bucket creates it with
SRC's settings (without what SRC mirrors or sources; with republishing and placement only where they cannot clash).
Deleted keys are not copied; with --history every revision that SRC keeps is copied, including markers. What is left of
a key's time to live is copied; if DST has no per-key TTL, those keys fail. With --create keys that DST already has are
conflicts and stay as they are; with --skip-unchanged those that already have the same value are not written again.

--prune deletes keys of DST that SRC does not have, after every write was acknowledged, and each only at the revision
that was listed: a key that is written meanwhile stays and is a conflict. On a terminal it asks; elsewhere it needs
--force. --dry-run lists what would be done with each key.

A KEY that SRC does not have is an error (3), and nothing is changed. A failure that every further write would meet,
such as a full bucket, is reported once and ends the copy.)",
    .output =
        R"(None, or with --dry-run a record for each key: key, action (put, unchanged, delete or conflict) and reason. The
summary goes to standard error; with JSON it is an object on standard output (put, unchanged, deleted, conflicts,
failed, unknown) or, with --dry-run, {"summary":…} on standard error.)",
    .examples =
        R"(# The current values, into a bucket that exists:
$ natskv cp config staging
# To the server of another context, with the bucket's settings and history:
$ natskv cp config config --to-context dr --create-bucket --history
# See what would be copied and deleted to make both the same:
$ natskv cp config staging --skip-unchanged --prune --dry-run
greeting	unchanged	has this value at revision 2
old	delete	not in bucket "config"
)",
    .make = make_action<Cp>,
};

}  // namespace natskv::commands
