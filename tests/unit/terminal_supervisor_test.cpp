#include "base/failure.hpp"
#include "terminal/descriptors.hpp"
#include "terminal/supervisor.hpp"
#include "terminal/watchdog.hpp"
#include "terminal_forked.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using natskv::BootClock;
using natskv::Failure;
using natskv::Stop;
using natskv::StopReason;
using natskv::Watchdog;
using natskv::terminal::EnvironmentChanges;
using natskv::terminal::Program;
using natskv::terminal::Supervisor;
using natskv::test::Forked;
using natskv::test::Pipe;

namespace {

int finish(Supervisor& supervisor) {
  while (!supervisor.wait()) {
  }
  return supervisor.status();
}

int run(const Program& program) {
  Supervisor supervisor;
  supervisor.start(program);
  return finish(supervisor);
}

int shell(const std::string& script, EnvironmentChanges environment = {}) {
  return run({.argv = {"sh", "-c", script}, .environment = std::move(environment)});
}

// COMMAND gets it under this number.
void give(int fd, int number) {
  ::dup2(fd, number);
  ::fcntl(number, F_SETFD, 0);
}

// As main() begins.
struct Started {
  Started() : watchdog(stop, [](StopReason) { ::_exit(99); }) {
    watchdog.grace(1min);  // a busy machine may not let it unwind for seconds
  }
  Stop stop;
  Watchdog watchdog;
};

}  // namespace

TEST_CASE("COMMAND's status is passed on, a signal as 128 and its number") {
  Forked process([] {
    const Started started;
    for (int status = 0; status < 256; status += 5) {
      if (shell("exit " + std::to_string(status)) != status) return 1;
    }
    for (const int number : {SIGHUP, SIGINT, SIGABRT, SIGKILL, SIGSEGV, SIGTERM, SIGUSR1}) {
      if (shell("kill -" + std::to_string(number) + " $$") != 128 + number) return 2;
    }
    return started.stop ? 3 : 0;
  });
  CHECK(process.status() == 0);
}

TEST_CASE("What cannot be started is a failure, and another can be started after it") {
  Forked process([] {
    Supervisor supervisor;
    try {
      supervisor.start({.argv = {"natskv-no-such-program"}});
    } catch (const Failure& failure) {
      supervisor.start({.argv = {"sh", "-c", "exit 6"}});
      return 10 * (static_cast<int>(failure.exit()) - 120) + finish(supervisor);
    }
    return 0;
  });
  CHECK(process.status() == 76);
}

TEST_CASE("COMMAND gets the changed environment and the rest of ours") {
  Forked process([] {
    ::setenv("NATSKV_TEST_KEPT", "kept", 1);
    ::setenv("NATSKV_TEST_GONE", "gone", 1);
    return shell("test \"$NATSKV_TEST_KEPT,${NATSKV_TEST_GONE-unset},$NATSKV_TEST_NEW\" = 'kept,unset,a=b'",
                 {{"NATSKV_TEST_GONE", std::nullopt}, {"NATSKV_TEST_NEW", "a=b"}});
  });
  CHECK(process.status() == 0);
}

TEST_CASE("COMMAND starts with the signal mask and dispositions of the start") {
  Forked process([] {
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGUSR2, SIG_IGN);
    ::signal(SIGCHLD, SIG_IGN);
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGUSR1);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    const Started started;
    ::signal(SIGPIPE, SIG_IGN);  // as nats.c does
    // Blocked: USR1 (bit 9); ignored: INT (1), USR2 (11) and CHLD (16), no other. Not through a shell: it may
    // change the mask.
    const auto sees = [&](const char* line) {
      return run({.argv = {"grep", "-q", line, "/proc/self/status"}});
    };
    return 2 * sees("^SigBlk:.*0000000000000200$") + sees("^SigIgn:.*0000000000010802$");
  });
  CHECK(process.status() == 0);
}

TEST_CASE("COMMAND has the descriptors of the start and no other") {
  Forked process([] {
    // A gap, and two that it is to have.
    ::dup2(STDERR_FILENO, 17);
    ::dup2(STDERR_FILENO, 40);
    ::closefrom(41);
    for (int fd = 3; fd < 40; ++fd) {
      if (fd != 17) ::close(fd);
    }
    natskv::terminal::remember_descriptors();
    const Started started;
    if (::socket(AF_INET, SOCK_STREAM, 0) < 0) return 3;  // as nats.c makes it, without the mark
    ::dup2(STDERR_FILENO, 25);
    // Without a shell, which may have some of its own. ls has 3: the folder.
    std::array<int, 2> list{};
    if (::pipe2(list.data(), O_CLOEXEC) != 0) return 4;
    const int status = run({.argv = {"ls", "/proc/self/fd"}, .out = list[1]});
    std::array<char, 256> text{};
    const auto size = ::read(list[0], text.data(), text.size());
    return std::string_view(text.data(), static_cast<std::size_t>(size)) == "0\n1\n17\n2\n3\n40\n" ? status
                                                                                                   : 5;
  });
  CHECK(process.status() == 0);
}

TEST_CASE("Every signal that a process sends is passed on; COMMAND's status counts, not the signal") {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
    CAPTURE(number);
    const Pipe ready;
    Forked process([&] {
      const Started started;
      ::dup2(ready.ends[1], STDOUT_FILENO);
      const int status =
          shell("trap 'exit 7' TERM INT HUP QUIT USR1 USR2; echo; while :; do sleep 0.05; done");
      return started.stop ? 98 : status;
    });
    ready.hear();
    process.signal(number);
    CHECK(process.status() == 7);
  }
}

TEST_CASE("A signal that was ignored at the start stays ignored") {
  const Pipe ready;
  Forked process([&] {
    ::signal(SIGHUP, SIG_IGN);
    const Started started;
    ::dup2(ready.ends[1], STDOUT_FILENO);
    return shell("trap 'exit 7' HUP; trap 'exit 8' TERM; echo; while :; do sleep 0.05; done");
  });
  ready.hear();
  process.signal(SIGHUP);
  process.signal(SIGTERM);
  CHECK(process.status() == 8);
}

TEST_CASE("Signals go to the whole group of a COMMAND that has one of its own") {
  const Pipe ready;
  Forked process([&] {
    const Started started;
    ::dup2(ready.ends[1], STDOUT_FILENO);
    // The inner shell says by its status that the signal reached it, too.
    return shell(
        "trap : TERM; sh -c \"trap 'exit 5' TERM; echo; while :; do sleep 0.05; done\" & child=$!; "
        "s=143; while [ $s -gt 128 ]; do wait $child; s=$?; done; exit $s");
  });
  ready.hear();
  process.signal(SIGTERM);
  CHECK(process.status() == 5);
}

TEST_CASE("SIGTSTP stops COMMAND's group and natskv, SIGCONT lets both go on") {
  const Pipe ready;
  Forked process([&] {
    ::setpgid(0, 0);  // the kernel stops no member of an orphaned group, as ctest's may be
    const Started started;
    ::dup2(ready.ends[1], STDOUT_FILENO);
    return shell("trap 'exit 4' CONT; echo; while :; do sleep 0.05; done");
  });
  ready.hear();
  process.signal(SIGTSTP);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WSTOPPED) == 0);
  process.signal(SIGCONT);
  CHECK(process.status() == 4);
}

TEST_CASE("A COMMAND that is stopped gets SIGTERM, and after the grace SIGKILL; its group, too") {
  Pipe alive;
  const Pipe ready;
  Forked process([&] {
    const Started started;
    Supervisor supervisor(100ms);
    ::dup2(alive.ends[1], STDOUT_FILENO);
    ::dup2(ready.ends[1], STDERR_FILENO);
    supervisor.start(
        {.argv = {"sh", "-c", "trap '' TERM; echo >&2; exec 2> /dev/null; sleep 600 & wait; wait"}});
    ready.hear();
    supervisor.stop();
    return finish(supervisor);
  });
  alive.close_write();
  CHECK(process.status() == 128 + SIGKILL);
  CHECK(alive.ends_within(20));
}

TEST_CASE("What COMMAND leaves of its group is stopped and counted; what left the group is not followed") {
  Pipe left;
  const Pipe go;
  const Pipe answer;
  const Pipe began;
  Forked process([&] {
    const Started started;
    Supervisor supervisor(200ms);
    ::dup2(left.ends[1], STDOUT_FILENO);
    give(go.ends[0], 7);
    give(answer.ends[1], 8);
    give(began.ends[0], 5);
    give(began.ends[1], 6);
    supervisor.start({.argv = {"sh", "-c",
                               "setsid sh -c 'echo >&6; read x; echo' <&7 >&8 & read x <&5; "
                               "sleep 600 & sh -c \"trap '' TERM; exec sleep 600\" & exit 3"}});
    return 10 * finish(supervisor) + supervisor.leftovers();
  });
  left.close_write();
  const int status = process.status();
  CHECK(status / 10 == 3);
  CHECK(status % 10 >= 2);
  CHECK(left.ends_within(20));
  go.say_line();
  answer.hear();
}

TEST_CASE("COMMAND and its children do not outlive a natskv that is killed") {
  Pipe alive;
  const Pipe ready;
  Forked process([&] {
    const Started started;
    ::dup2(alive.ends[1], STDOUT_FILENO);
    ::dup2(ready.ends[1], STDERR_FILENO);
    return shell("sleep 600 2> /dev/null & echo >&2; exec 2> /dev/null; sleep 600");
  });
  alive.close_write();
  ready.hear();
  process.signal(SIGKILL);
  CHECK(process.status() == 128 + SIGKILL);
  CHECK(alive.ends_within(20));
}

TEST_CASE("The keeper does what natskv can't: it ends a COMMAND at its deadline while natskv is stopped") {
  Pipe alive;
  const Pipe trapped;
  const Pipe ready;
  Forked process([&] {
    const Started started;
    Supervisor supervisor;
    const char* const script = "trap '' TERM; echo >&2; exec 2> /dev/null; while :; do sleep 1; done";
    supervisor.start({.argv = {"sh", "-c", script}, .out = alive.ends[1], .error = trapped.ends[1]});
    trapped.hear();
    supervisor.deadlines(BootClock::now() + 300ms, BootClock::now() + 500ms);
    alive.close_write();
    ready.say();
    return finish(supervisor);
  });
  alive.close_write();
  ready.hear();
  process.signal(SIGSTOP);
  CHECK(alive.ends_within(20));
  process.signal(SIGCONT);
  CHECK(process.status() == 128 + SIGKILL);
}

TEST_CASE("A keeper that is killed is replaced") {
  Pipe alive;
  const Pipe ready;
  Forked process([&] {
    const Started started;
    ::dup2(alive.ends[1], STDOUT_FILENO);
    ::dup2(ready.ends[1], STDERR_FILENO);
    // Of natskv's children the one with the keeper's name, then another. Standard error says only that: a
    // child that ends while it is looked at must not.
    return shell(
        "keeper() { for k in $(cat /proc/$PPID/task/*/children); do "
        "grep -q natskv-keeper /proc/$k/comm && echo $k; done 2> /dev/null; }; "
        "until first=$(keeper); [ -n \"$first\" ]; do :; done; kill -KILL $first; "
        "while :; do now=$(keeper); [ -n \"$now\" ] && [ \"$now\" != \"$first\" ] && break; sleep 0.02; "
        "done; echo >&2; exec 2> /dev/null; sleep 600");
  });
  alive.close_write();
  ready.hear();
  process.signal(SIGKILL);
  CHECK(process.status() == 128 + SIGKILL);
  CHECK(alive.ends_within(20));
}

TEST_CASE("A pipe around natskv ends with COMMAND: the keeper holds none") {
  Pipe out;
  Forked process([&] {
    const Started started;
    ::dup2(out.ends[1], STDOUT_FILENO);
    Supervisor supervisor;
    supervisor.start({.argv = {"true"}});
    finish(supervisor);
    ::close(STDOUT_FILENO);
    out.close_write();
    out.close_read();
    ::pause();
    return 0;
  });
  out.close_write();
  CHECK(out.ends_within(20));
}

TEST_CASE("Ctrl-C at the terminal reaches COMMAND once, and natskv waits for it") {
  Forked process(Forked::OnTerminal{}, [] {
    const Started started;
    const int status = shell(
        "n=0; trap 'n=$((n+1))' INT; echo ready; sleep 0.1; "
        "while [ $n = 0 ]; do sleep 0.05; done; sleep 0.4; exit $((40 + n))");
    return started.stop ? 98 : status;
  });
  REQUIRE(process.shows("ready"));
  process.type("\x03");
  CHECK(process.status() == 41);
}

TEST_CASE("On a terminal a signal of a process reaches COMMAND's children, and kill -9 of natskv ends them") {
  for (const int number : {SIGTERM, SIGKILL}) {
    CAPTURE(number);
    Pipe alive;
    Forked process(Forked::OnTerminal{}, [&] {
      const Started started;
      give(alive.ends[1], 9);
      // Not by COMMAND: it waits for a child that has the signal, too.
      return shell("sleep 600 & (sleep 600 & echo ready; wait) & wait; wait");
    });
    alive.close_write();
    REQUIRE(process.shows("ready"));
    process.signal(number);
    CHECK(process.status() == 128 + number);
    CHECK(alive.ends_within(20));
  }
}

TEST_CASE("On a terminal the orphans that COMMAND leaves are stopped") {
  Pipe alive;
  Forked process(Forked::OnTerminal{}, [&] {
    const Started started;
    give(alive.ends[1], 9);
    Supervisor supervisor;
    supervisor.start({.argv = {"sh", "-c", "(sleep 600 & sleep 600 &); exit 3"}});
    const int status = finish(supervisor);
    return 10 * status + supervisor.leftovers();
  });
  alive.close_write();
  CHECK(process.status() == 32);
  CHECK(alive.ends_within(20));
}

TEST_CASE(
    "A COMMAND is not started after a Stop: nobody would tell it, and the watchdog would end natskv beside it") {
  Forked process([] {
    Started started;
    started.stop.set(StopReason::terminated);
    Supervisor supervisor;
    try {
      supervisor.start({.argv = {"true"}});
    } catch (const natskv::Stopped&) {
      return supervisor.running() ? 2 : 0;
    }
    return 1;
  });
  CHECK(process.status() == 0);
}
