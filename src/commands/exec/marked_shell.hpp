// Shows in the prompt of the user's shell that it is in a sandbox.
#pragma once

#include "terminal/child.hpp"
#include "terminal/sandbox.hpp"

namespace natskv::commands {

/// Makes the prompt of an interactive bash, zsh or fish begin with "(sandbox) ", after the user's own
/// start-up files have run as usual. Any other shell starts as it is.
void mark_prompt(terminal::Program& shell, const terminal::Sandbox& sandbox);

}  // namespace natskv::commands
