// watch: current values, then changes, for ever.
#include "kv/read/watch.hpp"

#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/shared/keys.hpp"
#include "views/entry.hpp"

#include <utility>

namespace natskv::commands {
namespace {

class Watch final : public Action {
  std::string bucket_;
  std::vector<std::string> words_;
  std::optional<std::uint64_t> from_, count_;
  std::optional<Span> max_disconnect_;
  bool history_ = false, updates_ = false, deletes_ = false, no_deletes_ = false, meta_ = false,
       initial_ = false, literal_ = false;

  void declare(Arguments& a) override {
    a.bucket(bucket_);
    a.take({.name = "KEY", .kind = Kind::pattern, .help = "only these keys or PATTERNs", .many = true},
           words_);
    a.flag("--history", history_, "start with every kept revision, not only the latest");
    a.flag("--updates", updates_, "only changes, no current values");
    a.flag("--deletes", deletes_, "delete and purge markers too (the default)");
    a.flag("--no-deletes", no_deletes_, "no delete and purge markers");
    a.take({.name = "--revision", .kind = Kind::revision, .help = "from this revision on, no current values"},
           from_);
    a.flag("--meta", meta_, "without values");
    a.take({.name = "--count", .kind = Kind::count, .help = "end after so many events"}, count_);
    a.flag("--initial", initial_, "end after the current values");
    a.take({.name = "--max-disconnect",
            .kind = Kind::duration,
            .help = "give up (status 5) after so long without a connection (never on a terminal, else 60s)"},
           max_disconnect_);
    a.flag("--literal", literal_, "take * and > in KEY as they stand");
    a.excludes("--deletes", "--no-deletes");
    a.excludes("--history", "--updates");
    a.excludes("--history", "--revision");
    a.excludes("--updates", "--revision");
    a.excludes("--updates", "--initial");
  }

  void check() override {
    (void)parse::patterns(words_, literal_);
    if (count_ && *count_ == 0) throw usage("--count: at least one event");
  }

  int run(Invocation& natskv) override {
    auto rows = natskv.rows(fields::events(!meta_), Style::live());
    if (!max_disconnect_ && !natskv.out().terminal()) max_disconnect_ = seconds(60);
    natskv.stop().watch_reader();
    natskv::Watch entries(natskv.session(), bucket_,
                          {.read = {.patterns = parse::patterns(words_, literal_),
                                    .history = history_,
                                    .values = !meta_,
                                    .most_waiting = std::size_t{4} << 20U},  // it stays, and is to stay small
                           .current = !updates_,
                           .from = from_,
                           .max_disconnect = max_disconnect_});
    bool told = !natskv.out().terminal() || natskv.json() || initial_;
    entries.on_idle([&] {
      natskv.out().flush();
      if (!entries.caught_up() || std::exchange(told, true)) return;
      natskv.note("waiting for changes, Ctrl-C ends");
    });
    std::uint64_t shown = 0;
    while (const Entry* entry = initial_ ? entries.next_current() : entries.next()) {
      if (no_deletes_ && entry->marker()) continue;
      rows(*entry);
      if (count_ && ++shown == *count_) break;
    }
    natskv.finish(rows, no_keys(bucket_, words_));
    return 0;
  }
};

}  // namespace

const Verb watch{
    .name = "watch",
    .aliases = {},
    .group = Group::keys,
    .summary = "Show current values, then every change",
    .description =
        "Prints the current values, then each change as it happens, until it is interrupted (130), "
        "terminated (143) or the bucket is deleted (3). On a terminal each event is a line as wide as the "
        "terminal is then.\n\n"
        "When the connection is lost, standard error says so, and watch continues after the last revision "
        "shown: nothing is repeated or reordered, and every key's latest state is shown. Revisions that the "
        "bucket no longer keeps are missed; a line on standard error gives the missing revisions, which may "
        "belong to any key, since dropped messages cannot be identified. If the bucket was recreated "
        "meanwhile, or its last revision went back (a server lost what it had acknowledged), standard error "
        "says so, and watch starts again from the current values. --revision above the last revision plus "
        "one is status 3.",
    .output =
        "The columns key, revision, operation, created, size and value, a line an event; on a terminal time, "
        "operation, key, #revision and value. JSON: an entry a line.",
    .examples =
        R"(# All keys, from their current values on, until Ctrl-C:
$ natskv watch config
greeting	1	PUT	...
...
# Only the next change of one key, in a script:
$ natskv watch config greeting --updates --count 1
greeting	...
# Each change as a line of JSON:
$ natskv watch config 'app.>' --updates -o jsonl | jq --unbuffered -r .key
app.debug
)",
    .make = make_action<Watch>,
};

}  // namespace natskv::commands
