// The scripts of completions/, inside the executable.
#pragma once

#include <string_view>

namespace natskv::commands {

extern const std::string_view bash_completion, zsh_completion, fish_completion;

}  // namespace natskv::commands
