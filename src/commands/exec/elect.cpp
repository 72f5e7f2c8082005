// elect: run a command on one of many machines.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "commands/all.hpp"
#include "commands/exec/held.hpp"

namespace natskv::commands {
namespace {

class Elect final : public Action {
  HeldArguments held_;

  void declare(Declaration& a) override { held_.declare(a); }

  void check() override { held_.check(); }

  int run(Invocation& natskv) override {
    const auto program = held_.program();
    lease::Lease lease(natskv.session(), held_.claim());
    for (;;) {
      take(natskv, lease, held_, {});
      const Ended ended = run_held(natskv, lease, held_, program);
      if (!ended.loss) return ended.status;
      if (ended.loss->exit() == Exit::not_found) throw Failure(*ended.loss);
      natskv.warn(ended.loss->what());
      lease.start_over();
    }
  }
};

}  // namespace

const Verb elect{
    .name = "elect",
    .group = Group::exec,
    .summary = "Run a command on the one machine that is leader",
    .description =
        R"(Waits, without limit, until KEY is free, and then is the leader: COMMAND runs, and KEY is renewed until COMMAND
ends. If leadership is lost (natskv cannot reach the server, or KEY was deleted or taken), COMMAND is stopped, and
natskv campaigns again. When COMMAND ends by itself, natskv releases KEY and ends with COMMAND's status. Start it on
every machine: one of them leads, and another one takes over when that one is gone, at most --ttl later.

KEY's value is --value, for example an address at which clients reach the leader. They read it with natskv get, and
follow changes with natskv watch.

What KEY is, what the bucket must be like, how COMMAND is run and stopped, and what is guaranteed and what is not: see
natskv-lock(1). COMMAND has NATSKV_LOCK_TOKEN, which grows with each leader, NATSKV_LOCK_BUCKET and NATSKV_LOCK_KEY in
its environment.)",
    .output = "What COMMAND prints.",
    .statuses = {{"0, others", "COMMAND's own status; 128 and more if a signal ended it."},
                 {"3", "The bucket was removed; COMMAND was stopped."},
                 {"126, 127", "COMMAND cannot be executed; there is no such command."}},
    .examples =
        R"(# Started on each of three machines, the worker runs on one of them:
$ natskv elect locks worker --value 10.0.0.7:80 -- ./worker
working
# Who is the leader?
$ natskv get locks worker --default nobody
nobody
)",
    .make = &make_action<Elect>};

}  // namespace natskv::commands
