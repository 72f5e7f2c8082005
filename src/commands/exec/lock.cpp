// lock: run a command while nobody else holds the same key.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "commands/all.hpp"
#include "commands/exec/held.hpp"

#include <chrono>
#include <optional>

namespace natskv::commands {
namespace {

class Lock final : public Action {
  HeldArguments held_;
  std::optional<Span> within_;
  bool try_ = false;
  std::optional<std::uint64_t> conflict_status_, own_status_;

  void declare(Declaration& a) override {
    held_.declare(a);
    a.take({"-w,--within", Kind::duration,
            "give up after waiting this long (status 4); default: wait without limit"},
           within_);
    a.flag("--try", try_, "do not wait");
    a.excludes("--within", "--try");
    a.take({.name = "-E,--conflict-exit-code",
            .kind = Kind::count,
            .help = "the status, instead of 4, if COMMAND was not run because KEY is held",
            .placeholder = "N",
            .most = 255},
           conflict_status_);
    a.take({.name = "--own-exit-code",
            .kind = Kind::count,
            .help = "the status of every failure of natskv itself, to tell it from COMMAND's",
            .placeholder = "N",
            .most = 255},
           own_status_);
  }

  void check() override { held_.check(); }

  int run(Invocation& natskv) override {
    try {
      return locked(natskv);
    } catch (const Failure& failure) {
      return natskv.print(failure, own(failure.exit()));
    }
  }

  [[nodiscard]] int own(Exit exit) const {
    const int status = static_cast<int>(exit);
    // 126 and 127 are COMMAND's.
    return own_status_ && status < 8 ? static_cast<int>(*own_status_) : status;
  }

  int locked(Invocation& natskv) {
    const auto program = held_.program();
    lease::Lease lease(natskv.session(), held_.claim());
    std::optional<lease::Time> until;
    if (try_) until = BootClock::now();
    if (within_) until = BootClock::now() + std::chrono::nanoseconds(within_->ns);
    if (!take(natskv, lease, held_, until)) {
      const Failure why = not_taken(lease, held_);
      const bool held = why.exit() == Exit::conflict && conflict_status_;
      return natskv.print(why, held ? static_cast<int>(*conflict_status_) : own(why.exit()));
    }
    const Ended ended = run_held(natskv, lease, held_, program);
    if (!ended.loss) return ended.status;
    return natskv.print(*ended.loss, own(ended.loss->exit()));
  }
};

}  // namespace

const Verb lock{
    .name = "lock",
    .group = Group::exec,
    .summary = "Run a command while nobody else holds the key",
    .description =
        R"(Takes the lock KEY, runs COMMAND and releases the lock when COMMAND has ended. While another client holds KEY it
waits: without limit, for --within, or with --try not at all. Waiters race; there is no order. After two seconds stderr
names the holder.

The lock is an entry of KEY with a time to live, --ttl, that is renewed after each third of it. Its value is --value,
so that every client can read who holds it; by its header Natskv-Holder natskv recognizes its own entry. The bucket
must let keys expire one by one (nats-server 2.11 or newer; natskv edit BUCKET --marker-ttl 1m), or have a TTL of 2s to
1h for all its keys, which then is the lock's (any server; natskv add locks --ttl 30s). Mirrors are refused.

If the lock cannot be renewed (the server or the connection is gone), COMMAND gets SIGTERM --grace before the lock
expires and SIGKILL just before that, from a second process of natskv, the keeper, even if natskv itself hangs, was
stopped or was killed with SIGKILL. If the lock was deleted, purged or taken by another client, COMMAND is stopped at
once. In a bucket with replicas choosing a new leader may take 8 s: use --ttl 15s or more.

GUARANTEE. As long as clocks run equally fast within 1 % and the keeper gets processor time, COMMAND and its process
group (on a terminal: its descendants) have ended before the server lets another client take the lock. Exceptions: an
operator who deletes the key, shortens the bucket's TTL or restores the bucket.

NO GUARANTEE. What COMMAND sent before it was stopped may still arrive later, for example a request in a queue or in a
network buffer. If natskv and the keeper are both killed, if the machine is frozen longer than --ttl, or if the
server's clock jumps forward, another holder may start too early. For these cases COMMAND has NATSKV_LOCK_TOKEN, the
revision at which the lock was taken: each later holder's is larger, as long as the bucket exists. Pass it to what you
protect, and let that refuse a token smaller than one it has seen. The lock is advisory: it does not stop anyone who
does not take it.

COMMAND is started without a shell and has natskv's stdin, stdout and stderr. Signals sent to natskv are passed on to
it, and the lock is held and renewed until it has ended. In its environment are NATSKV_LOCK_BUCKET, NATSKV_LOCK_KEY and
NATSKV_LOCK_TOKEN. A lock is not reentrant. A script that takes its own lock begins with:
[ "$NATSKV_LOCK_BUCKET/$NATSKV_LOCK_KEY" = locks/deploy ] || exec natskv lock locks deploy -- "$0" "$@".
To break a lock: natskv purge BUCKET KEY; its holder then stops COMMAND.)",
    .output = "What COMMAND prints.",
    .statuses =
        {{"0, others", "COMMAND's own status; 128 and more if a signal ended it."},
         {"4",
          "KEY is held, and --try was given or --within has passed; or the lock was lost, and COMMAND was "
          "stopped."},
         {"5", "The lock could not be renewed in time, and COMMAND was stopped."},
         {"7", "No answer said whether the lock was taken; COMMAND was not run."},
         {"126, 127",
          "COMMAND cannot be executed; there is no such command. Found before the lock is taken."}},
    .examples =
        R"(# Run a deployment while no other one runs:
$ natskv lock locks deploy -- ./deploy
deploying
# Do not wait for another one; give up with a status of its own:
$ natskv lock locks deploy --try --conflict-exit-code 75 -- ./deploy
deploying
# The fencing token: what is protected refuses one smaller than it has seen.
$ natskv lock locks deploy -- sh -c 'echo token $NATSKV_LOCK_TOKEN'
token ...
)",
    .make = &make_action<Lock>};

}  // namespace natskv::commands
