// wait: until a key has a value, or is what else was asked for.
#include "app/invocation.hpp"
#include "base/parse.hpp"
#include "commands/all.hpp"
#include "commands/keys/awaited.hpp"
#include "commands/keys/waiter.hpp"
#include "input/value.hpp"
#include "views/entry.hpp"

namespace natskv::commands {
namespace {

class Wait final : public Action {
  std::string word_;
  std::optional<std::string> file_;
  std::optional<Span> within_;
  std::vector<std::string> command_;
  bool literal_ = false;
  Wanted wanted_;

  void declare(Declaration& a) override {
    a.bucket(wanted_.bucket);
    a.take({.name = "KEY", .kind = Kind::pattern, .help = "a key, or a PATTERN", .required = true}, word_);
    a.take({.name = "--value",
            .kind = Kind::text,
            .help = "until it has exactly this value",
            .placeholder = "VALUE"},
           wanted_.value);
    a.take({.name = "--not",
            .kind = Kind::text,
            .help = "until it has a value other than this one",
            .placeholder = "VALUE"},
           wanted_.not_value);
    a.take({"-F,--file", Kind::file, "until its value is exactly the bytes of this file (-: standard input)"},
           file_);
    a.take({"--after", Kind::revision, "until its last revision, of a value or a marker, is above this one"},
           wanted_.after);
    a.flag("--absent", wanted_.absent, "until it has no value; of a PATTERN: until no key has one");
    a.take({.name = "--count",
            .kind = Kind::count,
            .help = "until this many keys of PATTERN fulfil the condition at the same time",
            .least = 1},
           wanted_.count);
    a.take({"-w,--within", Kind::duration,
            "give up after this time (status 124); 0: check once; default: wait without limit"},
           within_);
    a.flag("--literal", literal_, "take * and > in KEY literally");
    a.command(command_, "asked about each value that fulfils the rest, which is its stdin");
    a.excludes("--value", "--not");
    a.excludes("--value", "--file");
    a.excludes("--not", "--file");
    for (const char* other : {"--value", "--not", "--file", "--after", "--count"})
      a.excludes("--absent", other);
  }

  void check() override {
    wanted_.keys = parse::pattern(word_, literal_);
    wanted_.command = !command_.empty();
    if (wanted_.absent && wanted_.command) throw usage("--absent and COMMAND exclude each other");
    if (wanted_.count && *wanted_.count > 1 && !wanted_.keys.wild) throw usage("--count needs a PATTERN");
  }

  int run(Invocation& natskv) override {
    Style style = wanted_.keys.wild || wanted_.absent ? Style::list() : Style::object();
    style.on_terminal = style.in_pipe = Format::plain;
    style.raw = !wanted_.keys.wild;
    const bool prints = natskv.format(style) != Format::plain;
    if (file_) wanted_.value = read_value({}, file_);
    if (!wanted_.command) natskv.watch_reader();
    Awaited awaited(wanted_, prints);
    const int status = Waiter(natskv, awaited, within_, command_).wait();
    if (status != 0 || !prints) return status;
    auto rows = natskv.rows(fields::get(), style);
    awaited.for_each([&](const Entry& entry) { rows(entry); });
    rows.finish();
    return 0;
  }
};

}  // namespace

const Verb wait{
    .name = "wait",
    .group = Group::keys,
    .summary = "Wait until a key has a value",
    .description =
        R"(Ends with status 0 as soon as the condition holds: KEY has a value; or it has the value of --value or --file, or
any other than that of --not; or its last revision is above that of --after; or, with --absent, it has no value. The
current state counts, and no write that the bucket keeps is missed: with a history of 1 a value that is replaced at once
may be gone before the server has sent it. A missing key never fulfils --not.

For a PATTERN one key is enough, or --count keys at the same time: a barrier. --absent waits until none of its keys has
a value. A key that expires is noticed up to a second later if the server writes no marker for it.

COMMAND decides about each value that fulfils the other conditions, one after the other in the order of their revisions:
the value is its stdin, and NATSKV_BUCKET, NATSKV_KEY, NATSKV_OPERATION, NATSKV_REVISION and NATSKV_CREATED are set.
Status 0 means yes, 1 to 125 not yet; any other status, or a signal, ends wait with that status. It is started without a
shell. When --within has passed it gets SIGTERM, and SIGKILL 10 s later. Signals sent to natskv are passed on to it.

wait also waits for the server, for JetStream and for the bucket. After two seconds, and whenever that changes, standard
error says what it is waiting for. If the bucket is recreated it starts again, except with --after, whose revision was
the old bucket's: that is status 3. With --within 0 it checks once: it does not wait for a server that does not answer
(5) or for a missing bucket (3), and COMMAND may take any time.)",
    .output =
        R"(Nothing; with --output the entries that fulfilled the condition, as get prints them: for KEY one entry, for a
PATTERN a list, with --absent an empty list.)",
    .statuses =
        {{"0", "The condition holds."},
         {"3", "--within has passed, and there is no such bucket; or the bucket of --after was recreated."},
         {"5", "--within has passed, and no server answers."},
         {"124", "--within has passed, and the condition does not hold."},
         {"126, 127, others",
          "What COMMAND ended with, above 125; it cannot be executed; there is no such command."}},
    .examples =
        R"(# Go on when the schema has been migrated; fail (124) after five minutes:
$ natskv wait config schema --value 42 --within 5m && echo migrated
migrated
# The next change of a key after the revision that was read:
$ natskv wait config greeting --after 1 -o tsv
greeting	...
# A barrier, until three workers are ready at the same time:
$ natskv wait config 'ready.*' --count 3
# A condition of one's own, asked about each value:
$ natskv wait config replicas -- sh -c 'test $(cat) -ge 3'
)",
    .make = &make_action<Wait>};

}  // namespace natskv::commands
