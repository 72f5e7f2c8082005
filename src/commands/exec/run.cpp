// run: a program with a bucket as its environment.
#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "commands/all.hpp"
#include "commands/exec/environment.hpp"
#include "commands/shared/command.hpp"
#include "terminal/child.hpp"

#include <fmt/format.h>

namespace natskv::commands {
namespace {

class Run final : public Action {
  EnvironmentArguments arguments_;
  std::vector<std::string> command_;
  bool pristine_ = false, keep_nats_ = false;

  void declare(Arguments& a) override {
    arguments_.declare(a);
    a.flag("--pristine", pristine_, "the bucket's variables only, none of natskv's own environment");
    a.flag("--keep-nats", keep_nats_, "leave NATS_PASSWORD and other secrets of natskv's in the environment");
    a.command(command_, "what to run", true);
  }

  void check() override { arguments_.check(); }

  int run(Invocation& natskv) override {
    terminal::Program program{.argv = command_, .pristine = pristine_};
    program.path = terminal::find_program(command_.at(0));
    const Variables variables = arguments_.read(natskv);
    unset_event_variables(program);
    if (!keep_nats_) {
      for (const char* name : {"PASSWORD", "TOKEN", "CREDS", "NKEY", "JWT", "SEED"}) {
        program.environment[fmt::format("NATS_{}", name)] = std::nullopt;
        program.environment[fmt::format("NATS_{}_FILE", name)] = std::nullopt;
      }
    }
    for (const auto& [name, variable] : variables.all()) program.environment[name] = variable.value;
    if (natskv.stop()) throw Stopped{};
    terminal::exec_child(program);
  }
};

}  // namespace

const Verb run{
    .name = "run",
    .aliases = {},
    .group = Group::exec,
    .summary = "Run a command with keys as its environment",
    .description =
        R"(Reads the keys of BUCKET, or those named, and becomes COMMAND with them as environment variables: no natskv stays,
and signals, exit status and process id are COMMAND's. It is started without a shell. Names, and what is refused with
nothing run, are as for natskv env: see natskv-env(1).

The rest of natskv's environment is passed on, but not its secrets NATS_PASSWORD, NATS_TOKEN, NATS_CREDS, NATS_NKEY,
NATS_JWT and NATS_SEED (and their _FILE forms) unless --keep-nats is given; with --pristine nothing of it is. COMMAND is
looked up in natskv's own PATH before anything is connected to.)",
    .output = "What COMMAND prints.",
    .statuses = {{"0, others", "COMMAND's own status."},
                 {"1", "A value or a name cannot be a variable; COMMAND was not run."},
                 {"126, 127",
                  "COMMAND cannot be executed, or its environment is too large; there is no such command."}},
    .examples =
        R"(# A program with the bucket's keys as its environment:
$ natskv run config -- ./server
hello
# With nothing else in its environment, and other names:
$ natskv run config --pristine --prefix APP_ -- env
APP_GREETING=hello
)",
    .make = &make_action<Run>};

}  // namespace natskv::commands
