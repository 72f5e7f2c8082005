// A process that ends COMMAND if natskv cannot, because it was killed with SIGKILL, is stopped, or hangs.
#pragma once

#include "base/file.hpp"
#include "terminal/processes.hpp"

#include <sys/types.h>

#include <cstdint>

namespace natskv::terminal {

/// What the keeper has to know; each message has all of it. Times are BootClock's, in nanoseconds; 0 is
/// never.
struct Orders {
  Kin command;               ///< while natskv lives
  pid_t pid = 0;             ///< COMMAND itself, whose descendants remain when natskv is gone; 0: none
  std::int64_t stop_at = 0;  ///< SIGTERM and SIGCONT, once
  std::int64_t kill_at = 0;  ///< SIGKILL, until none is left
  std::int64_t grace = 0;    ///< time between the two if natskv is gone
};

/// The keeper: a forked natskv in a session of its own (so that Ctrl-Z does not hold it) with only a socket
/// to natskv open. When that closes it stops COMMAND, and ends.
class Keeper {
 public:
  /// `held`: a descriptor that it keeps open, too; a lock on it stays taken until COMMAND has ended. -1:
  /// none.
  explicit Keeper(int held = -1) : held_(held) {}
  /// Ends it; COMMAND has ended before.
  ~Keeper();

  /// Forks it if none is running (again, if it was killed), with these orders, so that no moment is without.
  /// Throws Failure if no process can be created.
  void start(const Orders& orders = {});
  /// 0: none is running.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// natskv's end of the socket, close-on-exec, or -1; POLLHUP when the keeper has died.
  [[nodiscard]] int line() const { return line_.fd(); }
  /// Sends orders. Async-signal-safe, so that COMMAND can report itself between fork and exec. Returns
  /// whether they were sent.
  bool tell(const Orders& orders) const;
  /// Ends and reaps it.
  void reap();

 private:
  int held_;
  File line_;
  pid_t pid_ = 0;
};

}  // namespace natskv::terminal
