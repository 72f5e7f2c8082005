// Programs that natskv starts: the user's command, an editor, a server of its own. Every one begins with the
// signal mask and dispositions natskv was started with.
#pragma once

#include "base/stop.hpp"

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
  // For a server in the background:
  bool alone = false;    ///< a session of its own, stdin is /dev/null: the terminal's signals do not reach it
  int death_signal = 0;  ///< sent to it when the calling thread ends, however it ends
  int output = -1;       ///< its stdout and stderr; stays the caller's
  int inherited = -1;    ///< a close-on-exec descriptor that it keeps open
};

/// Starts it. Throws Failure with status 127 when there is no such program, 126 when it can't be executed, as
/// a shell would; 1 when there is no process to be had.
pid_t start(const Program& program);

/// Exit status, or 128 + signal, of a wait status.
int status_of_child(int wait_status);

/// Waits up to `milliseconds` for its end (-1: for ever) and reaps it. Returns its status, or nullopt: still
/// running.
std::optional<int> wait_for(pid_t child, int milliseconds);

/// Runs it in the foreground to its end and returns its status. Ctrl-C is its own business, as in a shell: it
/// reaches the child through the terminal and natskv goes on waiting; SIGINT, SIGTERM and SIGHUP sent to
/// natskv are forwarded. A `stop` of another kind sends it SIGTERM. The terminal is put back as it was when
/// the child dies of a signal. Throws as start() does; Stopped where `stop` was set before.
int run_child(const Program& program, const Stop& stop);

/// While it lives, SIGQUIT (Ctrl-\) ends children only.
class IgnoreQuit {
 public:
  IgnoreQuit();
  ~IgnoreQuit();
  IgnoreQuit(const IgnoreQuit&) = delete;
  IgnoreQuit& operator=(const IgnoreQuit&) = delete;

 private:
  bool was_ignored_;
};

}  // namespace natskv::terminal
