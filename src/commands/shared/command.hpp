// Running a program for the user: COMMAND, an editor.
#pragma once

#include "app/invocation.hpp"
#include "terminal/child.hpp"
#include "terminal/supervisor.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::commands {

/// Unsets what an outer natskv may have set for its COMMAND, except a lock's variables.
void unset_event_variables(terminal::Program& program);

/// After a program that may have taken longer than the connection lasts: connects again, for as long as
/// --timeout. Throws as Session::connect_again() does.
void connect_where_lost(Invocation& natskv);

/// Reports on stderr the processes that COMMAND left running, which were stopped.
void report_leftovers(Invocation& natskv, const terminal::Supervisor& supervisor);

/// Runs it to its end and returns its status. Throws as Supervisor::start() does; Stopped if a signal came
/// first.
int run_program(Invocation& natskv, const terminal::Program& program);

struct Filtered {
  int status = 0;
  std::optional<std::string> output;  ///< nullopt: more than it may be, and the program was stopped
};
/// The same for a program that reads `input` and whose stdout is taken, until it has ended and at most `most`
/// bytes: what it left running writes for nobody.
Filtered run_filter(Invocation& natskv, terminal::Supervisor& supervisor, terminal::Program program,
                    std::string_view input, std::size_t most);

}  // namespace natskv::commands
