// help: of natskv, or of one command.
#include "commands/tools/help.hpp"

#include "app/natskv.hpp"
#include "cli/guess.hpp"
#include "cli/help.hpp"
#include "commands/all.hpp"

namespace natskv::commands {
namespace {

class Help final : public Action {
  std::optional<std::string> command_;
  bool all_ = false;

  void declare(Arguments& a) override {
    a.take({.name = "COMMAND", .kind = Kind::topic, .help = "whose help"}, command_);
    a.flag("--all", all_, "each command in a line");
  }

  void check() override {
    if (command_ && all_) throw usage("--all lists the commands; it takes no COMMAND");
  }

  int run(Natskv& natskv) override {
    natskv.out().write(text(natskv.program()));
    return 0;
  }

  [[nodiscard]] std::string text(const Program& program) const {
    if (!command_) return all_ ? command_summaries(program) : overview(program);
    const Verb* verb = program.find(*command_);
    if (verb == nullptr) throw unknown_command(program, *command_, "");
    return natskv::help(*verb, *bind(program, *verb).declaration);
  }
};

}  // namespace

std::string overview(const Program& program) {
  std::string out =
      "natskv: NATS JetStream key-value buckets from a shell\n\n"
      "Usage: natskv [OPTIONS] COMMAND [ARGUMENTS]\n\n";
  out += command_names(program);
  out +=
      "\nFirst steps:\n"
      "  natskv sandbox                      a private server, to try it all in\n"
      "  natskv add config                   make a bucket\n"
      "  natskv put config greeting hello    store a value; its revision is printed\n"
      "  natskv get config greeting          read it\n"
      "  natskv watch config                 see every change\n"
      "\n"
      "natskv COMMAND --help   what it does, its options, examples (man natskv-COMMAND)\n"
      "natskv help --all       each command in a line\n"
      "man natskv              options of all commands, exit statuses, contexts\n";
  return out;
}

const Verb help{
    .name = "help",
    .aliases = {},
    .group = Group::tools,
    .summary = "Show help, of a command too",
    .description = "The same as natskv --help and natskv COMMAND --help.",
    .output = "Text.",
    .examples =
        "$ natskv help get | head -1\nnatskv get: Read the value of a key, byte for byte\n"
        "$ natskv help --all | grep -w get\n  get         Read the value of a key, byte for byte\n",
    .make = make_action<Help>,
};

}  // namespace natskv::commands
