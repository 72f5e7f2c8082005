// What the terminal room does to a whole process, seen from outside: a forked child does it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

namespace natskv::test {

/// A forked process that runs `work` and ends with its result.
class Forked {
 public:
  explicit Forked(const std::function<int()>& work) : pid_(::fork()) {
    if (pid_ == 0) run(work);
  }
  /// In a session of its own on a new pseudo-terminal, which is 0, 1 and 2.
  struct OnTerminal {};
  Forked(OnTerminal, const std::function<int()>& work)
      : pid_(::forkpty(&master_, nullptr, nullptr, nullptr)) {
    if (pid_ == 0) run(work);
  }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;
  ~Forked() {
    if (!reaped_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    if (master_ >= 0) ::close(master_);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  void type(const std::string& bytes) const {
    [[maybe_unused]] const auto written = ::write(master_, bytes.data(), bytes.size());
  }
  /// Reads the terminal until it shows `text`; false when it ended before (or 20 s passed).
  bool shows(const std::string& text) {
    while (screen_.find(text) == std::string::npos) {
      pollfd ready{master_, POLLIN, 0};
      if (::poll(&ready, 1, 20'000) != 1) return false;
      char bytes[256];
      const ssize_t got = ::read(master_, bytes, sizeof bytes);
      if (got <= 0) return false;
      screen_.append(bytes, static_cast<std::size_t>(got));
    }
    return true;
  }
  [[nodiscard]] const std::string& screen() const { return screen_; }
  /// Its exit status, or 128 + signal.
  int status() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    reaped_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  // What is thrown must not reach the tests' runner, which would go on in the forked process.
  [[noreturn]] static void run(const std::function<int()>& work) {
    try {
      ::_exit(work());
    } catch (const std::exception& error) {
      ::dprintf(STDERR_FILENO, "%s\n", error.what());
    }
    ::_exit(250);
  }

  int master_ = -1;
  pid_t pid_;
  std::string screen_;
  bool reaped_ = false;
};

/// Two ends of a pipe; a word through it says "I am ready".
struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) ::abort();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_read();
    close_write();
  }
  void close_read() { shut(ends[0]); }
  void close_write() { shut(ends[1]); }
  /// Whether nobody holds the other end any more, waiting so many seconds; what is said meanwhile is dropped.
  [[nodiscard]] bool ends_within(int seconds) const {
    for (;;) {
      pollfd end{ends[0], POLLIN, 0};
      char bytes[256];
      if (::poll(&end, 1, seconds * 1000) != 1) return false;
      if (::read(ends[0], bytes, sizeof bytes) <= 0) return true;
    }
  }
  void say() const { [[maybe_unused]] const auto written = ::write(ends[1], "x", 1); }
  void say_line() const { [[maybe_unused]] const auto written = ::write(ends[1], "\n", 1); }
  void hear() const {
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(ends[0], &byte, 1);
  }

 private:
  static void shut(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

}  // namespace natskv::test
