#include "commands/shared/command.hpp"

#include <fmt/format.h>

namespace natskv::commands {

void unset_event_variables(terminal::Program& program) {
  for (const char* name : {"BUCKET", "KEY", "OPERATION", "REVISION", "CREATED", "EVENTS"})
    program.environment[fmt::format("NATSKV_{}", name)] = std::nullopt;
}

void report_leftovers(Invocation& natskv, const terminal::Supervisor& supervisor) {
  const int left = supervisor.leftovers();
  if (left == 0) return;
  natskv.warn(left == 1
                  ? "COMMAND ended and left a process running, which was stopped"
                  : fmt::format("COMMAND ended and left {} processes running, which were stopped", left));
}

int run_program(Invocation& natskv, const terminal::Program& program) {
  if (natskv.stop()) throw Stopped{};
  terminal::Supervisor supervisor;
  supervisor.start(program);
  while (!supervisor.wait()) {
  }
  report_leftovers(natskv, supervisor);
  return supervisor.status();
}

}  // namespace natskv::commands
