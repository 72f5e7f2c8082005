#include "terminal/prompt.hpp"
#include "terminal/watchdog.hpp"
#include "terminal_forked.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using natskv::Stop;
using natskv::StopReason;
using natskv::Watchdog;
using natskv::test::Forked;
using natskv::test::Pipe;

namespace {

// 1 for yes, 0 for no, 8 where nobody could be asked, 9 for a stop.
int asked() {
  Stop stop;
  Watchdog watchdog(stop, [](StopReason) { ::_exit(99); });
  watchdog.grace(std::chrono::minutes(1));  // a busy machine may not let it unwind for seconds
  if (!natskv::terminal::interactive()) return 8;
  const bool yes = natskv::terminal::ask("remove it?", stop);
  if (stop) return 9;
  return yes ? 1 : 0;
}

int answer(const std::string& typed) {
  Forked process(Forked::OnTerminal{}, asked);
  REQUIRE(process.shows("remove it? [y/N] "));
  process.type(typed);
  return process.status();
}

}  // namespace

TEST_CASE("y and yes in any case are yes") {
  for (const char* const typed : {"y\n", "Y\n", "yes\n", "YES\n", " Yes \n"}) CHECK(answer(typed) == 1);
}

TEST_CASE("Anything else and the end of input are no") {
  for (const char* const typed :
       {"\n", "n\n", "yess\n", "yep\n", "no, yes\n", "y y y y y y y y y y y n\n", "\x04"}) {
    CHECK(answer(typed) == 0);
  }
}

TEST_CASE("Ctrl-C ends a question at once") { CHECK(answer("\x03") == 9); }

TEST_CASE("A question in the background waits for the foreground, and SIGTERM ends it") {
  Forked process(Forked::OnTerminal{}, [] {
    const Pipe asks;
    const pid_t job = ::fork();
    if (job == 0) {
      ::setpgid(0, 0);
      asks.say();
      ::_exit(asked());
    }
    asks.hear();
    std::string line;
    for (char byte = 0; byte != '\n';) {
      pollfd typed{STDIN_FILENO, POLLIN, 0};
      // What is typed is there for the job to see, before the foreground takes it.
      if (::poll(&typed, 1, 20'000) != 1) break;
      ::poll(nullptr, 0, 300);
      if (::read(STDIN_FILENO, &byte, 1) != 1) break;
    }
    ::kill(job, SIGTERM);
    int status = 0;
    for (int slice = 0; slice < 200 && ::waitpid(job, &status, WNOHANG) == 0; ++slice) ::poll(nullptr, 0, 50);
    const bool ended = ::kill(job, SIGKILL) != 0 || WIFEXITED(status);
    return ended ? WEXITSTATUS(status) : 77;
  });
  REQUIRE(process.shows("remove it? [y/N] "));
  process.type("y\n");
  CHECK(process.status() == 9);
}

TEST_CASE("Nobody can be asked where stdin is no terminal") {
  Forked process(Forked::OnTerminal{}, [] {
    const Pipe input;
    ::dup2(input.ends[0], STDIN_FILENO);
    return asked();
  });
  CHECK(process.status() == 8);
}
