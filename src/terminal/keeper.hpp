// A process that ends COMMAND when natskv can't: killed with SIGKILL, stopped, or hanging.
#pragma once

#include "base/file.hpp"
#include "terminal/processes.hpp"

#include <sys/types.h>

#include <cstdint>

namespace natskv::terminal {

/// What the keeper has to know, all of it in every message. Times are BootClock's, in nanoseconds; 0 is
/// never.
struct Orders {
  Kin command;    ///< while natskv lives
  pid_t pid = 0;  ///< COMMAND itself, whose descendants are left when natskv is gone; 0: there is none
  std::int64_t stop_at = 0;  ///< SIGTERM and SIGCONT, once
  std::int64_t kill_at = 0;  ///< SIGKILL, until none is left
  std::int64_t grace = 0;    ///< between the two when natskv is gone
};

/// The keeper: a forked natskv in a session of its own (so that Ctrl-Z does not hold it) with nothing but a
/// line to natskv open. At the line's end it stops COMMAND, and ends.
class Keeper {
 public:
  /// `held`: a descriptor that it keeps open, too; a lock on it stays taken until COMMAND has ended. -1:
  /// none.
  explicit Keeper(int held = -1) : held_(held) {}
  /// Ends it; COMMAND has ended before.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Forks it where none runs (also anew, where it was killed). Throws Failure where there is no process to
  /// be had.
  void start();
  /// Our end of the line, close-on-exec, or -1; poll says POLLHUP there when the keeper has died.
  [[nodiscard]] int line() const { return line_.fd(); }
  /// Async-signal-safe, so that COMMAND can report itself between fork and exec. Returns whether it was told.
  bool tell(const Orders& orders) const;
  /// Ends it, or takes notice of its end.
  void reap();

 private:
  int held_;
  File line_;
  pid_t pid_ = 0;
};

}  // namespace natskv::terminal
