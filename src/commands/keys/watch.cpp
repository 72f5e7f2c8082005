// watch: current values, then changes, without end.
#include "kv/read/watch.hpp"

#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/keys/bookmark.hpp"
#include "commands/keys/burst.hpp"
#include "commands/keys/reaction.hpp"
#include "commands/shared/keys.hpp"
#include "views/entry.hpp"

#include <algorithm>
#include <utility>

namespace natskv::commands {
namespace {

using Clock = natskv::Watch::Clock;

/// Entries as watch -o jsonl prints them.
class EntryLines {
 public:
  explicit EntryLines(bool values)
      : rows_(fields::events(values), Format::jsonl, Style::live().layout, TerminalStyle{}, out_) {}
  std::string operator()(const Entry& entry) {
    rows_(entry);
    return out_.take();
  }

 private:
  Output out_;
  Rows<Entry> rows_;
};

class Watch final : public Action {
  std::string bucket_;
  std::vector<std::string> words_;
  std::optional<std::uint64_t> from_, count_;
  std::uint64_t shown_ = 0;
  std::optional<Span> max_disconnect_;
  std::optional<std::string> state_;
  std::optional<Span> debounce_, grace_;
  std::vector<std::string> command_;
  bool keep_going_ = false;
  bool history_ = false, updates_ = false, deletes_ = false, no_deletes_ = false, meta_ = false,
       initial_ = false, literal_ = false;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.take({.name = "KEY", .kind = Kind::pattern, .help = "only these keys or PATTERNs", .many = true},
           words_);
    a.flag("--history", history_, "start with every kept revision, not only the latest");
    a.flag("--updates", updates_, "only changes, without current values");
    a.flag("--deletes", deletes_, "include delete and purge markers (the default)");
    a.flag("--no-deletes", no_deletes_, "omit delete and purge markers");
    a.take({"--revision", Kind::revision, "start at this revision, without current values"}, from_);
    a.flag("--meta", meta_, "without values");
    a.take({"--count", Kind::count, "end after this many events"}, count_);
    a.flag("--initial", initial_, "end after the current values");
    a.take({"--max-disconnect", Kind::duration,
            "give up (status 5) after this time without a connection (60s; never on a terminal or "
            "with COMMAND)"},
           max_disconnect_);
    a.flag("--literal", literal_, "take * and > in KEY literally");
    a.take({"--state", Kind::file, "remember in FILE how far this came; the next start continues there"},
           state_);
    a.take({"--debounce", Kind::duration,
            "run COMMAND once for changes that follow one another within DURATION"},
           debounce_);
    a.flag("--keep-going", keep_going_, "report a COMMAND that fails, and continue");
    a.take({"--grace", Kind::duration, "time from SIGTERM to SIGKILL for what COMMAND leaves running (10s)"},
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
    if (debounce_ && debounce_->ns <= 0) throw usage("--debounce is above 0");
    if (command_.empty() && debounce_) throw usage("--debounce belongs to a COMMAND");
    if (command_.empty() && keep_going_) throw usage("--keep-going belongs to a COMMAND");
    if (command_.empty() && grace_) throw usage("--grace belongs to a COMMAND");
  }

  int run(Invocation& natskv) override {
    if (!command_.empty()) return react(natskv);
    auto rows = natskv.rows(fields::events(!meta_), Style::live());
    auto bookmark = opened(natskv);
    natskv.watch_reader();
    if (!max_disconnect_ && !natskv.out().terminal()) max_disconnect_ = seconds(60);
    natskv::Watch entries(natskv.session(), bucket_, options(natskv, bookmark));
    bool told = !natskv.out().terminal() || natskv.json() || initial_;
    entries.on_idle([&] {
      natskv.out().flush();
      mark(bookmark, entries);
      if (!entries.caught_up() || std::exchange(told, true)) return;
      natskv.note("waiting for changes, Ctrl-C ends");
    });
    try {
      while (const Entry* entry = next(natskv, entries, bookmark)) {
        rows(*entry);
        if (enough()) break;
      }
      natskv.finish(rows, no_keys(bucket_, words_));
      natskv.out().flush();
      leave(bookmark, entries);
    } catch (...) {
      if (bookmark) bookmark->save();  // of what was flushed
      throw;
    }
    return 0;
  }

  int react(Invocation& natskv) {
    auto bookmark = opened(natskv);
    Repeated command = looked_up(bookmark);
    natskv::Watch entries(natskv.session(), bucket_, options(natskv, bookmark));
    Reaction reaction(natskv, entries, command, bookmark ? &*bookmark : nullptr, keep_going_);
    if (debounce_) return to_bursts(natskv, entries, bookmark, reaction);
    entries.on_idle([&] { mark(bookmark, entries); });
    while (const Entry* entry = next(natskv, entries, bookmark)) {
      if (const auto status = reaction.to(*entry)) return *status;
      if (enough()) break;
    }
    leave(bookmark, entries);
    return natskv.status();
  }

  int to_bursts(Invocation& natskv, natskv::Watch& entries, std::optional<Bookmark>& bookmark,
                Reaction& reaction) {
    Burst burst(*debounce_);
    EntryLines lines(!meta_);
    entries.on_idle([&] {
      if (burst.empty())
        mark(bookmark, entries);
      else if (bookmark)
        bookmark->save_in_time();
    });
    for (bool over = false; !over;) {
      bool due = false;
      try {
        const auto got = entries.wait(std::min(burst.due(), due_of(bookmark)));
        if (got == natskv::Watch::Got::entry && wanted(*entries.entry())) {
          const Entry& entry = *entries.entry();
          burst.add(entry.key, entry.revision, lines(entry), Clock::now());
          over = enough();
        }
        over = over || (got == natskv::Watch::Got::caught_up && initial_);
        // What came of a bucket that is gone is handled before what follows.
        due = over || got == natskv::Watch::Got::anew || Clock::now() >= burst.due();
      } catch (const Failure&) {
        if (!burst.empty()) (void)reaction.to(burst);
        throw;
      } catch (const Stopped&) {
        if (burst.empty()) leave(bookmark, entries);
        throw;
      }
      if (!due || burst.empty()) continue;
      if (const auto status = reaction.to(burst)) return *status;
    }
    leave(bookmark, entries);
    return natskv.status();
  }

  std::optional<Bookmark> opened(Invocation& natskv) const {
    if (!state_) return std::nullopt;
    return std::optional<Bookmark>(std::in_place, *state_, bucket_, parse::patterns(words_, literal_),
                                   natskv.stop());
  }

  [[nodiscard]] Repeated looked_up(const std::optional<Bookmark>& bookmark) const {
    try {
      return Repeated(command_, std::chrono::nanoseconds(grace_.value_or(seconds(10)).ns),
                      bookmark ? bookmark->lock() : -1);
    } catch (const Failure& failure) {
      if (failure.exit() != Exit::no_such_command) throw;
      throw failure.advising(
          "what follows -- is a COMMAND to run; a KEY that begins with - is given as --key=KEY");
    }
  }

  WatchOptions options(Invocation& natskv, const std::optional<Bookmark>& bookmark) const {
    WatchOptions options{.read = {.patterns = parse::patterns(words_, literal_),
                                  .history = history_,
                                  .values = !meta_,
                                  .deltas = natskv.json() || !command_.empty(),
                                  .slow = !command_.empty()},
                         .current = !updates_,
                         .from = from_,
                         .max_disconnect = max_disconnect_};
    if (!bookmark || !bookmark->found()) return options;
    // FILE says where to begin.
    if (from_) throw usage("--revision: the state file exists, and says where to begin");
    options.current = true;
    options.read.history = false;
    options.resume = bookmark->beginning().resume;
    if (!options.resume) natskv.warn(bookmark->beginning().because);
    return options;
  }

  [[nodiscard]] bool wanted(const Entry& entry) const { return !no_deletes_ || !entry.marker(); }

  const Entry* next(Invocation& natskv, natskv::Watch& entries, std::optional<Bookmark>& bookmark) const {
    try {
      for (;;) {
        const auto got = entries.wait(due_of(bookmark));
        if (got == natskv::Watch::Got::entry && wanted(*entries.entry())) return entries.entry();
        if (got == natskv::Watch::Got::caught_up && initial_) return nullptr;
      }
    } catch (const Stopped&) {
      if (natskv.out().empty()) leave(bookmark, entries);
      throw;
    }
  }

  static Clock::time_point due_of(const std::optional<Bookmark>& bookmark) {
    return bookmark ? bookmark->due() : Clock::time_point::max();
  }

  /// All that was given is handled, and this is the end.
  static void leave(std::optional<Bookmark>& bookmark, const natskv::Watch& entries) {
    if (!bookmark) return;
    if (const auto passed = entries.passed()) bookmark->reached(*passed);
    bookmark->save();
  }

  /// All that was given is handled.
  static void mark(std::optional<Bookmark>& bookmark, const natskv::Watch& entries) {
    if (!bookmark) return;
    if (const auto given = entries.given()) bookmark->reached(*given);
    bookmark->save_in_time();
  }

  bool enough() { return count_ && ++shown_ == *count_; }
};

}  // namespace

const Verb watch{
    .name = "watch",
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

nats-server 2.9 does not deliver what was stored just before a purge of a key that the watch follows, so that a purge can
hide a change of another key.

COMMAND. With -- COMMAND, watch prints nothing and runs COMMAND once for each event, one after the other, in order. The
value is COMMAND's stdin, byte for byte (nothing for a marker and with --meta); in its environment are NATSKV_BUCKET,
NATSKV_KEY, NATSKV_OPERATION (PUT, DEL or PURGE), NATSKV_REVISION and NATSKV_CREATED. COMMAND is started without a
shell, and has natskv's stdout and stderr. If it is slower than the changes, they wait, in little memory: where the
bucket keeps fewer revisions of a key than are written meanwhile, older ones may be left out, never the newest. What
COMMAND leaves running is stopped before the next event. If COMMAND fails, watch ends with its status; with --keep-going
the failure is reported, watch continues, and ends with 1 where it would have ended with 0.

A signal sent to natskv goes to COMMAND, and watch ends (130, 143) when COMMAND has ended; between events it ends at
once. On a terminal Ctrl-C reaches COMMAND itself.

BURSTS. With --debounce D, COMMAND runs once for changes that come close together: when none has come for D, at the
latest 10 D after the first one, or when they fill 8 MiB. Its stdin is the newest entry of each key as JSON Lines, as
watch -o jsonl prints them, in revision order; NATSKV_EVENTS is the number of lines, NATSKV_REVISION the highest revision;
NATSKV_KEY is not set. Changes that come while COMMAND runs make the next burst.

STATE. With --state FILE, watch remembers how far it has come: FILE is replaced after each COMMAND that ended with 0
(without COMMAND: after what was written to stdout, at most ten times a second), and the next start continues after it.
AT LEAST ONCE: while FILE, the bucket and its revisions are there, every event is handled, in order, however watch ends,
and again after a COMMAND that failed or was ended by a signal. If natskv is killed after COMMAND has ended and before
FILE is replaced, that event comes once more (without COMMAND: the lines since FILE was replaced), so COMMAND should do
no harm when it sees an event twice; it can compare NATSKV_REVISION with the last one it handled. Nothing else is
repeated. With --keep-going a failed event counts as handled.

What the bucket did not keep cannot be handled: revisions that were overwritten, purged or expired while no watch ran
are reported as missed; the newest of every key is always handled. If the bucket was recreated, or its last revision went
back, or FILE is of another bucket, standard error says so, and watch starts from the current values. FILE of other keys
or patterns is status 2, as is one that was damaged: remove it to start anew. Where FILE is there, --history and --updates
do not apply, and --revision is refused.

FILE is mode 0600 and holds no value; it is written beside and renamed, so it is never half written. FILE.lock beside it
is locked while the watch runs, also while a COMMAND that a killed watch left is being stopped, and stays; a second watch
of FILE is status 1.)",
    .output =
        "The columns key, revision, operation, created, size and value, a line an event; on a terminal time, "
        "operation, key, #revision and value. JSON: an entry a line. With COMMAND: what it prints.",
    .statuses = {{"1", "FILE is in use or cannot be written; with --keep-going: a COMMAND failed."},
                 {"2", "FILE is of other keys or patterns, or was damaged."},
                 {"3", "The bucket does not exist, or was deleted."},
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
$ natskv watch config greeting --updates -- sh -c 'echo "$NATSKV_KEY: $(cat)"'
greeting: hi
# Handle every change, also those that come while this is not running:
$ natskv watch config 'app.>' --state app.state -- sh -c 'echo $NATSKV_KEY'
app.debug
...
# One reload for many changes at once:
$ natskv watch config --updates --debounce 1s -- ./reload
reloaded)sh",
    .make = make_action<Watch>,
};

}  // namespace natskv::commands
