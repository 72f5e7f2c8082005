// compact: drops old markers and the history under them.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/number_of.hpp"
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

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.take({"--older-than", Kind::duration, "only markers older than this (30m; 0: all)"}, older_than_);
    a.flag("-f,--force", force_, "do not ask");
  }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::object());
    const Span age = older_than_.value_or(seconds(30 * 60));
    const std::string which = age.ns == 0 ? "" : " older than " + text::human_span(age);
    natskv.require_consent(force_, fmt::format("compacting bucket \"{}\"", bucket_));
    auto bucket = natskv.bucket(bucket_);
    bucket.require_own("compact");
    // Markers that are a key's latest revision and old enough by the server's clock.
    PinnedListing markers(natskv.session(), bucket_, {}, [&](const Entry& entry, Instant now) {
      return entry.marker() && (age.ns == 0 || entry.created.ns < now.ns - age.ns);
    });
    const std::uint64_t count = force_ ? 0 : markers.count();
    if (count > 0) {
      natskv.confirm(fmt::format("Drop {}{} of {}{} and the history under {}?", number_of(count, "marker"),
                                 which, Invocation::named(natskv.session(), bucket_), markers.names(),
                                 count == 1 ? "it" : "them"));
    }
    Tally tally{.bucket = bucket_, .puts = false};
    auto progress = natskv.progress("compact " + bucket_, count);
    std::uint64_t number = 0;
    // To purge one key the server has to search: a larger window than 256 is not faster.
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
                  tally.deleted == 0 && whole && tally.clean()
                      ? fmt::format("bucket \"{}\": no markers{} to drop", bucket_, which)
                      : fmt::format("bucket \"{}\": dropped {}{}, {} in all", bucket_,
                                    number_of(tally.deleted, "marker"), which,
                                    number_of(tally.revisions, "revision")));
    });
    return natskv.status();
  }
};

}  // namespace

const Verb compact{
    .name = "compact",
    .group = Group::buckets,
    .summary = "Drop old delete and purge markers",
    .description =
        R"(Drops markers older than 30 minutes, or than --older-than (0: all of them), with the history under each, up to
the marker's revision and no further: a key that is written again meanwhile keeps its value. Ages are counted by the
server's clock. On a terminal it asks; elsewhere it needs --force.)",
    .output =
        R"(None; standard error says how many markers and revisions were dropped. With JSON an object: bucket, deleted
(markers), conflicts, failed, unknown, revisions.)",
    .examples =
        R"(# Drop the markers older than a day, and the history under them:
$ natskv compact config --older-than 1d --force
# Every marker, and say nothing about it:
$ natskv compact config --older-than 0 --force --quiet
)",
    .make = make_action<Compact>,
};

}  // namespace natskv::commands
