// history: the kept revisions of keys.
#include "app/invocation.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/shared/keys.hpp"
#include "kv/explain.hpp"
#include "kv/read/listing.hpp"
#include "views/entry.hpp"

#include <set>

namespace natskv::commands {
namespace {

class History final : public Action {
  std::string bucket_;
  std::vector<std::string> words_;
  bool literal_ = false;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.take({.name = "KEY",
            .kind = Kind::pattern,
            .help = "one or more keys or PATTERNs",
            .required = true,
            .many = true},
           words_);
    a.flag("--literal", literal_, "take * and > in KEY literally");
  }

  void check() override { (void)parse::patterns(words_, literal_); }

  int run(Invocation& natskv) override {
    natskv.watch_reader();
    natskv.take_turns();
    auto rows = natskv.rows(fields::events(true), Style::list());
    const auto patterns = parse::patterns(words_, literal_);
    std::set<std::string, std::less<>> missing;
    for (const Pattern& pattern : patterns) {
      if (!pattern.wild) missing.insert(pattern.text);
    }
    Listing entries(natskv.session(), bucket_,
                    {.patterns = patterns, .history = true, .deltas = natskv.json()});
    entries.on_idle([&] { natskv.out().flush(); });
    while (const Entry* entry = entries.next()) {
      rows(*entry);
      if (const auto found = missing.find(entry->key); found != missing.end()) missing.erase(found);
    }
    if (!missing.empty() && words_.size() == 1) throw no_key(bucket_, words_.front());
    natskv.finish(rows, no_keys(bucket_, words_));
    natskv.out().flush();
    for (const auto& key : missing) natskv.report(no_key(bucket_, key));
    return 0;
  }
};

}  // namespace

const Verb history{
    .name = "history",
    .group = Group::keys,
    .summary = "Show the kept revisions of a key",
    .description =
        R"(All revisions that the bucket keeps (natskv add --history), oldest first, including delete and purge markers.
An absent KEY is status 3; a PATTERN without a match is not an error.)",
    .output = "The columns key, revision, operation, created, size and value. JSON: an array of entries.",
    .examples =
        R"(# What a key was before:
$ natskv history config greeting
greeting	1	PUT	...
# What happened to the keys below app, oldest first:
$ natskv history config 'app.>' -o jsonl | jq -c '[.revision, .operation, .key]'
[2,"PUT","app.debug"]
[3,"DEL","app.debug"]
)",
    .make = make_action<History>,
};

}  // namespace natskv::commands
