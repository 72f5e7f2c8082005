// purge: removes keys and their history, or empties a bucket.
#include "base/failure.hpp"
#include "base/number_of.hpp"
#include "commands/all.hpp"
#include "commands/keys/key_removal.hpp"
#include "commands/keys/write.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv::commands {
namespace {

class Purge final : public Action {
  KeyRemoval removal_{Operation::purge};
  std::optional<Span> ttl_;
  bool all_ = false;

  void declare(Declaration& a) override {
    removal_.declare(a);
    a.take({"--ttl", Kind::duration, "the marker expires after this time (at least 1s)"}, ttl_);
    a.flag("--all", all_, "empty the bucket at once, without markers");
  }

  void check() override {
    if (all_ && !removal_.without_keys()) throw usage("--all takes no keys");
    if (!all_ && removal_.without_keys()) throw usage("KEY is missing (or --all to empty the bucket)");
    if (all_ && ttl_) throw usage("--ttl is for markers, and --all leaves none");
    if (all_ && removal_.conditional()) throw usage("--all takes no conditions");
    check_ttl(ttl_);
    removal_.ttl(ttl_);
    removal_.check();
  }

  int run(Invocation& natskv) override { return all_ ? empty(natskv) : removal_.run(natskv); }

  int empty(Invocation& natskv) {
    auto bucket = natskv.bucket(removal_.bucket());
    natskv.require_consent(removal_.forced() || removal_.dry(),
                           fmt::format("emptying bucket \"{}\"", bucket.name()));
    bucket.require_own("purge", "--all");
    const auto values = bucket.info().at("state").value("messages", std::uint64_t{0});
    if (removal_.dry()) {
      natskv.note(fmt::format("would remove {} of bucket \"{}\"", number_of(values, "value"), bucket.name()));
      return 0;
    }
    if (!removal_.forced()) {
      natskv.confirm(fmt::format("Empty {} ({})? Watchers will not notice.",
                                 Invocation::named(natskv.session(), bucket.name()),
                                 number_of(values, "value")));
    }
    Tally tally{.bucket = bucket.name(), .puts = false};
    tally.deleted = bucket.erase_all();
    say_summary(natskv, tally,
                fmt::format("removed {} of bucket \"{}\"", number_of(tally.deleted, "value"), bucket.name()));
    return 0;
  }
};

}  // namespace

const Verb purge{
    .name = "purge",
    .group = Group::keys,
    .summary = "Remove keys with their history",
    .description =
        R"(Removes all revisions of each key and leaves a purge marker, which watchers see; prints the marker's revision.
Options and safety are those of del. --ttl lets the marker expire by itself (the bucket must allow that). If a marker
does not fit, because the bucket is full, the key is purged without one: no revision is printed for it, and standard
error says how many there were.

purge BUCKET --all empties the bucket at once, without markers: watchers do not notice.)",
    .output =
        R"(The revision of each marker, one number a line; in JSON objects with bucket, key, revision and operation, a
single one for one KEY, an array for several and for a PATTERN. With --dry-run the keys that would be purged, as keys
prints them.)",
    .examples =
        R"(# Remove a key and its history:
$ natskv purge config greeting
2
# Every key below tmp, without being asked:
$ natskv purge config 'tmp.>' --force
# Empty the bucket at once:
$ natskv purge config --all --force
)",
    .make = make_action<Purge>,
};

}  // namespace natskv::commands
