// The signals' state when natskv was started.
#include "terminal/watchdog.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace natskv::terminal {
namespace {

// Signals that end a process by default, and the reason that natskv gives.
struct Ending {
  int signal;
  StopReason why;
};
constexpr std::array endings{Ending{SIGHUP, StopReason::hung_up}, Ending{SIGINT, StopReason::interrupted},
                             Ending{SIGQUIT, StopReason::quit},   Ending{SIGTERM, StopReason::terminated},
                             Ending{SIGUSR1, StopReason::user1},  Ending{SIGUSR2, StopReason::user2}};
// Signals that are only passed on to a COMMAND in its own group, and the end of a child.
constexpr std::array others{SIGTSTP, SIGCONT, SIGWINCH, SIGCHLD};
// All whose dispositions natskv or a library changes; a child inherits the others unchanged.
constexpr std::array changed{SIGPIPE, SIGCHLD};

StartSignals remember() {
  StartSignals start{};
  ::pthread_sigmask(SIG_SETMASK, nullptr, &start.mask);
  ::sigemptyset(&start.ignored);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      ::sigaddset(&start.ignored, signal);
    }
  }
  return start;
}

sigset_t all_handled(const StartSignals& start) {
  sigset_t handled;
  ::sigemptyset(&handled);
  const auto add = [&](int signal) {
    if (::sigismember(&start.ignored, signal) == 0) ::sigaddset(&handled, signal);
  };
  for (const auto& ending : endings) add(ending.signal);
  for (const int signal : others) add(signal);
  ::sigaddset(&handled, SIGCHLD);  // never left ignored
  return handled;
}

struct Remembered {
  StartSignals start = remember();
  sigset_t handled = all_handled(start);
};

Remembered& remembered() {
  static Remembered all;
  return all;
}

}  // namespace

const StartSignals& start_signals() { return remembered().start; }

const StartSignals& remember_start_signals() {
  remembered() = {};
  return remembered().start;
}

const sigset_t& handled_signals() { return remembered().handled; }

StopReason reason_of(int signal) {
  for (const auto& ending : endings) {
    if (ending.signal == signal) return ending.why;
  }
  return StopReason::none;
}

void act_by_default(int signal) {
  sigset_t one;
  sigset_t before;
  ::sigemptyset(&one);
  ::sigaddset(&one, signal);
  ::pthread_kill(::pthread_self(), signal);
  ::pthread_sigmask(SIG_UNBLOCK, &one, &before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void restore_start_signals(const StartSignals& signals) {
  for (const int signal : changed) {
    struct sigaction action {};
    action.sa_handler = ::sigismember(&signals.ignored, signal) == 1 ? SIG_IGN : SIG_DFL;
    ::sigaction(signal, &action, nullptr);
  }
  ::pthread_sigmask(SIG_SETMASK, &signals.mask, nullptr);
}

bool stderr_takes_words() {
  pollfd one{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&one, 1, 0) > 0;
}

}  // namespace natskv::terminal
