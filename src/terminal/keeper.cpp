#include "terminal/keeper.hpp"

#include "base/boot_clock.hpp"
#include "base/failure.hpp"
#include "terminal/descriptors.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace natskv::terminal {
namespace {

std::int64_t now() { return BootClock::now().time_since_epoch().count(); }

void nap() {
  const timespec time{0, 20'000'000};
  ::nanosleep(&time, nullptr);
}

// SIGKILL until none is left: the next pass finds what was forked meanwhile. Without /proc there is only one.
void kill_all(const Kin& kin) {
  do {
    signal_all(kin, SIGKILL);
    nap();
  } while (living(kin) > 0);
}

void ask_to_end(const Kin& kin) {
  signal_all(kin, SIGTERM);
  signal_all(kin, SIGCONT);
}

// All that the forked process does. Nothing here may allocate or lock: other threads may have held locks at
// the fork.
class Keeping {
 public:
  Keeping(int line, int held, const Orders& orders) : line_(line), held_(held), orders_(orders) {}

  [[noreturn]] void run() {
    become_nobody();
    while (wait()) act();
    if (orders_.pid > 0) end_command();
    ::_exit(0);
  }

 private:
  void become_nobody() {
    ::setsid();
    ::prctl(PR_SET_NAME, "natskv-keeper");
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    close_all_but(line_, held_);
    timer_ = ::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    // It would keep the working folder busy.
    [[maybe_unused]] const int moved = ::chdir("/");
  }

  // natskv itself has sent the signal by then, if it could.
  [[nodiscard]] std::int64_t stop_at() const {
    constexpr std::int64_t later = 20'000'000;
    return orders_.stop_at == 0 ? 0 : orders_.stop_at + later;
  }

  // Waits for orders or for that time; false: natskv is gone.
  bool wait() {
    const std::int64_t next = told_ ? orders_.kill_at : stop_at();
    itimerspec at{};
    at.it_value.tv_sec = next / 1'000'000'000;
    at.it_value.tv_nsec = next % 1'000'000'000;
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr);
    std::array<pollfd, 2> fds{{{line_, POLLIN, 0}, {timer_, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) <= 0 || fds[0].revents == 0) return true;
    Orders orders;
    const ssize_t got = ::recv(line_, &orders, sizeof orders, 0);
    if (got == 0) return false;
    if (got != static_cast<ssize_t>(sizeof orders)) return true;
    if (orders.pid != orders_.pid) told_ = false;
    orders_ = orders;
    return true;
  }

  [[nodiscard]] bool due(std::int64_t time) const { return time > 0 && orders_.pid > 0 && now() >= time; }

  void act() {
    if (!told_ && due(stop_at())) {
      ask_to_end(orders_.command);
      told_ = true;
    }
    if (told_ && due(orders_.kill_at)) {
      kill_all(orders_.command);
      orders_ = {};
    }
  }

  void end_command() {
    Kin kin = orders_.command;
    if (kin.group == 0) {
      kin.root = orders_.pid;
      kin.with_root = true;
    }
    if (!told_) ask_to_end(kin);
    std::int64_t until = now() + orders_.grace;
    if (orders_.kill_at > 0) until = std::min(until, orders_.kill_at);
    while (now() < until && living(kin) > 0) nap();
    kill_all(kin);
  }

  int line_, held_;
  int timer_ = -1;
  Orders orders_;
  bool told_ = false;
};

}  // namespace

Keeper::~Keeper() { reap(); }

void Keeper::start(const Orders& orders) {
  if (line_.fd() >= 0) return;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw cannot("make a pair of sockets", errno);
  const pid_t pid = ::fork();
  if (pid == 0) Keeping(ends[0], held_, orders).run();
  const File theirs(ends[0]);
  File ours(ends[1]);
  if (pid < 0) throw cannot("start a process", errno);
  line_ = std::move(ours);
  pid_ = pid;
}

bool Keeper::tell(const Orders& orders) const {
  ssize_t sent = 0;
  do {
    sent = ::send(line_.fd(), &orders, sizeof orders, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof orders);
}

void Keeper::reap() {
  line_ = File();
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);  // it may have been stopped
    ::waitpid(pid_, nullptr, 0);
  }
  pid_ = 0;
}

}  // namespace natskv::terminal
