// Programs that natskv starts: the user's command, an editor, a server. Each gets the signals, descriptors
// and working folder that natskv was started with.
#pragma once

#include "terminal/keeper.hpp"

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace natskv::terminal {

/// Changes to the environment: a value, or nullopt for "unset".
using EnvironmentChanges = std::map<std::string, std::optional<std::string>>;

struct Program {
  std::vector<std::string> argv;  ///< the name (looked up in PATH) or path first
  EnvironmentChanges environment = {};
  std::string path = {};              ///< what find_program() found; empty: found at the start
  bool pristine = false;              ///< nothing of natskv's own environment
  int in = -1, out = -1, error = -1;  ///< become 0, 1 and 2; the caller keeps them
  // For a server in the background:
  bool alone =
      false;  ///< in its own session with /dev/null as stdin: signals of the terminal do not reach it
  int death_signal = 0;  ///< sent to it when the calling thread ends, however it ends
  int inherited = -1;    ///< a close-on-exec descriptor that it keeps open
};

/// A program that a keeper watches from before its first instruction.
struct Kept {
  const Keeper& keeper;
  Orders orders;   ///< except its process id, which it fills in
  bool own_group;  ///< leads a process group, which it also fills in
};

/// The file that execve would run, from natskv's own PATH. Throws Failure: no_such_command (127) or
/// not_executable (126), as a shell would.
std::string find_program(const std::string& name);

/// Starts it with execve: a program that cannot be executed is never run by a shell instead. Throws Failure
/// as find_program() does, and with status 1 if no process can be created.
pid_t start(const Program& program, const Kept* kept = nullptr);

/// Replaces this process with the program. Returns only by throwing Failure.
[[noreturn]] void exec_child(const Program& program);

/// Exit status, or 128 + signal, of a wait status.
int status_of_child(int wait_status);

/// Whether the child has ended. It is not reaped, so that its pid is not reused.
bool has_ended(pid_t child);

/// Its wait status, once it has ended.
int reap(pid_t child);

/// Waits up to `milliseconds` for its end (-1: forever) and reaps it. Returns its status, or nullopt: still
/// running.
std::optional<int> wait_for(pid_t child, int milliseconds);

}  // namespace natskv::terminal
