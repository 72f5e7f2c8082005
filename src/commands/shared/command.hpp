// Running a program for the user: COMMAND, an editor.
#pragma once

#include "app/invocation.hpp"
#include "terminal/child.hpp"
#include "terminal/supervisor.hpp"

namespace natskv::commands {

/// What an outer natskv may have set for its COMMAND; the variables of a lock stay.
void unset_event_variables(terminal::Program& program);

/// Says on stderr what COMMAND had left, which was stopped.
void report_leftovers(Invocation& natskv, const terminal::Supervisor& supervisor);

/// Runs it to its end and returns its status. Throws as Supervisor::start() does; Stopped where a signal came
/// before.
int run_program(Invocation& natskv, const terminal::Program& program);

}  // namespace natskv::commands
