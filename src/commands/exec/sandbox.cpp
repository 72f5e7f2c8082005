#include "terminal/sandbox.hpp"

#include "app/invocation.hpp"
#include "cli/verb.hpp"
#include "commands/all.hpp"
#include "commands/exec/marked_shell.hpp"
#include "commands/shared/command.hpp"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {
namespace {

std::vector<std::string> users_shell() {
  const char* const shell = std::getenv("SHELL");
  return {shell != nullptr && *shell != '\0' ? shell : "/bin/sh"};
}

class SandboxAction final : public Action {
  std::optional<std::string> store_, server_;
  std::string program_;
  std::vector<std::string> command_;

  void declare(Declaration& arguments) override {
    arguments.take({"--store", Kind::directory, "keep the data in this folder"}, store_);
    arguments.take({.name = "--nats-server",
                    .kind = Kind::file,
                    .help = "the nats-server to run (the one found in PATH)",
                    .placeholder = "PATH",
                    .environment = "NATSKV_NATS_SERVER"},
                   server_);
    arguments.command(command_, "what to run (default: your shell)");
  }

  void check() override {
    if (store_ && store_->empty()) throw usage("--store needs a folder");
    program_ = terminal::server_program(server_);
  }

  int run(Invocation& natskv) override {
    const bool shell = command_.empty();
    terminal::Program program{.argv = shell ? users_shell() : command_};
    program.path = terminal::find_program(program.argv[0]);
    const terminal::Sandbox sandbox(program_, store_, natskv.stop());
    program.environment = sandbox.environment();
    if (shell && ::isatty(STDERR_FILENO) == 1) {
      natskv.note("a private nats-server is running; leave this shell (exit, or Ctrl-D) to end it");
      if (::isatty(STDIN_FILENO) == 1) mark_prompt(program, sandbox);
    }
    return run_program(natskv, program);
  }
};

}  // namespace

const Verb sandbox{
    .name = "sandbox",
    .group = Group::exec,
    .summary = "Run a command beside a private nats-server",
    .description =
        R"(Starts a nats-server with JetStream on a free port of 127.0.0.1, runs COMMAND (by default your shell) and
ends the server after the command has ended. The exit status is the command's: 128 plus the signal's number if a
signal ended it, 127 if there is no such command, 126 if it cannot be executed. A shell that is bash, zsh or fish
has (sandbox) before its prompt; your own start-up files run as always.

The command finds the server through NATS_URL, and through NATS_CONTEXT for programs that read contexts of the nats
tool; every other variable NATS_* is unset. A random token keeps other users out. It is in files of mode 0600 and
in the environment of the command, never in the arguments of a program.

Data live in a fresh folder of mode 0700 in $XDG_RUNTIME_DIR, else $TMPDIR, else /tmp, and are removed at the end, or
kept with --store. The server dies with natskv, however that ends; what a natskv that was killed with SIGKILL left
over is removed by the next sandbox. Only one sandbox at a time can use a --store folder.

Ctrl-C reaches the command, not the server: natskv waits for the command to end. SIGTERM and every other signal that is
sent to natskv is passed on to it. What the command leaves running when it ends is stopped, and so are the command and
its children when natskv is killed.)",
    .output = "What COMMAND prints.",
    .statuses = {{"0", "COMMAND ended with 0. Every other status of COMMAND is passed on, too."},
                 {"126, 127", "COMMAND cannot be executed; there is no such command."},
                 {"128 and more", "COMMAND was ended by the signal with this number minus 128."}},
    .examples =
        R"(# Run a test suite beside a server of its own:
$ natskv sandbox -- ./tests
passed
# Keep the data between two runs:
$ natskv sandbox --store ./data -- natskv -q add config
$ natskv sandbox --store ./data -- natskv ls --names
config
)",
    .make = &make_action<SandboxAction>};

}  // namespace natskv::commands
