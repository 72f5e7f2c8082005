// help: of natskv, or of one command.
#include "app/help.hpp"

#include "app/cli.hpp"
#include "app/natskv.hpp"
#include "commands/all.hpp"

namespace natskv::commands {
namespace {

class Help final : public Action {
  std::optional<std::string> command_;
  bool all_ = false;

  void declare(Arguments& a) override {
    a.take({.name = "COMMAND", .kind = Kind::text, .help = "whose help"}, command_);
    a.flag("--all", all_, "each command in a line");
  }

  void check() override {
    if (command_ && all_) throw usage("--all lists the commands; it takes no COMMAND");
  }

  int run(Natskv& natskv) override {
    if (!command_) {
      natskv.out().write(all_ ? natskv::help_all() : natskv::help());
      return 0;
    }
    CommandLine line;
    read({*command_, "--help"}, line);
    natskv.out().write(line.verb == nullptr ? natskv::help() : natskv::help(*line.verb, *line.declared));
    return 0;
  }
};

}  // namespace

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
