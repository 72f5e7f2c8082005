#include "terminal/child.hpp"

#include "base/failure.hpp"
#include "base/quote.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string_view>

namespace natskv::terminal {
namespace {

// A descriptor that may be none.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::vector<std::string> environment_with(const EnvironmentChanges& changes) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    if (!changes.contains(std::string(variable.substr(0, variable.find('=')))))
      variables.emplace_back(variable);
  }
  for (const auto& [name, value] : changes) {
    if (value) variables.push_back(name + "=" + *value);
  }
  return variables;
}

// What exec takes: pointers into `words`, which must stay.
std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

// All a child needs, made before the fork: behind it nothing may allocate.
struct Prepared {
  const Program& program;
  const StartSignals& signals;
  char* const* argv;
  char* const* envp;
  pid_t parent;
  int report;  // errno of a failed exec goes here
};

bool settle_in(const Program& program, pid_t parent) {
  if (program.alone) {
    ::setsid();
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) return false;
  }
  if (program.output >= 0 &&
      (::dup2(program.output, STDOUT_FILENO) < 0 || ::dup2(program.output, STDERR_FILENO) < 0)) {
    return false;
  }
  if (program.inherited >= 0 && ::fcntl(program.inherited, F_SETFD, 0) < 0) return false;
  if (program.death_signal != 0) {
    if (::prctl(PR_SET_PDEATHSIG, program.death_signal) < 0) return false;
    // The parent may have died before the request was made: nobody would send it.
    if (::getppid() != parent) ::_exit(1);
  }
  return true;
}

[[noreturn]] void become(const Prepared& prepared) {
  restore_start_signals(prepared.signals);
  if (settle_in(prepared.program, prepared.parent)) ::execvpe(prepared.argv[0], prepared.argv, prepared.envp);
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(prepared.report, &error, sizeof error);
  ::_exit(127);
}

Failure cannot_start(const std::string& name, int error) {
  const std::string shown = in_quotes(name);
  if (error == ENOENT || error == ENOTDIR) {
    return {Exit{127}, fmt::format("no such program: {}", shown)};
  }
  if (error == EACCES || error == ENOEXEC || error == EISDIR || error == EPERM || error == ELOOP ||
      error == E2BIG || error == ETXTBSY) {
    return {Exit{126}, fmt::format("cannot execute {}: {}", shown, std::strerror(error))};
  }
  return {Exit::failure, fmt::format("cannot start {}: {}", shown, std::strerror(error))};
}

// Whether the child has ended; it is not reaped, so that its pid stays its own.
bool ended(pid_t child) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == child;
}

// -1 where the kernel has none. By number: glibc 2.36 declares the function without C linkage.
int pidfd_of(pid_t child) { return static_cast<int>(::syscall(SYS_pidfd_open, child, 0)); }

void pause_for(pid_t child, int pidfd, int milliseconds) {
  if (pidfd >= 0) {
    pollfd end{pidfd, POLLIN, 0};
    ::poll(&end, 1, milliseconds);
    return;
  }
  // An old kernel: look again soon.
  const timespec nap{0, std::min(milliseconds, 20) * 1'000'000L};
  if (!ended(child)) ::nanosleep(&nap, nullptr);
}

int reap(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return W_EXITCODE(255, 0);
  }
  return status;
}

// What a child that dies in the middle of something leaves: raw mode, and a foreground group that is
// nobody's.
class TerminalKeeper {
 public:
  TerminalKeeper()
      : in_foreground_(::tcgetpgrp(STDIN_FILENO) == ::getpgrp()),
        known_(in_foreground_ && ::tcgetattr(STDIN_FILENO, &modes_) == 0) {}

  void put_back(int wait_status) {
    if (!in_foreground_) return;
    // Writing to the terminal's settings from the background would stop us.
    sigset_t output;
    sigset_t before;
    ::sigemptyset(&output);
    ::sigaddset(&output, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &output, &before);
    if (::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
    if (known_ && WIFSIGNALED(wait_status)) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &modes_);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

 private:
  termios modes_{};
  bool in_foreground_;
  bool known_;
};

}  // namespace

pid_t start(const Program& program) {
  std::vector<std::string> words = program.argv;
  std::vector<std::string> variables = environment_with(program.environment);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(variables);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw cannot_start(words.at(0), errno);
  const Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  const Prepared prepared{program, start_signals(), argv.data(), envp.data(), ::getpid(), ends[1]};
  const pid_t child = ::fork();
  if (child < 0)
    throw Failure(Exit::failure, fmt::format("cannot start a process: {}", std::strerror(errno)));
  if (child == 0) become(prepared);
  write_end.close();
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(read_end.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof error)) {
    reap(child);
    throw cannot_start(words.at(0), error);
  }
  return child;
}

int status_of_child(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

std::optional<int> wait_for(pid_t child, int milliseconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  const Descriptor pidfd(pidfd_of(child));
  while (!ended(child)) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (milliseconds >= 0 && left <= 0) return std::nullopt;
    pause_for(child, pidfd.get(), milliseconds < 0 ? 200 : static_cast<int>(std::min<long>(left, 200)));
  }
  return status_of_child(reap(child));
}

int run_child(const Program& program, const Stop& stop) {
  if (stop) throw Stopped{};
  const IgnoreQuit ignore_quit;
  TerminalKeeper terminal;
  pid_t child = 0;
  {
    Watchdog::Relay relay;
    child = start(program);
    relay.to(child);
    const Descriptor pidfd(pidfd_of(child));
    for (bool told = false; !ended(child); pause_for(child, pidfd.get(), 200)) {
      if (!stop || told) continue;
      ::kill(child, SIGTERM);
      told = true;
    }
  }
  const int status = reap(child);
  terminal.put_back(status);
  return status_of_child(status);
}

IgnoreQuit::IgnoreQuit() : was_ignored_(false) {
  start_signals();  // before it looks as if natskv had been started so
  was_ignored_ = ::signal(SIGQUIT, SIG_IGN) == SIG_IGN;
}

IgnoreQuit::~IgnoreQuit() {
  if (!was_ignored_) ::signal(SIGQUIT, SIG_DFL);
}

}  // namespace natskv::terminal
