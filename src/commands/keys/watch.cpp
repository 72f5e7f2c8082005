// watch: current values, then changes, for ever.
#include "kv/read/watch.hpp"

#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/keys/reaction.hpp"
#include "commands/shared/keys.hpp"
#include "views/entry.hpp"

#include <utility>

namespace natskv::commands {
namespace {

class Watch final : public Action {
  std::string bucket_;
  std::vector<std::string> words_;
  std::optional<std::uint64_t> from_, count_;
  std::uint64_t shown_ = 0;
  std::optional<Span> max_disconnect_;
  std::optional<Span> grace_;
  std::vector<std::string> command_;
  bool keep_going_ = false;
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
            .help = "give up (status 5) after so long without a connection (60s; never on a terminal or "
                    "with COMMAND)"},
           max_disconnect_);
    a.flag("--literal", literal_, "take * and > in KEY as they stand");
    a.flag("--keep-going", keep_going_, "report a COMMAND that fails, and go on");
    a.take({.name = "--grace",
            .kind = Kind::duration,
            .help = "from SIGTERM to SIGKILL for what COMMAND leaves running (10s)"},
           grace_);
    a.command(command_, "what to run at each event, with the value on its stdin");
    a.excludes("--deletes", "--no-deletes");
    a.excludes("--history", "--updates");
    a.excludes("--history", "--revision");
    a.excludes("--updates", "--revision");
    a.excludes("--updates", "--initial");
  }

  void check() override {
    (void)parse::patterns(words_, literal_);
    if (count_ && *count_ == 0) throw usage("--count: at least one event");
    if (command_.empty() && keep_going_) throw usage("--keep-going belongs to a COMMAND");
    if (command_.empty() && grace_) throw usage("--grace belongs to a COMMAND");
  }

  int run(Invocation& natskv) override {
    if (!command_.empty()) return react(natskv);
    auto rows = natskv.rows(fields::events(!meta_), Style::live());
    natskv.stop().watch_reader();
    if (!max_disconnect_ && !natskv.out().terminal()) max_disconnect_ = seconds(60);
    natskv::Watch entries(natskv.session(), bucket_, options());
    bool told = !natskv.out().terminal() || natskv.json() || initial_;
    entries.on_idle([&] {
      natskv.out().flush();
      if (!entries.caught_up() || std::exchange(told, true)) return;
      natskv.note("waiting for changes, Ctrl-C ends");
    });
    while (const Entry* entry = next(entries)) {
      rows(*entry);
      if (enough()) break;
    }
    natskv.finish(rows, no_keys(bucket_, words_));
    return 0;
  }

  int react(Invocation& natskv) {
    Repeated command = looked_up();
    natskv::Watch entries(natskv.session(), bucket_, options());
    Reaction reaction(natskv, entries, command, keep_going_);
    while (const Entry* entry = next(entries)) {
      if (const auto status = reaction.to(*entry)) return *status;
      if (enough()) break;
    }
    return natskv.status();
  }

  [[nodiscard]] Repeated looked_up() const {
    try {
      return Repeated(command_, std::chrono::nanoseconds(grace_.value_or(seconds(10)).ns));
    } catch (const Failure& failure) {
      if (failure.exit() != Exit::no_such_command) throw;
      throw Failure(failure.exit(), failure.what(),
                    "what follows -- is a COMMAND to run; a KEY that begins with - is given as --key=KEY");
    }
  }

  [[nodiscard]] WatchOptions options() const {
    return {.read = {.patterns = parse::patterns(words_, literal_),
                     .history = history_,
                     .values = !meta_,
                     .slow = !command_.empty(),
                     .most_waiting = std::size_t{4} << 20U},  // it stays, and is to stay small
            .current = !updates_,
            .from = from_,
            .max_disconnect = max_disconnect_};
  }

  const Entry* next(natskv::Watch& entries) const {
    for (;;) {
      const Entry* const entry = initial_ ? entries.next_current() : entries.next();
      if (entry == nullptr || !no_deletes_ || !entry->marker()) return entry;
    }
  }

  bool enough() { return count_ && ++shown_ == *count_; }
};

}  // namespace

const Verb watch{
    .name = "watch",
    .aliases = {},
    .group = Group::keys,
    .summary = "Show current values, then every change",
    .description =
        R"(Prints the current values, then each change as it happens, until it is interrupted (130), terminated (143) or the
bucket is deleted (3). On a terminal each event is a line as wide as the terminal is then.

When the connection is lost, standard error says so, and watch continues after the last revision shown: nothing is
repeated or reordered, and every key's latest state is shown. Revisions that the bucket no longer keeps are missed; a
line on standard error gives the missing revisions, which may belong to any key, since dropped messages cannot be
identified. If the bucket was recreated meanwhile, or its last revision went back (a server lost what it had
acknowledged), standard error says so, and watch starts again from the current values. --revision above the last
revision plus one is status 3.

COMMAND. With -- COMMAND, watch prints nothing and runs COMMAND once for each event, one after the other, in order. The
value is COMMAND's stdin, byte for byte (nothing for a marker and with --meta); in its environment are NATSKV_BUCKET,
NATSKV_KEY, NATSKV_OPERATION (PUT, DEL or PURGE), NATSKV_REVISION and NATSKV_CREATED. COMMAND is started without a
shell. If it is slower than the changes, they wait, in little memory: where the bucket keeps fewer revisions of a key
than are written meanwhile, older ones may be left out, never the newest. What COMMAND leaves running is stopped before
the next event. If COMMAND fails, watch ends with its status; with --keep-going the failure is reported, watch
continues, and ends with 1 where it would have ended with 0.

A signal sent to natskv goes to COMMAND, and watch ends (130, 143) when COMMAND has ended; between events it ends at
once.)",
    .output =
        "The columns key, revision, operation, created, size and value, a line an event; on a terminal time, "
        "operation, key, #revision and value. JSON: an entry a line. With COMMAND: what it prints.",
    .statuses = {{"3", "The bucket does not exist, or was deleted."},
                 {"others", "The status of a COMMAND that failed; 128 and more if a signal ended it."},
                 {"126, 127",
                  "COMMAND cannot be executed; there is no such command. Looked up before connecting."}},
    .examples =
        R"sh(# All keys, from their current values on, until Ctrl-C:
$ natskv watch config
greeting	1	PUT	...
...
# Only the next change of one key, in a script:
$ natskv watch config greeting --updates --count 1
greeting	...
# Each change as a line of JSON:
$ natskv watch config 'app.>' --updates -o jsonl | jq --unbuffered -r .key
app.debug
# Run a program at each change, with the value on its stdin:
$ natskv watch config greeting --updates --count 1 -- sh -c 'echo "$NATSKV_KEY: $(cat)"'
greeting: hi)sh",
    .make = make_action<Watch>,
};

}  // namespace natskv::commands
