// run --restart: COMMAND again, whenever its environment is another one.
#pragma once

#include "app/invocation.hpp"
#include "commands/exec/environment.hpp"
#include "terminal/child.hpp"

#include <chrono>
#include <functional>

namespace natskv::commands {

struct Restarting {
  std::chrono::nanoseconds debounce = std::chrono::seconds(1);  ///< without a change before one counts
  std::chrono::nanoseconds grace = std::chrono::seconds(10);    ///< from SIGTERM to SIGKILL
};

/// Runs COMMAND until it ends by itself, and returns its status. `program_with`: COMMAND with these
/// variables. Failure: what reading them the first time ends with.
int run_restarting(Invocation& natskv, const EnvironmentArguments& arguments, const Restarting& how,
                   const std::function<terminal::Program(const Variables&)>& program_with);

}  // namespace natskv::commands
