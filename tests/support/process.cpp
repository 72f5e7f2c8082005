#include "support/process.hpp"

#include "support/launch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace natskv::test {
namespace {

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// One of the child's 0, 1, 2: its end, and ours where it is a pipe.
struct Channel {
  int child = -1, ours = -1;
  bool own = false;  // the child's end is to be closed here after the fork
};

Channel piped(bool we_write) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const int ours = we_write ? ends[1] : ends[0];
  fcntl(ours, F_SETFL, O_NONBLOCK);
  return {we_write ? ends[0] : ends[1], ours, true};
}

Channel opened(const std::string& file, int flags) {
  const int fd = open(file.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0644);
  if (fd < 0) throw std::runtime_error("cannot open " + file);
  return {fd, -1, true};
}

Channel input_channel(const Run& what, int tty) {
  if (what.close_stdin) return {};
  if (what.in_fd >= 0) return {what.in_fd};
  if (!what.in_file.empty()) return opened(what.in_file, O_RDONLY);
  if (tty >= 0) return {tty};
  if (what.input || what.open_stdin) return piped(true);
  return opened("/dev/null", O_RDONLY);
}

Channel output_channel(bool closed, int fd, const std::string& file, int tty) {
  if (closed) return {};
  if (fd >= 0) return {fd};
  if (!file.empty()) return opened(file, O_WRONLY | O_CREAT | O_APPEND);
  if (tty >= 0) return {tty};
  return piped(false);
}

// Appends what is there; false at the end (a terminal's end is EIO).
bool drain(int fd, std::string& into) {
  std::array<char, 65536> buffer{};
  while (fd >= 0) {
    const auto got = read(fd, buffer.data(), buffer.size());
    if (got > 0) {
      into.append(buffer.data(), static_cast<size_t>(got));
    } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return true;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

Process::Process(Run what) { start(what, {}); }
Process::Process(Run what, std::optional<Tty> tty) { start(what, tty); }

void Process::start(const Run& what, std::optional<Tty> tty) {
  [[maybe_unused]] static const auto once = std::signal(SIGPIPE, SIG_IGN);  // a child may not read its input
  int slave = -1;
  if (tty) {
    const winsize size{static_cast<unsigned short>(tty->rows), static_cast<unsigned short>(tty->cols), 0, 0};
    if (openpty(&master_, &slave, nullptr, nullptr, &size) != 0)
      throw std::runtime_error("no pseudo-terminal");
    for (const int fd : {master_, slave}) fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(master_, F_SETFL, O_NONBLOCK);
  }
  std::array<Channel, 3> channels;
  try {
    channels[0] = input_channel(what, tty && tty->in ? slave : -1);
    channels[1] = output_channel(what.close_stdout, what.out_fd, what.out_file, tty && tty->out ? slave : -1);
    channels[2] = output_channel(what.close_stderr, what.err_fd, what.err_file, tty && tty->err ? slave : -1);
    started_ = Clock::now();
    pid_ = launch(what, {channels[0].child, channels[1].child, channels[2].child}, slave);
  } catch (...) {
    for (auto& channel : channels) {
      shut(channel.ours);
      if (channel.own) shut(channel.child);
    }
    shut(slave);
    shut(master_);
    throw;
  }
  for (auto& channel : channels) {
    if (channel.own) shut(channel.child);
  }
  shut(slave);
  in_ = channels[0].ours;
  out_fd_ = channels[1].ours;
  err_fd_ = channels[2].ours;
  keep_stdin_ = what.open_stdin || (tty && tty->in);
  input_ = what.input.value_or("");
  if (input_.empty() && !keep_stdin_) shut(in_);
}

Process::~Process() {
  if (!reaped_) {
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close_all();
}

void Process::close_all() {
  for (int* fd : {&in_, &out_fd_, &err_fd_, &master_}) shut(*fd);
}

bool Process::pump(double seconds) {
  int& input = in_ >= 0 ? in_ : master_;
  std::array<pollfd, 4> fds{
      {{out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}, {hung_up_ ? -1 : master_, POLLIN, 0}, {-1, POLLOUT, 0}}};
  if (!input_.empty()) fds[3].fd = input;
  const bool reading = out_fd_ >= 0 || err_fd_ >= 0 || (master_ >= 0 && !hung_up_);
  if (!reading && fds[3].fd < 0) return false;
  // In slices: a grandchild may hold the pipes open after the end of the process itself.
  poll(fds.data(), fds.size(), static_cast<int>(std::clamp(seconds, 0.0, 0.05) * 1000) + 1);
  if (fds[3].revents != 0) {
    const auto sent = write(input, input_.data(), input_.size());
    if (sent > 0) input_.erase(0, static_cast<size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      input_.clear();
      shut(in_);
    }
    if (input_.empty() && !keep_stdin_) shut(in_);
  }
  if (!drain(out_fd_, out_)) shut(out_fd_);
  if (!drain(err_fd_, err_)) shut(err_fd_);
  if (!hung_up_) {
    hung_up_ = !drain(master_, screen_);
  }
  return reading;
}

bool Process::exited() {
  if (reaped_) return true;
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

bool Process::running() { return !exited(); }

bool Process::read_until(const std::string& where, std::string_view text, double limit) {
  const auto start = Clock::now();
  while (where.find(text) == std::string::npos) {
    const double left = limit - since(start);
    if (left <= 0 || !pump(left)) return where.find(text) != std::string::npos;
  }
  return true;
}

bool Process::read_until(std::string_view text, double limit) { return read_until(out_, text, limit); }
bool Process::read_err_until(std::string_view text, double limit) { return read_until(err_, text, limit); }

void Process::read_for(double seconds) {
  const auto start = Clock::now();
  for (double left = seconds; left > 0; left = seconds - since(start)) {
    if (!pump(left)) usleep(10'000);
  }
}

void Process::send(std::string_view bytes) {
  input_ += bytes;
  while (!input_.empty() && pump(0.05)) {
  }
}

void Process::close_stdin() {
  keep_stdin_ = false;
  if (input_.empty()) shut(in_);
}

void Process::close_stdout() { shut(out_fd_); }

void Process::signal(int number) {
  if (!reaped_) kill(pid_, number);
}

void Process::pause() {
  signal(SIGSTOP);
  siginfo_t info{};
  if (!reaped_) waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT);
}

void Process::resume() { signal(SIGCONT); }

Result Process::wait(double limit) {
  const auto start = Clock::now();
  Result result;
  bool open = true;
  bool ended = false;
  while (open || !ended) {
    const double left = limit - since(start);
    if (left <= 0) {
      result.timed_out = true;
      if (!reaped_) kill(-pid_, SIGKILL);
      pump(0.01);
      break;
    }
    open = pump(left);
    if (!ended && exited()) {
      ended = true;
      result.seconds = since(started_);
    } else if (!open && !ended) {
      usleep(1000);
    }
  }
  if (reaped_) return ended_;
  reap(result);
  if (result.timed_out) result.seconds = since(started_);
  result.out = out_;
  result.err = err_;
  return ended_ = result;
}

void Process::reap(Result& result) {
  int status = 0;
  rusage usage{};
  wait4(pid_, &status, 0, &usage);
  reaped_ = true;
  result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result.max_rss_kib = usage.ru_maxrss;
}

Terminal::Terminal(Run what, Screen screen)
    : Process(std::move(what), Tty{screen.rows, screen.cols, screen.in, screen.out, screen.err}) {}

void Terminal::resize(int rows, int cols) {
  const winsize size{static_cast<unsigned short>(rows), static_cast<unsigned short>(cols), 0, 0};
  ioctl(master_, TIOCSWINSZ, &size);
}

bool Terminal::sane() const {
  termios mode{};
  return tcgetattr(master_, &mode) == 0 && (mode.c_lflag & ECHO) != 0 && (mode.c_lflag & ICANON) != 0;
}

Result run(Run what) {
  const double limit = what.limit;
  return Process(std::move(what)).wait(limit);
}

Run natskv_command(std::vector<std::string> args, Run rest) {
  const char* chosen = std::getenv("NATSKV");
  args.insert(args.begin(), chosen != nullptr && *chosen != '\0' ? chosen : NATSKV_BINARY);
  rest.args = std::move(args);
  return rest;
}

static Run preloaded(Run what, const char* library) {
  what.env["LD_PRELOAD"] = library;
  // AddressSanitizer's library wants to be the first.
  const char* asan = std::getenv("ASAN_OPTIONS");
  what.env["ASAN_OPTIONS"] = std::string(asan == nullptr ? "" : asan) + ":verify_asan_link_order=0";
  return what;
}

Run with_slow_names(Run what) { return preloaded(std::move(what), NATSKV_SLOW_NAMES); }
Run with_slow_disk(Run what) { return preloaded(std::move(what), NATSKV_SLOW_DISK); }

Result natskv(std::vector<std::string> args, Run rest) {
  return run(natskv_command(std::move(args), std::move(rest)));
}

}  // namespace natskv::test
