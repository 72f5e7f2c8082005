// revert: stores an old value again.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"
#include "commands/all.hpp"
#include "commands/keys/store.hpp"
#include "commands/keys/write.hpp"
#include "kv/explain.hpp"

#include <fmt/format.h>

namespace natskv::commands {
namespace {

class Revert final : public Action {
  std::string bucket_, key_;
  std::optional<std::uint64_t> revision_;
  StoreOptions options_;
  bool force_ = false;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.key(key_);
    a.take({.name = "REVISION",
            .kind = Kind::revision,
            .help = "the revision whose value to store again",
            .required = true},
           revision_);
    a.flag("-f,--force", force_, "do not ask");
    options_.declare_kept(a);
  }

  static std::string shown(const Entry& entry) {
    return entry.marker() ? std::string(name_of(entry.operation))
                          : text::cut(text::table_value(entry.value.data), 60);
  }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::write());
    auto bucket = natskv.bucket(bucket_);
    const auto old = bucket.entry(key_, revision_, true);
    if (old && old->entry.marker()) {
      throw Failure(Exit::failure,
                    fmt::format("revision {} of key \"{}\" in bucket \"{}\" is a {} marker, not a value",
                                *revision_, key_, bucket_, name_of(old->entry.operation)),
                    {}, {bucket_, key_, *revision_});
    }
    const OwnedEntry wanted = bucket.live(old, key_, revision_);
    const auto latest = bucket.latest(key_);
    if (!latest) throw no_key(bucket_, key_);
    if (!force_ && natskv.interactive()) {
      natskv.confirm(fmt::format("Store revision {} ({}) of key \"{}\" again, over revision {} ({})?",
                                 *revision_, shown(wanted.entry), key_, latest->entry.revision,
                                 shown(latest->entry)));
    }
    const Written written =
        options_.store(natskv, bucket, key_, wanted.entry.value.data, latest->entry.revision);
    if (wanted.entry.ttl.ns > 0 && latest->entry.ttl.ns == 0)
      natskv.warn(
          fmt::format("revision {} of key \"{}\" in bucket \"{}\" had a time to live of {}; the new one has "
                      "none",
                      *revision_, key_, bucket_, text::human_span(wanted.entry.ttl)));
    return print(natskv, written);
  }
};

}  // namespace

const Verb revert{
    .name = "revert",
    .group = Group::keys,
    .summary = "Store the value of an old revision again",
    .description =
        R"(Stores the value that KEY had at REVISION as a new revision, with compare-and-set against the latest one, and
prints the new revision. Works on a deleted key too. On a terminal it asks and shows both values; elsewhere it acts. A
revision that is a marker has no value: status 1. Both are read from the stream's leader, not from a replica that may
lag.

The new revision has no time to live; if the latest one or REVISION had one, a warning says so. --keep-ttl keeps what
is left of the latest one's.)",
    .output =
        "The new revision, one number, never the value. JSON: an object with bucket, key, revision and "
        "operation.",
    .examples =
        R"(# See which revisions there are, then store the first one again:
$ natskv history config greeting
greeting	1	PUT	...
greeting	2	PUT	...
$ natskv revert config greeting 1
3
)",
    .make = make_action<Revert>,
};

}  // namespace natskv::commands
