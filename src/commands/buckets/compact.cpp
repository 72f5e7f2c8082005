// compact: drops old markers and the history under them.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"
#include "commands/all.hpp"
#include "commands/shared/pinned_listing.hpp"
#include "commands/shared/tally.hpp"
#include "commands/shared/writes.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

namespace natskv::commands {
namespace {

class Compact final : public Action {
  std::string bucket_;
  std::optional<Span> older_than_;
  bool force_ = false;

  void declare(Arguments& a) override {
    a.bucket(bucket_);
    a.take({.name = "--older-than",
            .kind = Kind::duration,
            .help = "only markers older than this (30m; 0: all)"},
           older_than_);
    a.flag("-f,--force", force_, "do not ask");
  }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::object());
    const Span age = older_than_.value_or(seconds(30 * 60));
    const std::string which = age.ns == 0 ? "" : " older than " + text::human_span(age);
    natskv.require_consent(force_, fmt::format("compacting bucket \"{}\"", bucket_));
    auto bucket = natskv.bucket(bucket_);
    bucket.require_own("compact");
    // Markers that are a key's latest revision and old enough, by the server's clock.
    PinnedListing markers(natskv.session(), bucket_, {}, [&](const Entry& entry, Instant now) {
      return entry.marker() && (age.ns == 0 || entry.created.ns < now.ns - age.ns);
    });
    const std::uint64_t count = force_ ? 0 : markers.count();
    if (count > 0) {
      natskv.confirm(force_,
                     fmt::format("Drop {} marker{}{} of {}{} and the history under {}?", count,
                                 count == 1 ? "" : "s", which, Invocation::named(natskv.session(), bucket_),
                                 markers.names(), count == 1 ? "it" : "them"));
    }
    Tally tally{.bucket = bucket_, .puts = false};
    auto progress = natskv.progress("compact " + bucket_, count);
    std::uint64_t number = 0;
    // A purge of one key costs the server a search: a window of 256 is as fast as any (NATSC.md 6).
    Writes writes(natskv, bucket,
                  [&](const WriteResult& settled, Failures& failures) {
                    tally.add(settled);
                    if (settled.failure) return failures.add(*settled.failure);
                    progress.tick(tally.deleted);
                    tally.revisions += settled.revision;
                  },
                  {.messages = 256, .bytes = std::size_t{8} << 20U});
    bool whole = false;
    const auto work = [&] {
      if (!force_ && count == 0) {
        whole = true;
        return;
      }
      markers.for_each_apart(
          [&](std::string key, std::uint64_t revision, Operation operation) {
            writes.push(number++,
                        {.key = std::move(key), .operation = operation, .erase = true, .expected = revision});
          },
          [&] { writes.finish(); });
      whole = true;
    };
    writes.run(work, [&] {
      if (!whole && tally.deleted == 0 && !natskv.stop()) return;
      say_summary(natskv, tally,
                  fmt::format("bucket \"{}\": dropped {} marker{}{}, {} revision{} in all", bucket_,
                              tally.deleted, tally.deleted == 1 ? "" : "s", which, tally.revisions,
                              tally.revisions == 1 ? "" : "s"));
    });
    return natskv.status();
  }
};

}  // namespace

const Verb compact{
    .name = "compact",
    .aliases = {},
    .group = Group::buckets,
    .summary = "Drop old delete and purge markers",
    .description =
        "Drops markers older than 30 minutes, or --older-than (0: all), with the history under them, up to "
        "the marker's "
        "revision and no further: a key that is written again meanwhile keeps its value. Ages are counted by "
        "the server's "
        "clock. On a terminal it asks, elsewhere it needs --force. What it did is said on standard error.",
    .output =
        "None; how many markers and revisions were dropped is said on standard error. With JSON an object: "
        "bucket, deleted (markers), conflicts, failed, unknown, revisions.",
    .examples =
        R"(# Drop the markers older than a day, and the history under them:
$ natskv compact config --older-than 1d --force
# Every marker, and say nothing about it:
$ natskv compact config --older-than 0 --force --quiet
)",
    .make = make_action<Compact>,
};

}  // namespace natskv::commands
