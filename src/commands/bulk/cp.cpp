// cp: a bucket's values into another.
#include "app/natskv.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/bulk/prune.hpp"
#include "commands/bulk/tally.hpp"
#include "commands/keys/writing.hpp"
#include "kv/explain.hpp"
#include "kv/read/snapshot.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>

namespace natskv::commands {
namespace {

class Cp final : public Action {
  std::string from_, to_;
  std::optional<std::string> word_, context_;
  std::vector<Pattern> patterns_;
  bool literal_ = false, create_ = false, prune_ = false, dry_ = false, force_ = false;
  Tally tally_;
  bool ttl_allowed_ = false;

  void declare(Arguments& a) override {
    a.bucket(from_, "SRC");
    a.bucket(to_, "DST");
    a.take({.name = "PATTERN", .kind = Kind::pattern, .help = "only these keys"}, word_);
    a.flag("--create", create_, "write only keys that DST does not hold");
    a.flag("--prune", prune_, "then delete the keys of DST that SRC does not hold");
    a.flag("--dry-run", dry_, "change nothing, say what would be done");
    a.take({.name = "--to-context", .kind = Kind::context, .help = "DST is reached by this context"},
           context_);
    a.flag("--literal", literal_, "take * and > in PATTERN as they stand");
    a.flag("-f,--force", force_, "prune without asking");
  }

  void check() override {
    if (word_) patterns_ = {parse::pattern(*word_, literal_)};
    if (from_ == to_ && !context_) throw usage("SRC and DST are the same bucket");
  }

  int run(Natskv& natskv) override {
    (void)natskv.format(Style::list());
    if (prune_ && !dry_ && !force_ && !natskv.interactive())
      natskv.confirm({}, false, fmt::format("pruning bucket \"{}\"", to_));
    Session& source = natskv.session();
    Session& target = context_ ? natskv.session(*context_) : source;
    Prune prune{target, to_, patterns_};
    if (prune_ && !dry_ && !force_) {
      Seen keys;
      EntryStream entries(source, from_, {.patterns = patterns_, .values = false, .slow = true});
      while (const Entry* entry = entries.next_current()) {
        if (!entry->marker()) keys.insert(entry->key);
      }
      prune.confirm(natskv, &keys, false);
    }
    Bucket bucket(target, to_);
    ttl_allowed_ = bucket.written_config().value("allow_msg_ttl", false);
    try {
      copy(natskv, source, bucket, prune);
    } catch (...) {
      summary(natskv);
      throw;
    }
    summary(natskv);
    return natskv.status();
  }

  void copy(Natskv& natskv, Session& source, Bucket& bucket, Prune& prune) {
    Seen keys;
    if (dry_) {
      std::optional<Snapshot> there;
      if (create_) there = keys_of(bucket);
      read(natskv, source, keys, [&](const Write& write) {
        const auto* known = there ? there->find(write.key) : nullptr;
        if (known != nullptr && Snapshot::live(*known)) {
          tally_.add(natskv,
                     conflict({.bucket = to_, .key = write.key, .creates = true}, Snapshot::revision(*known)),
                     {});
        } else {
          ++tally_.put;
        }
      });
      if (prune_) tally_.deleted += prune.list(natskv, keys);
      return;
    }
    Writer writer(bucket, [&](const Settled& settled) { tally_.add(natskv, settled, {}); });
    std::uint64_t number = 0;
    write_all(writer, [&] {
      read(natskv, source, keys, [&](Write write) { writer.push(++number, std::move(write)); });
    });
    if (!prune_) return;
    if (!tally_.clean()) return natskv.warn("nothing was pruned, for not every key was written");
    write_all(writer, [&] {
      prune.run(keys, writer, [&](const Failure& failure) { tally_.add(natskv, failure, {}); });
    });
  }

  [[nodiscard]] Snapshot keys_of(Bucket& bucket) const {
    EntryStream entries(bucket.session(), to_, {.patterns = patterns_, .values = false, .slow = true});
    Snapshot there(entries.total());
    while (const Entry* entry = entries.next_current()) there.set(*entry);
    return there;
  }

  template <class Use>
  void read(Natskv& natskv, Session& source, Seen& keys, Use use) {
    EntryStream entries(source, from_, {.patterns = patterns_, .slow = true});
    keys = Seen(entries.total());
    auto progress = natskv.progress("cp " + from_, entries.total());
    std::uint64_t count = 0;
    while (const Entry* entry = entries.next_current()) {
      progress.tick(++count);
      if (entry->marker()) continue;
      // Written again while it was read: over our own write, which --create would refuse.
      if (!keys.insert(entry->key) && create_) continue;
      Write write{.key = std::string(entry->key)};
      if (!plan(natskv, *entry, entries.server_time(), write)) continue;
      write.value = entry->value.data;
      use(std::move(write));
    }
  }

  // The time to live goes along, as far as it is left.
  bool plan(Natskv& natskv, const Entry& entry, Instant now, Write& write) {
    const auto failed = [&](const std::string& why, std::string hint) {
      tally_.add(natskv,
                 Failure(Exit::failure, fmt::format("key \"{}\" of bucket \"{}\" {}", entry.key, from_, why),
                         std::move(hint), {from_, write.key, entry.revision}),
                 {});
      return false;
    };
    try {
      (void)parse::key(entry.key);
    } catch (const Failure&) {
      return failed("has a name that natskv does not write", {});
    }
    if (create_) {
      write.expected = 0;
      write.creates = true;
    }
    if (entry.never_expires) write.never_expires = ttl_allowed_;
    if (entry.ttl.ns == 0) return true;
    if (!ttl_allowed_) {
      return failed(fmt::format("has a time to live, bucket \"{}\" has no per-key TTL", to_),
                    fmt::format("natskv edit {} --marker-ttl 1h enables it", to_));
    }
    std::int64_t left = entry.ttl.ns;
    if (__builtin_add_overflow(left, entry.created.ns - now.ns, &left)) left = 0;
    write.ttl = seconds(left <= 0 ? 1 : (left - 1) / 1'000'000'000 + 1);
    return true;
  }

  void summary(Natskv& natskv) const {
    natskv.note(fmt::format("bucket \"{}\": {}{}", to_, dry_ ? "would be: " : "", tally_.text()));
  }
};

}  // namespace

const Verb cp{
    .name = "cp",
    .aliases = {},
    .group = Group::bulk,
    .summary = "Copy a bucket's values into another bucket",
    .description =
        "Writes the latest value of each key of SRC to DST, which must exist; deleted keys and history are "
        "not "
        "copied. A time to live goes along, as far as it is left; a bucket that has none fails those keys. "
        "With "
        "--create keys that DST holds are conflicts and stay as they are.\n\n"
        "--prune deletes keys of DST that SRC does not hold, only after every write was acknowledged, and "
        "each "
        "only at the revision that was listed: a key written meanwhile stays and is a conflict. On a "
        "terminal "
        "it asks, elsewhere it needs --force. --dry-run lists what --prune would delete.\n\n"
        "What was done is said on standard error.",
    .output =
        "None, but with --dry-run the keys that --prune would delete. A summary is said on standard error: "
        "put, unchanged, deleted, conflicts, failed, unknown.",
    .examples =
        "$ natskv cp config elsewhere --quiet\n"
        "$ natskv diff config elsewhere\n",
    .make = make_action<Cp>,
};

}  // namespace natskv::commands
