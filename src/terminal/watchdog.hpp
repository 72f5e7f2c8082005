// A thread beside the command's: it watches signals, the deadline and a closed stdout, and sets Stop.
#pragma once

#include "base/stop.hpp"

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>

namespace natskv {

namespace terminal {

/// The signal mask when natskv was started, and which of the signals that it handles (and SIGPIPE) were
/// ignored.
struct StartSignals {
  sigset_t mask;
  sigset_t ignored;
};
/// As the Watchdog recorded them; without one, as the first caller does.
const StartSignals& start_signals();
/// Records them: the first thing that the Watchdog does.
const StartSignals& remember_start_signals();
/// In a forked child, before exec: puts them back. Async-signal-safe; call start_signals() before the fork.
void restore_start_signals(const StartSignals& signals);
/// The signals that natskv handles, except those that were ignored when it was started (nohup, a background
/// job), which stay ignored. Blocked in every thread.
const sigset_t& handled_signals();
/// Why natskv stops on that signal; StopReason::none for one that does not stop it.
StopReason reason_of(int signal);
/// For a thread that has it blocked: takes the signal's default action.
void act_by_default(int signal);

/// Whether a line could be written to standard error without blocking: a pipe that is not read fills up, and
/// a terminal can be stopped (Ctrl-S).
bool stderr_takes_words();

}  // namespace terminal

/// A signal that would end natskv becomes a Stop; SIGTSTP stops the process. A stdout that is a pipe, socket
/// or terminal without a reader is StopReason::reader_gone; the deadline (Stop::deadline) is
/// StopReason::deadline.
class Watchdog {
 public:
  using Time = Stop::Time;
  using Work = std::function<void()>;

  /// Construct before any other thread, since they all inherit the blocked signals. `last_words` is called on
  /// the watchdog's thread if the main thread has not unwound in time; it should report what is known and
  /// _exit. The line that Progress shows has been wiped by then. Throws Failure if no thread can be created.
  Watchdog(Stop& stop, std::function<void(StopReason)> last_words);
  /// Ends and joins the thread. The signals stay blocked: a late Ctrl-C does not change the exit status.
  ~Watchdog();

  void deadline(Time when);
  /// From now on a reader of stdout that goes away is a Stop.
  void watch_stdout();
  /// How long the main thread may take to unwind after a Stop: 350 ms at first. Returns the previous value.
  std::chrono::milliseconds grace(std::chrono::milliseconds time);
  /// The main thread is still printing while it unwinds (thousands of writes without an answer, on a busy
  /// machine): restarts its grace period.
  void speaks() noexcept;
  /// No last words from here on. Does not return while they are being printed.
  void unwinding_done();
  /// Calls `work` on the watchdog's thread at that time; nullopt cancels it, and then it is not running.
  void remind(Time when, Work work = {});

  /// The process's Watchdog, or nullptr (unit tests).
  static Watchdog* current();

  /// While one lives, signals and stdout do not set Stop, because a COMMAND is running. Does nothing without
  /// a Watchdog.
  class Pause {
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    /// Whether there was a Stop before.
    [[nodiscard]] bool too_late() const;
  };

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace natskv
