// modify: a value through a command, stored with compare-and-set.
#include "app/invocation.hpp"
#include "base/boot_clock.hpp"
#include "base/failure.hpp"
#include "commands/all.hpp"
#include "commands/keys/store.hpp"
#include "commands/keys/write.hpp"
#include "commands/shared/command.hpp"
#include "kv/explain.hpp"
#include "terminal/child.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace natskv::commands {
namespace {

using namespace std::chrono_literals;

class Modify final : public Action {
  std::string bucket_, key_;
  std::optional<std::string> default_;
  std::optional<Span> ttl_, within_;
  bool drop_history_ = false, allow_empty_ = false;
  std::vector<std::string> command_;

  void declare(Declaration& a) override {
    a.bucket(bucket_);
    a.key(key_);
    a.take({.name = "--default",
            .kind = Kind::text,
            .help = "if KEY has no value, start with V and create it",
            .placeholder = "V"},
           default_);
    a.take({"--ttl", Kind::duration,
            "a new time to live (whole seconds, at least 1s); default: what is left of the old one"},
           ttl_);
    a.flag("--drop-history", drop_history_, "remove the key's older revisions with the same write");
    a.flag("--allow-empty", allow_empty_, "store an empty output, too");
    a.take({"-w,--within", Kind::duration, "how long to try again after a conflict (30s)"}, within_);
    a.command(command_, "what turns the old value into the new one", true);
  }

  void check() override {
    check_ttl(ttl_);
    if (within_ && within_->ns < 0) throw usage("--within cannot be negative");
  }

  int run(Invocation& natskv) override {
    (void)natskv.format(Style::write());
    terminal::Program program{.argv = command_};
    program.path = terminal::find_program(command_.at(0));
    unset_event_variables(program);
    const auto until = BootClock::now() + std::chrono::nanoseconds(within_.value_or(seconds(30)).ns);
    auto bucket = natskv.bucket(bucket_);
    terminal::Supervisor supervisor;
    for (auto pause = 1ms;; pause = std::min(2 * pause, 64ms)) {
      try {
        return run_once(natskv, bucket, supervisor, program);
      } catch (const Failure& failure) {
        if (failure.exit() != Exit::conflict || natskv.stop() || BootClock::now() >= until) throw;
        // A signal that COMMAND had is not one for the next.
        if (supervisor.signal() != 0) return natskv.print(failure, 128 + supervisor.signal());
      }
      std::this_thread::sleep_for(pause);
    }
  }

  // Failure(conflict) where KEY was written meanwhile.
  int run_once(Invocation& natskv, Bucket& bucket, terminal::Supervisor& supervisor,
               const terminal::Program& program) {
    Session& session = natskv.session();
    session.arm_deadline(session.timeout());
    const auto latest = bucket.latest(key_);
    const bool absent = !latest || latest->entry.marker();
    if (absent && !default_) throw no_key(bucket_, key_);
    const std::string_view before = absent ? *default_ : latest->entry.value.data;
    if (const auto refused = older_would_return(bucket, key_, latest, condition_over(bucket, latest)))
      throw Failure(*refused);
    if (ttl_) bucket.require_ttl(*ttl_);

    const std::uint64_t most = session.max_payload();
    session.lift_deadline();
    const Filtered made = run_filter(natskv, supervisor, program, before, most);
    if (!made.output) throw over_limit({.bucket = bucket_, .key = key_}, "server", most, {});
    if (made.status != 0) return ended_badly(natskv, made.status);
    if (!absent && *made.output == before)
      return print(natskv, {bucket_, key_, latest->entry.revision, Operation::put});
    if (made.output->empty() && !before.empty() && !allow_empty_)
      throw Failure(Exit::failure, "COMMAND's output is empty; nothing was written",
                    "--allow-empty stores it", {bucket_, key_, 0});

    connect_where_lost(natskv);
    session.arm_deadline(session.timeout());
    Condition condition = condition_over(bucket, latest);
    if (condition.ttl && !ttl_) condition.ttl = bucket.left_of(latest->entry);
    return print(natskv, store_expiring(bucket, key_, *made.output, condition));
  }

  // What the write asks for; of a time to live that is kept the whole of it.
  [[nodiscard]] Condition condition_over(Bucket& bucket, const std::optional<OwnedEntry>& latest) const {
    Condition condition{
        .revision = latest ? latest->entry.revision : 0, .ttl = ttl_, .drop_history = drop_history_};
    if (ttl_ || !latest || latest->entry.marker()) return condition;
    keep_ttl(bucket, latest->entry, condition);
    return condition;
  }

  static int ended_badly(Invocation& natskv, int status) {
    return natskv.print(
        {Exit::failure, fmt::format("COMMAND ended with status {}; nothing was written", status)}, status);
  }
};

}  // namespace

const Verb modify{
    .name = "modify",
    .group = Group::keys,
    .summary = "Change a value with a command, without losing an update",
    .description =
        R"(COMMAND gets the value of KEY on its stdin, and what it writes to its stdout is stored, if KEY was not written
meanwhile. If it was, COMMAND is run again with the new value, until its output is stored or --within has passed
(status 4); a COMMAND that is running then is not stopped, and its output is still sent. So COMMAND must have no other
effect: it may run several times.

Nothing is written if COMMAND ends with a status other than 0, which is then natskv's; if its output is larger than the
server allows; or if the output is the value that KEY already has: then that revision is printed. An empty output is
refused unless --allow-empty is given or the input was empty, too: a filter that failed often prints nothing. COMMAND
need not read its stdin. What it leaves running is stopped, and what that writes after COMMAND has ended is lost.

What is left of the key's time to live is kept, in whole seconds, unless --ttl gives another. A key with less than a
second left is not written (status 3). In a bucket with a history above 1 a value with a time to live needs
--drop-history: otherwise the older value would come back when it expires. The option removes the key's older revisions
with the same write.

COMMAND is started without a shell: write a pipeline as sh -c '… | …'. Signals sent to natskv are passed on to it.)",
    .output =
        "The new revision, one number, never the value. JSON: an object with bucket, key, revision and "
        "operation.",
    .statuses = {{"0", "Stored, or unchanged."},
                 {"1", "The output is empty or too large; or COMMAND's own."},
                 {"3", "KEY has no value and --default was not given; or it is about to expire."},
                 {"4", "KEY was written meanwhile, again and again, until --within had passed."},
                 {"7", "No answer; it may have been stored. Nothing is repeated."},
                 {"126, 127", "COMMAND cannot be executed; there is no such command."},
                 {"others", "COMMAND's own status; 128 and more if a signal ended it."}},
    .examples =
        R"(# Put a value through a filter:
$ natskv modify config greeting -- tr a-z A-Z
2
# A counter that many processes can increase at once:
$ natskv modify config hits --default 0 -- sh -c 'echo $(($(cat) + 1))'
3
# If nothing changes, nothing is written:
$ natskv modify config greeting -- cat
2)",
    .make = &make_action<Modify>,
};

}  // namespace natskv::commands
