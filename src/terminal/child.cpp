#include "terminal/child.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"
#include "terminal/descriptors.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

namespace natskv::terminal {
namespace {

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> variables;
  for (char** entry = environ; !program.pristine && *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    if (!program.environment.contains(std::string(variable.substr(0, variable.find('=')))))
      variables.emplace_back(variable);
  }
  for (const auto& [name, value] : program.environment) {
    if (value) variables.push_back(name + "=" + *value);
  }
  return variables;
}

// For exec: pointers into `words`, which must outlive them.
std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

// All arguments for exec, made before the fork: after it nothing may allocate.
struct Image {
  explicit Image(const Program& program)
      : path(program.path.empty() ? find_program(program.argv.at(0)) : program.path),
        words(program.argv),
        variables(environment_of(program)),
        argv(pointers(words)),
        envp(pointers(variables)) {}
  void exec() const { ::execve(path.c_str(), argv.data(), envp.data()); }

  std::string path;
  std::vector<std::string> words, variables;
  std::vector<char*> argv, envp;
};

bool take_places(const Program& program) {
  const auto put = [](int fd, int place) { return fd < 0 || ::dup2(fd, place) >= 0; };
  return put(program.in, STDIN_FILENO) && put(program.out, STDOUT_FILENO) &&
         put(program.error, STDERR_FILENO);
}

bool set_up(const Program& program, pid_t parent) {
  if (program.alone) {
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) return false;
  }
  if (!take_places(program)) return false;
  keep_own_descriptors_from_exec();
  if (program.inherited >= 0 && ::fcntl(program.inherited, F_SETFD, 0) < 0) return false;
  if (program.death_signal != 0) {
    if (::prctl(PR_SET_PDEATHSIG, program.death_signal) < 0) return false;
    // If the parent died before this request, no signal would be sent.
    if (::getppid() != parent) ::_exit(1);
  }
  return true;
}

// The keeper is told before exec, so that nothing can outlive natskv unnoticed.
bool report_to(const Kept& kept) {
  Orders orders = kept.orders;
  orders.pid = ::getpid();
  if (kept.own_group) {
    ::setpgid(0, 0);
    orders.command.group = orders.pid;
  }
  if (kept.keeper.tell(orders)) return true;
  errno = EPIPE;
  return false;
}

[[noreturn]] void run_child(const Program& program, const Image& image, const Kept* kept, pid_t parent,
                            int report) {
  if (program.alone) ::setsid();  // which leads a process group, too
  if (kept == nullptr || report_to(*kept)) {
    restore_start_signals(start_signals());
    if (set_up(program, parent)) image.exec();
  }
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(report, &error, sizeof error);
  ::_exit(127);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Failure cannot_run(const std::string& name, const std::string& path, int error) {
  const std::string shown = in_quotes(name);
  if (error == ENOENT && exists(path))
    return {Exit::not_executable, fmt::format("cannot execute {}: its interpreter is missing", shown)};
  if (error == ENOENT || error == ENOTDIR)
    return {Exit::no_such_command, fmt::format("no such program: {}", shown)};
  if (error == ENOEXEC)
    return {Exit::not_executable, fmt::format("cannot execute {}: {}", shown, std::strerror(error)),
            "a script needs a first line such as #!/bin/sh"};
  for (const int one : {EACCES, EISDIR, EPERM, ELOOP, E2BIG, ETXTBSY, ENAMETOOLONG, ELIBBAD, EINVAL}) {
    if (error == one)
      return {Exit::not_executable, fmt::format("cannot execute {}: {}", shown, std::strerror(error))};
  }
  return cannot("start " + shown, error);
}

// 0 where it can be executed, else why not.
int why_not(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno;
  if (S_ISDIR(info.st_mode)) return EISDIR;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

// -1 if the kernel has no pidfds. By number: glibc 2.36 declares the function without C linkage.
int pidfd_of(pid_t child) { return static_cast<int>(::syscall(SYS_pidfd_open, child, 0)); }

void pause_for(pid_t child, int pidfd, int milliseconds) {
  if (pidfd >= 0) {
    pollfd end{pidfd, POLLIN, 0};
    ::poll(&end, 1, milliseconds);
    return;
  }
  // An old kernel: check again soon.
  const timespec nap{0, std::min(milliseconds, 20) * 1'000'000L};
  if (!has_ended(child)) ::nanosleep(&nap, nullptr);
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (const int error = why_not(name); error != 0) throw cannot_run(name, name, error);
    return name;
  }
  const char* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/bin:/usr/bin";
  int found = ENOENT;
  for (bool more = !name.empty(); more;) {
    const std::size_t colon = rest.find(':');
    const std::string_view folder = rest.substr(0, colon);
    more = colon != std::string_view::npos;
    if (more) rest.remove_prefix(colon + 1);
    // An empty word in PATH is the current folder.
    std::string file = folder.empty() ? "./" + name : fmt::format("{}/{}", folder, name);
    const int error = why_not(file);
    if (error == 0) return file;
    // A folder is not a program; a file that cannot be executed is remembered in case there is nothing
    // better.
    if (error == EACCES) found = error;
  }
  throw cannot_run(name, {}, found);
}

pid_t start(const Program& program, const Kept* kept) {
  const Image image(program);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw cannot("make a pipe", errno);
  const File read_end(ends[0]);
  std::optional<File> write_end(ends[1]);
  start_signals();  // must be initialized before the fork
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw cannot("start a process", errno);
  if (child == 0) run_child(program, image, kept, parent, ends[1]);
  write_end.reset();
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(read_end.fd(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof error)) {
    reap(child);
    throw cannot_run(program.argv.at(0), image.path, error);
  }
  return child;
}

void exec_child(const Program& program) {
  const Image image(program);
  const StartSignals signals = start_signals();
  if (!take_places(program)) throw cannot("pass on a descriptor", errno);
  keep_own_descriptors_from_exec();
  restore_start_signals(signals);
  image.exec();
  throw cannot_run(program.argv.at(0), image.path, errno);
}

int status_of_child(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == child;
}

int reap(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return W_EXITCODE(255, 0);
  }
  return status;
}

std::optional<int> wait_for(pid_t child, int milliseconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  const File pidfd(pidfd_of(child));
  while (!has_ended(child)) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (milliseconds >= 0 && left <= 0) return std::nullopt;
    pause_for(child, pidfd.fd(), milliseconds < 0 ? 200 : static_cast<int>(std::min<long>(left, 200)));
  }
  return status_of_child(reap(child));
}

}  // namespace natskv::terminal
