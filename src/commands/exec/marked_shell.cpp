#include "commands/exec/marked_shell.hpp"

#include "base/quote.hpp"

#include <cstdlib>
#include <string>

namespace natskv::commands {
namespace {

// Runs each time before the prompt is shown, because prompt themes set it each time.
constexpr const char* bash_start = R"(if [ -r ~/.bashrc ]; then . ~/.bashrc; fi
_natskv_sandbox() {
  case $PS1 in '(sandbox) '*) ;; *) PS1="(sandbox) $PS1" ;; esac
}
if [ -n "${PROMPT_COMMAND[1]+x}" ]; then
  PROMPT_COMMAND+=(_natskv_sandbox)
else
  PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}_natskv_sandbox"
fi
)";

// ZDOTDIR is restored first, so that zsh reads the user's other files; the hook moves after those that they
// add.
constexpr const char* zsh_start =
    R"(if [[ -r ${ZDOTDIR:-$HOME}/.zshenv ]]; then . ${ZDOTDIR:-$HOME}/.zshenv; fi
_natskv_sandbox() {
  precmd_functions=(${precmd_functions:#_natskv_sandbox} _natskv_sandbox)
  [[ $PS1 == '(sandbox) '* ]] || PS1="(sandbox) $PS1"
}
precmd_functions+=(_natskv_sandbox)
)";

// Runs after config.fish. A prompt may show the status of the last command.
constexpr const char* fish_start = R"(functions --copy fish_prompt _natskv_user_prompt
function _natskv_status; return $argv[1]; end
function fish_prompt
  set -l last $status
  echo -n '(sandbox) '
  _natskv_status $last
  _natskv_user_prompt
end)";

}  // namespace

void mark_prompt(terminal::Program& shell, const terminal::Sandbox& sandbox) {
  const std::string& path = shell.argv.at(0);
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name == "bash") {
    shell.argv.insert(shell.argv.end(), {"--rcfile", sandbox.write("bashrc", bash_start)});
  } else if (name == "zsh") {
    const char* const folder = std::getenv("ZDOTDIR");
    const std::string restore =
        folder == nullptr ? "unset ZDOTDIR\n" : "export ZDOTDIR=" + shell_quoted(folder) + "\n";
    const std::string file = sandbox.write(".zshenv", restore + zsh_start);
    shell.environment["ZDOTDIR"] = file.substr(0, file.rfind('/'));
  } else if (name == "fish") {
    shell.argv.insert(shell.argv.end(), {"--init-command", fish_start});
  }
}

}  // namespace natskv::commands
