// The one thread beside the command: it owns the signals, the deadline and the closed stdout, and tells Stop.
#pragma once

#include "base/stop.hpp"

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>

namespace natskv {

namespace terminal {

/// The signal mask, and which of the signals natskv handles, and SIGPIPE, were ignored, when natskv was
/// started.
struct StartSignals {
  sigset_t mask;
  sigset_t ignored;
};
/// As the Watchdog found them; without one, as the first caller does.
const StartSignals& start_signals();
/// They are what they are now: the Watchdog's first act.
const StartSignals& remember_start_signals();
/// In a forked child, before exec: puts them back. Async-signal-safe; call start_signals() before the fork.
void restore_start_signals(const StartSignals& signals);
/// What natskv takes note of, but for those that were ignored when it was started (nohup, a background job):
/// those stay ignored. Every thread has them blocked.
const sigset_t& handled_signals();
/// Why natskv stops on that signal; Why::none for one that does not stop it.
StopReason reason_of(int signal);
/// For a thread that has it blocked: what the kernel does with a signal that nobody handles.
void act_by_default(int signal);

/// Whether a line written to standard error now would be taken at once: a pipe that nobody reads is full some
/// day, and a terminal can be stopped (Ctrl-S).
bool stderr_takes_words();

}  // namespace terminal

/// A signal that would end natskv is a Stop, SIGTSTP stops the process. A stdout that is a pipe, socket or
/// terminal and has no reader any more is Why::reader_gone; the deadline (Stop::deadline) is Why::deadline.
class Watchdog {
 public:
  using Time = Stop::Time;
  using Work = std::function<void()>;

  /// Before any other thread exists, which all inherit the blocked signals. `last_words` is called on the
  /// watchdog's thread when the main thread has not unwound in time; it should say what is known and _exit.
  /// The line that Progress shows was wiped before. Throws Failure if there is no thread to be had.
  Watchdog(Stop& stop, std::function<void(StopReason)> last_words);
  /// Ends and joins the thread. The signals stay blocked: a late Ctrl-C does not replace the status we end
  /// with.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void deadline(Time when);
  /// On from the start.
  void watch_stdout(bool on);
  /// How long the main thread may take to unwind after a Stop: 350 ms at first. Returns what it was.
  std::chrono::milliseconds grace(std::chrono::milliseconds time);
  /// The main thread, unwinding, has something to say (thousands of writes without an answer, on a busy
  /// machine): its grace starts again.
  void speaks() noexcept;
  /// No last words from here on. Does not return while they are being said.
  void unwinding_done();
  /// Calls `work` on the watchdog's thread at that time; nullopt takes it back, and it is not running
  /// afterwards.
  void remind(Time when, Work work = {});

  /// The process's Watchdog, or nullptr (unit tests).
  static Watchdog* current();

  /// While one lives, signals and stdout are somebody else's to watch (a COMMAND runs): none sets Stop. Does
  /// nothing without a Watchdog.
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
