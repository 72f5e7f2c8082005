#include "base/failure.hpp"
#include "terminal/child.hpp"
#include "terminal/watchdog.hpp"
#include "terminal_forked.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using natskv::Failure;
using natskv::Stop;
using natskv::Watchdog;
using natskv::Why;
using natskv::terminal::run_child;
using natskv::test::Forked;
using natskv::test::Pipe;

namespace {

int run(std::vector<std::string> argv, natskv::terminal::EnvironmentChanges environment = {}) {
  return run_child({.argv = std::move(argv), .environment = std::move(environment)}, Stop());
}

int status_of_failure(std::vector<std::string> argv) {
  try {
    run(std::move(argv));
  } catch (const Failure& failure) {
    return static_cast<int>(failure.exit());
  }
  return 0;
}

}  // namespace

TEST_CASE("A child's status is passed on, a signal as 128 and its number") {
  CHECK(run({"true"}) == 0);
  CHECK(run({"sh", "-c", "exit 42"}) == 42);
  CHECK(run({"sh", "-c", "kill -KILL $$"}) == 128 + SIGKILL);
}

TEST_CASE("No such program is 127, one that can't be executed 126") {
  CHECK(status_of_failure({"/nonexistent/program"}) == 127);
  CHECK(status_of_failure({"natskv-no-such-program"}) == 127);
  CHECK(status_of_failure({"/dev/null"}) == 126);
  CHECK_THROWS_WITH(run({"natskv-no-such-program"}), "no such program: \"natskv-no-such-program\"");
}

TEST_CASE("A child gets the changed environment and the rest of ours") {
  ::setenv("NATSKV_TEST_KEPT", "kept", 1);
  ::setenv("NATSKV_TEST_GONE", "gone", 1);
  CHECK(run({"sh", "-c",
             "test \"$NATSKV_TEST_KEPT,${NATSKV_TEST_GONE-unset},$NATSKV_TEST_NEW\" = 'kept,unset,a=b'"},
            {{"NATSKV_TEST_GONE", std::nullopt}, {"NATSKV_TEST_NEW", "a=b"}}) == 0);
  ::unsetenv("NATSKV_TEST_KEPT");
  ::unsetenv("NATSKV_TEST_GONE");
}

TEST_CASE("A child starts with the mask and dispositions of the start") {
  Forked process([] {
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGINT, SIG_IGN);
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGUSR1);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    Stop stop;
    Watchdog watchdog(stop, [](Why) {});
    ::signal(SIGPIPE, SIG_IGN);  // as nats.c does
    // Blocked: SIGUSR1 (bit 9), not TERM; ignored: INT (bit 1), not PIPE, not QUIT.
    // Not through a shell: it may change the mask.
    const auto sees = [&](const char* line) {
      return run_child({.argv = {"grep", "-q", line, "/proc/self/status"}}, stop);
    };
    return 2 * sees("^SigBlk:.*0000000000000200$") + sees("^SigIgn:.*0000000000000002$");
  });
  CHECK(process.status() == 0);
}

TEST_CASE("A child's status is known where a parent ignores SIGCHLD, and the child starts with that") {
  Forked process([] {
    ::signal(SIGCHLD, SIG_IGN);
    Stop stop;
    Watchdog watchdog(stop, [](Why) {});
    const int ended = run_child({.argv = {"sh", "-c", "exit 7"}}, stop);
    // Ignored: CHLD is bit 17.
    return ended == 7 ? run_child({.argv = {"grep", "-q", "^SigIgn:.*1....$", "/proc/self/status"}}, stop)
                      : 100 + ended;
  });
  CHECK(process.status() == 0);
}

TEST_CASE("SIGTERM and a SIGINT of kill are forwarded; the child's status counts, not the signal") {
  for (const int number : {SIGTERM, SIGINT}) {
    const Pipe ready;
    Forked process([&] {
      Stop stop;
      Watchdog watchdog(stop, [](Why) { ::_exit(99); });
      ::dup2(ready.ends[1], STDOUT_FILENO);
      const int status = run_child(
          {.argv = {"sh", "-c", "trap 'exit 7' TERM INT; echo; while :; do sleep 0.05; done"}}, stop);
      return stop ? 98 : status;
    });
    ready.hear();
    process.signal(number);
    CHECK(process.status() == 7);
  }
}

TEST_CASE("Ctrl-C at the terminal reaches the child once, and natskv waits for it") {
  Forked process(Forked::OnTerminal{}, [] {
    Stop stop;
    Watchdog watchdog(stop, [](Why) { ::_exit(99); });
    const int status =
        run_child({.argv = {"sh", "-c",
                            "n=0; trap 'n=$((n+1))' INT; echo ready; sleep 0.1; "
                            "while [ $n = 0 ]; do sleep 0.05; done; sleep 0.4; exit $((40 + n))"}},
                  stop);
    return stop ? 98 : status;
  });
  REQUIRE(process.shows("ready"));
  process.type("\x03");
  CHECK(process.status() == 41);
}

TEST_CASE("Nothing is started after a stop") {
  Stop stop;
  stop.set(Why::interrupted);
  CHECK_THROWS_AS(run_child({.argv = {"true"}}, stop), natskv::Stopped);
}

TEST_CASE("A child with a death signal goes with the process that started it, however that ends") {
  Pipe alive;  // the grandchild holds its other end
  Forked process([&] {
    natskv::terminal::start(
        {.argv = {"sleep", "600"}, .alone = true, .death_signal = SIGKILL, .inherited = alive.ends[1]});
    alive.say();
    ::pause();
    return 0;
  });
  alive.hear();
  alive.close_write();
  process.signal(SIGKILL);
  CHECK(process.status() == 128 + SIGKILL);
  pollfd end{alive.ends[0], POLLIN, 0};
  REQUIRE(::poll(&end, 1, 20'000) == 1);
  char byte = 0;
  CHECK(::read(alive.ends[0], &byte, 1) == 0);  // nobody holds it any more
}
