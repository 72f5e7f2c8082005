#include "terminal/watchdog.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "terminal/status_line.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>

namespace natskv {
namespace {

using Clock = std::chrono::steady_clock;

// Loops check Stop at least this often, so that only a blocking call is interrupted: closing a connection
// that reconnects while messages arrive is not safe in nats.c before 3.6.1 (nats/closing.hpp).
constexpr std::chrono::milliseconds patience{120};

// Regular files and /dev/null have no reader to lose.
bool has_a_reader(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return false;
  return S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) || ::isatty(fd) == 1;
}

// poll's timeout until then, rounded up so that it does not wake up repeatedly just before.
int milliseconds_until(Watchdog::Time when) {
  if (!when) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

Watchdog::Time earlier(Watchdog::Time a, Watchdog::Time b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

bool due(Watchdog::Time when) { return when && Clock::now() >= *when; }

std::atomic<Watchdog*> the_watchdog{nullptr};

}  // namespace

struct Watchdog::State {
  State(Stop& watched, std::function<void(StopReason)> words) : stop(watched), last_words(std::move(words)) {}
  ~State() {
#ifdef NATSKV_UNWIND
    if (interrupter.joinable()) interrupter.join();
#else
    if (interrupter.joinable()) interrupter.detach();  // the process ends now; `stop` lives as long
#endif
  }

  void open();
  void run();
  void wait();
  void read_signals();
  void look_at_the_clock();
  void say_last_words();
  [[nodiscard]] Clock::time_point sign_of_life() const { return std::max(*stopped, spoke.load()); }

  // Wakes the thread, so that a change takes effect at once.
  template <class Change>
  void change(Change apply) {
    {
      const std::lock_guard lock(mutex);
      apply();
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake.fd(), &one, sizeof one);
  }

  Stop& stop;
  std::function<void(StopReason)> last_words;
  pthread_t thread{};
  File signals, wake;

  std::mutex mutex;  // guards all below
  Time deadline;
  Time reminder;
  Work work;
  std::chrono::milliseconds grace{350};
  bool stdout_watched = false;
  bool quit = false;
  bool paused = false;

  std::atomic<Clock::time_point> spoke{Clock::time_point{}};

  std::mutex saying;  // held while the last words are printed
  bool silent = false;

  Time stopped;  // only for the thread
  bool interrupted = false;
  std::thread interrupter;
};

void Watchdog::State::open() {
  terminal::remember_start_signals();
  // If the parent left it ignored, the kernel discards a child's status.
  ::signal(SIGCHLD, SIG_DFL);
  ::pthread_sigmask(SIG_BLOCK, &terminal::handled_signals(), nullptr);
  // The others stay blocked for a COMMAND (terminal/supervisor).
  sigset_t ours = terminal::handled_signals();
  for (const int signal : {SIGCONT, SIGWINCH, SIGCHLD}) ::sigdelset(&ours, signal);
  signals = File(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  wake = File(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (signals.fd() < 0 || wake.fd() < 0) {
    throw cannot("watch for signals", errno);
  }
}

void Watchdog::State::run() {
  for (;;) {
    wait();
    {
      const std::lock_guard lock(mutex);
      if (quit) return;
    }
    look_at_the_clock();
    if (!stop) continue;
    if (!stopped) stopped = Clock::now();
    if (!interrupted && due(*stopped + patience)) {
      interrupted = true;
      // In a separate thread: nats.c 3.14 waits up to half a second for a PONG before it closes.
      interrupter = std::thread([&stopping = stop] { stopping.interrupt(); });
    }
    bool late = false;
    {
      const std::lock_guard lock(mutex);
      late = due(sign_of_life() + grace);
    }
    if (late) return say_last_words();
  }
}

// One poll and its results. A stop made by the main thread is noticed with the next event; its own unwinding
// needs no help.
void Watchdog::State::wait() {
  std::array<pollfd, 3> fds{{{wake.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}}};
  Time next;
  {
    const std::lock_guard lock(mutex);
    // poll ignores descriptors below 0.
    if (paused) fds[1].fd = -1;
    // What was seen is not polled again: poll would return at once, forever.
    if (!stdout_watched || paused || stop) fds[2].fd = -1;
    next = reminder;
    if (!stop) next = earlier(next, deadline);
    if (stopped)
      next = earlier(next, interrupted ? sign_of_life() + grace : *stopped + std::min(grace, patience));
  }
  if (::poll(fds.data(), fds.size(), milliseconds_until(next)) <= 0) return;
  if (fds[0].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake.fd(), &count, sizeof count);
  }
  if ((fds[1].revents & POLLIN) != 0) read_signals();
  if (fds[2].revents != 0) {
    // There may have been a change meanwhile: a stdout that is no longer watched does not count.
    bool gone = false;
    {
      const std::lock_guard lock(mutex);
      gone = stdout_watched && !paused && !quit && (fds[2].revents & (POLLERR | POLLHUP)) != 0;
      if ((fds[2].revents & POLLNVAL) != 0) stdout_watched = false;
    }
    if (gone) stop.set(StopReason::reader_gone);
  }
}

void Watchdog::State::read_signals() {
  for (;;) {
    signalfd_siginfo signal{};
    {
      // What is read before a Pause has set Stop before it.
      const std::lock_guard lock(mutex);
      if (quit || paused) return;
      if (::read(signals.fd(), &signal, sizeof signal) != static_cast<ssize_t>(sizeof signal)) return;
      if (const StopReason why = terminal::reason_of(static_cast<int>(signal.ssi_signo));
          why != StopReason::none)
        stop.set(why);
    }
    if (signal.ssi_signo == SIGTSTP) terminal::act_by_default(SIGTSTP);
  }
}

void Watchdog::State::look_at_the_clock() {
  bool late = false;
  {
    const std::lock_guard lock(mutex);
    late = due(deadline) && !paused;
    if (late) deadline.reset();
    if (due(reminder)) {
      reminder.reset();
      // Under the lock: unregistering waits for it.
      if (work && !stop) work();
    }
  }
  if (late) stop.set(StopReason::deadline);
}

void Watchdog::State::say_last_words() {
  const std::lock_guard lock(saying);
  if (silent) return;
  if (terminal::stderr_takes_words()) terminal::wipe_status_line();
  if (last_words) last_words(stop.why());
}

Watchdog::Watchdog(Stop& stop, std::function<void(StopReason)> last_words)
    : state_(std::make_unique<State>(stop, std::move(last_words))) {
  state_->open();
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
#ifndef NATSKV_UNWIND
  // Enough for closing a connection and printing a line; sanitizers need more.
  ::pthread_attr_setstacksize(&attributes, 256 * 1024);
#endif
  const int error = ::pthread_create(
      &state_->thread, &attributes,
      [](void* state) -> void* {
        static_cast<State*>(state)->run();
        return nullptr;
      },
      state_.get());
  ::pthread_attr_destroy(&attributes);
  if (error != 0) throw cannot("start a thread", error);
  the_watchdog = this;
  stop.keep_time([this](Time when) { deadline(when); });
}

Watchdog::~Watchdog() {
  unwinding_done();
  state_->stop.keep_time({});
  the_watchdog = nullptr;
  state_->change([this] { state_->quit = true; });
  ::pthread_join(state_->thread, nullptr);
}

Watchdog* Watchdog::current() { return the_watchdog; }

void Watchdog::deadline(Time when) {
  state_->change([&] { state_->deadline = when; });
}

void Watchdog::watch_stdout() {
  state_->change([&] { state_->stdout_watched = has_a_reader(STDOUT_FILENO); });
}

std::chrono::milliseconds Watchdog::grace(std::chrono::milliseconds time) {
  state_->change([&] { std::swap(time, state_->grace); });
  return time;
}

void Watchdog::speaks() noexcept { state_->spoke = Clock::now(); }

void Watchdog::unwinding_done() {
  const std::lock_guard lock(state_->saying);
  state_->silent = true;
}

void Watchdog::remind(Time when, Work work) {
  state_->change([&] {
    state_->reminder = when;
    state_->work = std::move(work);
  });
}

Watchdog::Pause::Pause() {
  if (Watchdog* const watchdog = current()) {
    watchdog->state_->change([&] { watchdog->state_->paused = true; });
  }
}

bool Watchdog::Pause::too_late() const {
  const Watchdog* const watchdog = current();
  return watchdog != nullptr && watchdog->state_->stop;
}

Watchdog::Pause::~Pause() {
  if (Watchdog* const watchdog = current()) {
    watchdog->state_->change([&] { watchdog->state_->paused = false; });
  }
}

}  // namespace natskv
