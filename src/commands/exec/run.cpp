// run: a program with a bucket as its environment.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "commands/all.hpp"
#include "commands/exec/environment.hpp"
#include "commands/exec/restart.hpp"
#include "commands/shared/command.hpp"
#include "terminal/child.hpp"

#include <fmt/format.h>

namespace natskv::commands {
namespace {

class Run final : public Action {
  EnvironmentArguments arguments_;
  std::vector<std::string> command_;
  bool pristine_ = false, keep_nats_ = false, restart_ = false;
  std::optional<Span> debounce_, grace_;

  void declare(Declaration& a) override {
    arguments_.declare(a);
    a.flag("--pristine", pristine_, "only the bucket's variables, nothing of natskv's own environment");
    a.flag("--keep-nats", keep_nats_, "keep NATS_PASSWORD and natskv's other secrets in the environment");
    a.flag("--restart", restart_, "stop COMMAND and start it again when its environment has changed");
    a.take({"--debounce", Kind::duration,
            "with --restart: how long without a change before the environment is compared (1s)"},
           debounce_);
    a.take(
        {"--grace", Kind::duration, "with --restart: from SIGTERM to SIGKILL when COMMAND is stopped (10s)"},
        grace_);
    a.command(command_, "what to run", true);
  }

  void check() override {
    arguments_.check();
    if (debounce_ && !restart_) throw usage("--debounce needs --restart");
    if (grace_ && !restart_) throw usage("--grace needs --restart");
  }

  int run(Invocation& natskv) override {
    terminal::Program program{.argv = command_, .pristine = pristine_};
    program.path = terminal::find_program(command_.at(0));
    const auto with = [&](const Variables& variables) { return with_environment(program, variables); };
    if (restart_) {
      Restarting how;
      if (debounce_) how.debounce = std::chrono::nanoseconds(debounce_->ns);
      if (grace_) how.grace = std::chrono::nanoseconds(grace_->ns);
      return run_restarting(natskv, arguments_, how, with);
    }
    const Variables variables = arguments_.read(natskv);
    if (natskv.stop()) throw Stopped{};
    terminal::exec_child(with(variables));
  }

  [[nodiscard]] terminal::Program with_environment(terminal::Program program,
                                                   const Variables& variables) const {
    unset_event_variables(program);
    if (!keep_nats_) {
      for (const char* name : {"PASSWORD", "TOKEN", "CREDS", "NKEY", "JWT", "SEED"}) {
        program.environment[fmt::format("NATS_{}", name)] = std::nullopt;
        program.environment[fmt::format("NATS_{}_FILE", name)] = std::nullopt;
      }
    }
    for (const auto& [name, variable] : variables.all()) program.environment[name] = variable.value;
    return program;
  }
};

}  // namespace

const Verb run{
    .name = "run",
    .group = Group::exec,
    .summary = "Run a command with keys as its environment",
    .description =
        R"(Reads the keys of BUCKET, or those that are named, and replaces itself with COMMAND, with the keys as environment
variables: no natskv process remains, and signals, exit status and process id are COMMAND's. It is started without a
shell. For names, and for what is an error, see natskv-env(1); after an error nothing is run.

The rest of natskv's environment is passed on, but not its secrets NATS_PASSWORD, NATS_TOKEN, NATS_CREDS, NATS_NKEY,
NATS_JWT and NATS_SEED (and their _FILE forms), unless --keep-nats is given; with --pristine nothing is passed on.
COMMAND is looked up in natskv's own PATH before connecting.

With --restart natskv stays. If, after a second without a change (--debounce), the environment differs (not just a
revision), COMMAND is stopped (SIGTERM, and SIGKILL after --grace) and started with the new environment. An environment
that cannot be used is reported, and COMMAND keeps the one it has, as it does while the server or the bucket is gone. A
key that expires is noticed if the server writes a marker for it, otherwise at the next change. Signals sent to natskv,
including SIGHUP, are passed on to COMMAND. When COMMAND ends by itself, natskv ends with its status: starting it again
is left to a service manager. To send COMMAND a signal instead of restarting it see natskv-watch(1), --debounce.)",
    .output = "What COMMAND prints.",
    .statuses = {{"0, others", "COMMAND's own status."},
                 {"1", "A value or a name cannot be a variable; COMMAND was not run."},
                 {"126, 127",
                  "COMMAND cannot be executed, or its environment is too large; there is no such command."}},
    .examples =
        R"(# A program with the bucket's keys as its environment:
$ natskv run config -- ./server
hello
# The same, stopped and started again whenever the environment has changed:
$ natskv run config --restart -- ./server
hello
# With nothing else in its environment, and other names:
$ natskv run config --pristine --prefix APP_ -- env
APP_GREETING=hello
)",
    .make = &make_action<Run>};

}  // namespace natskv::commands
