#include "support/launch.hpp"

#include "support/text.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace natskv::test {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const auto& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// What the child does; other threads may hold locks, so no allocation in here.
struct Child {
  const char* file;
  char** args;
  char** env;
  const char* cwd;
  std::array<int, 3> fds;
  int tty;
  int report;
  bool die_with_parent;

  [[noreturn]] void go() const {
    if (die_with_parent) prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    setsid();  // a process group of its own, and no terminal but the one given
    if (tty >= 0) ioctl(tty, TIOCSCTTY, 0);
    // First out of the way of 0, 1, 2, then into place.
    std::array<int, 3> high{};
    for (size_t i = 0; i < 3; ++i) high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
    for (size_t i = 0; i < 3; ++i) {
      const int target = static_cast<int>(i);
      if (high[i] < 0) {
        close(target);
      } else {
        dup2(high[i], target);
      }
    }
    if (cwd == nullptr || chdir(cwd) == 0) execve(file, args, env);
    const int error = errno;
    [[maybe_unused]] const auto written = write(report, &error, sizeof error);
    _exit(127);
  }
};

}  // namespace

void shut(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

std::vector<std::string> environment(const Run& what, bool terminal) {
  static const TempDir home;
  std::map<std::string, std::optional<std::string>> all;
  for (const char* name :
       {"PATH", "TMPDIR", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
        "GCOV_PREFIX", "GCOV_PREFIX_STRIP", "LLVM_PROFILE_FILE"}) {
    if (const char* value = std::getenv(name)) all[name] = value;
  }
  // `natskv sandbox` looks in PATH: it must find the server that this run is about.
  if (const char* server = std::getenv("NATS_SERVER");
      server != nullptr && std::strchr(server, '/') != nullptr) {
    const auto folder = std::filesystem::absolute(server).parent_path().string();
    all["PATH"] = folder + ":" + all["PATH"].value_or("/usr/bin:/bin");
  }
  all["HOME"] = home.path().string();
  all["XDG_CONFIG_HOME"] = home / ".config";
  all["LC_ALL"] = "C.UTF-8";
  all["TZ"] = "UTC";
  all["TERM"] = terminal ? "xterm-256color" : "dumb";
  for (const auto& [name, value] : what.env) all[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) {
    if (value) lines.push_back(name + "=" + *value);
  }
  return lines;
}

pid_t launch(const Run& what, const std::array<int, 3>& fds, int tty) {
  if (what.args.empty()) throw std::runtime_error("no program to run");
  const auto& name = what.args.front();
  const auto file =
      name.find('/') == std::string::npos ? program(name) : std::filesystem::absolute(name).string();
  if (file.empty()) throw std::runtime_error("no program " + name + " in PATH");
  const auto env = environment(what, tty >= 0);
  auto args = pointers(what.args);
  auto variables = pointers(env);
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  // The death signal follows the thread that forked, so only the main thread's children get it.
  const Child child{
      file.c_str(), args.data(), variables.data(), what.cwd.empty() ? nullptr : what.cwd.c_str(),
      fds,          tty,         report[1],        gettid() == getpid()};
  const pid_t pid = fork();
  if (pid == 0) child.go();
  shut(report[1]);
  int error = 0;
  const auto got = pid < 0 ? 0 : read(report[0], &error, sizeof error);
  shut(report[0]);
  if (pid < 0) throw std::runtime_error("cannot fork");
  if (got > 0) {
    waitpid(pid, nullptr, 0);
    throw std::runtime_error("cannot run " + file + ": " + std::strerror(error));
  }
  return pid;
}

}  // namespace natskv::test
