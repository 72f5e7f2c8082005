#include "terminal/supervisor.hpp"

#include "base/failure.hpp"
#include "terminal/foreground.hpp"
#include "terminal/watchdog.hpp"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

namespace natskv::terminal {
namespace {

// How often to check a group whose end is not reported.
constexpr std::chrono::milliseconds look{20};

std::int64_t nanoseconds_of(const std::optional<BootClock::time_point>& time) {
  return time ? time->time_since_epoch().count() : 0;
}

// Orphans of a COMMAND in the terminal's group become natskv's children, the only way to find them. They have
// to be reaped, or they would remain as zombies.
void reap_orphans(pid_t command) {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    ProcessInfo process;
    const bool read = read_process(info.si_pid, process);
    // Background programs of natskv lead a session.
    if (info.si_pid == command || !read || process.session == info.si_pid) return;
    ::waitpid(info.si_pid, nullptr, 0);
  }
}

}  // namespace

// One COMMAND, and the state while it runs.
struct Supervisor::Run {
  Run() {
    if (no_watchdog.too_late()) throw Stopped{};
    ::pthread_sigmask(SIG_BLOCK, &handled_signals(), &mask_before);
    if (signals.fd() < 0) throw cannot("watch for signals", errno);
    if (foreground.shared()) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  ~Run() {
    if (foreground.shared()) ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    ::pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
  }

  [[nodiscard]] bool own_group() const { return !foreground.shared(); }

  Watchdog::Pause no_watchdog;
  Foreground foreground;
  sigset_t mask_before{};
  File signals{::signalfd(-1, &handled_signals(), SFD_CLOEXEC | SFD_NONBLOCK)};
  pid_t pid = 0;
  Kin kin;
  std::uint64_t started_by = Kin::any_time;  // for the keeper, which may act later
  bool ended = false;
  int wait_status = 0;
  std::optional<Time> told;
};

Supervisor::Supervisor(std::chrono::nanoseconds grace, int held) : grace_(grace), keeper_(held) {}

Supervisor::~Supervisor() {
  if (running()) stop();
  while (running() && !wait()) {
  }
}

void Supervisor::start(const Program& program) {
  if (timer_.fd() < 0) timer_ = File(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (timer_.fd() < 0) throw cannot("make a timer", errno);
  auto run = std::make_unique<Run>();
  renew_keeper();
  run->kin.root = ::getpid();
  run->kin.session = ::getsid(0);
  run->kin.except = keeper_.pid();
  const Kept kept{keeper_, orders_for(*run), run->own_group()};
  try {
    run->pid = terminal::start(program, &kept);
  } catch (...) {
    keeper_.tell({});
    throw;
  }
  if (run->own_group()) run->kin.group = run->pid;
  signal_ = 0;
  leftovers_ = 0;
  was_stopped_ = false;
  run_ = std::move(run);
}

void Supervisor::deadlines(std::optional<Time> stop_at, std::optional<Time> kill_at) {
  stop_at_ = stop_at;
  kill_at_ = kill_at;
  tell_keeper();
}

void Supervisor::stop() {
  if (!run_ || run_->told) return;
  if (!run_->ended) was_stopped_ = true;
  run_->told = BootClock::now();
  signal_all(run_->kin, SIGTERM);
  signal_all(run_->kin, SIGCONT);
}

bool Supervisor::wait(std::span<pollfd> others, std::optional<Time> until) {
  for (auto& other : others) other.revents = 0;
  for (;;) {
    advance();
    if (!running()) return true;
    const auto ready = [](const pollfd& one) { return one.revents != 0; };
    if (std::any_of(others.begin(), others.end(), ready)) return false;
    if (until && BootClock::now() >= *until) return false;
    const Watched own = watched(until);
    std::vector<pollfd> fds(own.begin(), own.end());
    fds.insert(fds.end(), others.begin(), others.end());
    if (::poll(fds.data(), fds.size(), -1) <= 0) continue;
    std::copy(fds.begin() + watched_count, fds.end(), others.begin());
    Watched seen{};
    std::copy_n(fds.begin(), watched_count, seen.begin());
    react(seen);
  }
}

Supervisor::Time Supervisor::kill_time() const {
  const Time patient = *run_->told + grace_;
  return kill_at_ ? std::min(patient, *kill_at_) : patient;
}

// What is due now.
void Supervisor::advance() {
  if (!run_) return;
  // The keeper may have sent the signal while natskv was stopped.
  if (!run_->ended && stop_at_ && BootClock::now() >= *stop_at_) was_stopped_ = true;
  if (!run_->ended && has_ended(run_->pid)) command_ended();
  if (!run_) return;
  if (!run_->told && stop_at_ && BootClock::now() >= *stop_at_) stop();
  if (run_->told && BootClock::now() >= kill_time()) signal_all(run_->kin, SIGKILL);
  if (run_->ended && living(run_->kin) == 0) over();
}

void Supervisor::command_ended() {
  run_->ended = true;
  if (on_end_) on_end_();
  if (run_->own_group()) {
    // Once it is reaped, one call tells whether anything is left of its group. The keeper is told first that
    // the group's number may be reused from then on.
    run_->started_by = ticks_now();
    tell_keeper();
    run_->wait_status = reap(run_->pid);
    if (::kill(-run_->pid, 0) != 0) return over();
  } else {
    reap_orphans(run_->pid);
  }
  leftovers_ = living(run_->kin);
  if (leftovers_ == 0) return over();
  run_->told.reset();
  stop();
}

void Supervisor::over() {
  keeper_.tell({});
  if (!run_->own_group()) run_->wait_status = reap(run_->pid);
  status_ = status_of_child(run_->wait_status);
  run_->foreground.put_back(run_->wait_status);
  run_.reset();
}

Supervisor::Watched Supervisor::watched(std::optional<Time> until) {
  std::optional<Time> next = until;
  if (run_) {
    const auto sooner = [&](Time time) { next = next ? std::min(*next, time) : time; };
    if (stop_at_ && !run_->told) sooner(*stop_at_);
    if (run_->told) sooner(std::max(kill_time(), BootClock::now() + look));
    if (run_->ended) sooner(BootClock::now() + look);
  }
  itimerspec at{};
  const std::int64_t time = nanoseconds_of(next);
  at.it_value.tv_sec = time / 1'000'000'000;
  at.it_value.tv_nsec = time % 1'000'000'000;
  ::timerfd_settime(timer_.fd(), TFD_TIMER_ABSTIME, &at, nullptr);
  return {
      {{run_ ? run_->signals.fd() : -1, POLLIN, 0}, {timer_.fd(), POLLIN, 0}, {keeper_.line(), POLLIN, 0}}};
}

void Supervisor::react(const Watched& fds) {
  if (!run_) return;
  if (fds[0].revents != 0) read_signals();
  if (fds[2].revents != 0) {
    keeper_.reap();
    renew_keeper();
  }
  advance();
}

void Supervisor::read_signals() {
  signalfd_siginfo signal{};
  while (::read(run_->signals.fd(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal))
    pass_on(static_cast<int>(signal.ssi_signo), signal.ssi_code == SI_KERNEL);
}

void Supervisor::pass_on(int signal, bool from_terminal) {
  const bool own = run_->own_group();
  switch (signal) {
    case SIGCHLD:
      if (!own) reap_orphans(run_->pid);
      return;
    case SIGTSTP:
      if (own) signal_all(run_->kin, signal);
      act_by_default(signal);
      return;
    case SIGCONT:
    case SIGWINCH:
      if (own) signal_all(run_->kin, signal);
      return;
    default:
      if (signal_ == 0) signal_ = signal;
      // In the terminal's group COMMAND has received the terminal's signals itself.
      if (own || !from_terminal) signal_all(run_->kin, signal);
  }
}

Orders Supervisor::orders_for(const Run& run) const {
  Orders orders;
  orders.command = run.kin;
  orders.command.started_by = run.started_by;
  orders.pid = run.pid;
  orders.stop_at = nanoseconds_of(stop_at_);
  orders.kill_at = nanoseconds_of(kill_at_);
  orders.grace = grace_.count();
  return orders;
}

void Supervisor::tell_keeper() const {
  if (run_) keeper_.tell(orders_for(*run_));
}

void Supervisor::renew_keeper() {
  pollfd end{keeper_.line(), POLLIN, 0};
  if (keeper_.line() >= 0 && ::poll(&end, 1, 0) > 0) keeper_.reap();
  keeper_.start(run_ ? orders_for(*run_) : Orders{});
  if (run_) run_->kin.except = keeper_.pid();
}

}  // namespace natskv::terminal
