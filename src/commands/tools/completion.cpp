// completion: the completion script for a shell.
#include "app/invocation.hpp"
#include "commands/all.hpp"
#include "commands/tools/completion_scripts.hpp"

namespace natskv::commands {
namespace {

class Completion final : public Action {
  std::string shell_;

  void declare(Declaration& a) override {
    a.take({.name = "SHELL",
            .kind = Kind::choice,
            .help = "bash, zsh or fish",
            .required = true,
            .choices = {"bash", "zsh", "fish"}},
           shell_);
  }

  int run(Invocation& natskv) override {
    natskv.out().write(shell_ == "bash"  ? bash_completion
                       : shell_ == "zsh" ? zsh_completion
                                         : fish_completion);
    return 0;
  }
};

}  // namespace

const Verb completion{
    .name = "completion",
    .group = Group::tools,
    .summary = "Print the completion script for a shell",
    .description =
        R"text(Prints the script with which bash, zsh or fish complete natskv's commands, options and their values, and, from
the server, buckets, keys, revisions and contexts. Packages install it; otherwise load it in the shell's startup file:

  bash  eval "$(natskv completion bash)"
  zsh   source <(natskv completion zsh)
  fish  natskv completion fish | source

The script asks natskv at each Tab. If no server answers, it offers nothing after half a second.)text",
    .output = "The script.",
    .examples =
        R"~(# For bash, in this shell; add the line to ~/.bashrc for all:
$ eval "$(natskv completion bash)"
# For zsh, in a folder of fpath:
$ natskv completion zsh > _natskv
# For fish:
$ natskv completion fish > natskv.fish
)~",
    .make = make_action<Completion>,
};

}  // namespace natskv::commands
