// compact: drops old markers and the history under them.
#include "app/natskv.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"
#include "commands/all.hpp"
#include "commands/keys/writing.hpp"
#include "commands/shared/batch.hpp"
#include "kv/read/watch.hpp"
#include "kv/write/writer.hpp"

#include <fmt/format.h>

namespace natskv::commands {
namespace {

class Compact final : public Action {
  std::string bucket_;
  std::optional<Span> older_than_;
  std::optional<std::uint64_t> upto_;
  bool force_ = false;

  void declare(Arguments& a) override {
    a.bucket(bucket_);
    a.take({.name = "--older-than",
            .kind = Kind::duration,
            .help = "only markers older than this (30m; 0: all)"},
           older_than_);
    a.flag("-f,--force", force_, "do not ask");
  }

  // Markers that are a key's latest revision and old enough, by the server's clock.
  // Once counted for the prompt, no later ones are added: what was agreed to is what goes.
  template <class Each>
  void each(Natskv& natskv, Span age, Each&& marker) {
    EntryStream entries(natskv.session(), bucket_, {.values = false});
    if (!upto_) upto_ = entries.last_revision();
    while (const Entry* entry = entries.next_current()) {
      const bool old = age.ns == 0 || entry->created.ns < entries.server_time().ns - age.ns;
      if (entry->marker() && old && entry->revision <= *upto_) marker(*entry, entries);
    }
  }

  int run(Natskv& natskv) override {
    const Span age = older_than_.value_or(seconds(30 * 60));
    const std::string which = age.ns == 0 ? "" : " older than " + text::human_span(age);
    if (!force_ && !natskv.interactive())
      natskv.confirm({}, false, fmt::format("compacting bucket \"{}\"", bucket_));
    auto bucket = natskv.bucket(bucket_);
    bucket.require_own("compact");
    std::uint64_t count = 0;
    if (!force_) {
      each(natskv, age, [&](const Entry&, EntryStream&) { ++count; });
      natskv.confirm(fmt::format("Drop {} marker{}{} of bucket \"{}\" and the history under them?", count,
                                 count == 1 ? "" : "s", which, bucket_),
                     false, {});
    }
    std::uint64_t number = 0, markers = 0, revisions = 0;
    auto progress = natskv.progress("compact " + bucket_, count);
    // A purge of one key costs the server a search: a window of 256 is as fast as any (NATSC.md 6).
    Writer writer(bucket,
                  [&](const Settled& settled) {
                    if (settled.failure) return natskv.report(*settled.failure);
                    progress.tick(++markers);
                    revisions += settled.revision;
                  },
                  {.messages = 256, .bytes = std::size_t{8} << 20U});
    bool whole = false;
    const auto work = [&] {
      Batch batch;
      const auto drop = [&] {
        batch.take([&](std::string key, std::uint64_t revision, Operation operation) {
          writer.push(number++,
                      {.key = std::move(key), .operation = operation, .erase = true, .expected = revision});
        });
        writer.finish();
      };
      each(natskv, age, [&](const Entry& entry, EntryStream& entries) {
        batch.add(entry);
        if (!batch.full()) return;
        entries.let_go();
        drop();
      });
      drop();
      whole = true;
    };
    write_all(writer, work, [&] {
      if (!whole && markers == 0 && !natskv.stop()) return;
      natskv.note(fmt::format("bucket \"{}\": dropped {} marker{}{}, {} revision{} in all", bucket_, markers,
                              markers == 1 ? "" : "s", which, revisions, revisions == 1 ? "" : "s"));
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
    .output = "None; how many markers and revisions were dropped is said on standard error.",
    .examples =
        "$ natskv del config greeting\n2\n"
        "$ natskv compact config --older-than 0 --force --quiet\n"
        "$ natskv keys config --deleted --count\n0\n",
    .make = make_action<Compact>,
};

}  // namespace natskv::commands
