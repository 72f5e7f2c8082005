#include "terminal/watchdog.hpp"
#include "terminal_forked.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <chrono>
#include <thread>

using namespace std::chrono_literals;
using natskv::Stop;
using natskv::StopReason;
using natskv::Watchdog;
using natskv::test::Forked;
using natskv::test::Pipe;

namespace {

constexpr int words_said = 77;

void no_words(StopReason) {}

// Which stop comes; 99 for none within 20 s.
int why_of(const Stop& stop) {
  for (int slice = 0; slice < 2000 && !stop; ++slice) std::this_thread::sleep_for(10ms);
  return stop ? static_cast<int>(stop.why()) : 99;
}

// The stop that a signal brings to a process with a Watchdog.
int why_of_signal(int number) {
  const Pipe ready;
  Forked process([&] {
    Stop stop;
    Watchdog watchdog(stop, no_words);
    ready.say();
    return why_of(stop);
  });
  ready.hear();
  process.signal(number);
  return process.status();
}

}  // namespace

TEST_CASE("A signal is the reason to stop") {
  CHECK(why_of_signal(SIGINT) == static_cast<int>(StopReason::interrupted));
  CHECK(why_of_signal(SIGTERM) == static_cast<int>(StopReason::terminated));
  CHECK(why_of_signal(SIGHUP) == static_cast<int>(StopReason::hung_up));
  CHECK(why_of_signal(SIGQUIT) == static_cast<int>(StopReason::quit));
  CHECK(why_of_signal(SIGUSR1) == static_cast<int>(StopReason::user1));
  CHECK(why_of_signal(SIGUSR2) == static_cast<int>(StopReason::user2));
}

TEST_CASE("A signal that was ignored at the start stays ignored") {
  const Pipe ready;
  Forked process([&] {
    ::signal(SIGINT, SIG_IGN);
    Stop stop;
    Watchdog watchdog(stop, no_words);
    ready.say();
    return why_of(stop);
  });
  ready.hear();
  process.signal(SIGINT);
  process.signal(SIGTERM);
  CHECK(process.status() == static_cast<int>(StopReason::terminated));
}

TEST_CASE("A deadline stops, unless it was lifted") {
  Forked process([] {
    Stop stop;
    Watchdog watchdog(stop, no_words);
    stop.deadline(std::chrono::steady_clock::now() + 1h);
    stop.deadline(std::chrono::steady_clock::now() + 5ms);
    return why_of(stop);
  });
  CHECK(process.status() == static_cast<int>(StopReason::deadline));

  Forked lifted([] {
    Stop stop;
    Watchdog watchdog(stop, no_words);
    stop.deadline(std::chrono::steady_clock::now() + 1h);
    stop.deadline(std::nullopt);
    ::kill(::getpid(), SIGTERM);
    return why_of(stop);
  });
  CHECK(lifted.status() == static_cast<int>(StopReason::terminated));
}

TEST_CASE("A pipe on stdout whose reader goes away stops, though nobody writes") {
  const Pipe ready;
  Pipe out;
  Forked process([&] {
    ::dup2(out.ends[1], STDOUT_FILENO);
    out.close_read();
    Stop stop;
    Watchdog watchdog(stop, no_words);
    watchdog.watch_stdout();
    ready.say();
    return why_of(stop);
  });
  ready.hear();
  out.close_read();
  CHECK(process.status() == static_cast<int>(StopReason::reader_gone));
}

TEST_CASE("A stdout that is not watched, or is no pipe, does not stop") {
  for (const bool pipe : {true, false}) {
    Pipe out;
    out.close_read();
    Forked process([&] {
      ::dup2(pipe ? out.ends[1] : ::open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
      Stop stop;
      Watchdog watchdog(stop, no_words);
      if (!pipe) watchdog.watch_stdout();
      ::kill(::getpid(), SIGTERM);
      return why_of(stop);
    });
    CHECK(process.status() == static_cast<int>(StopReason::terminated));
  }
}

TEST_CASE("Last words are said when the main thread does not unwind, however often the signal comes") {
  const Pipe ready;
  Forked process([&] {
    Stop stop;
    Watchdog watchdog(stop, [](StopReason why) { ::_exit(why == StopReason::interrupted ? words_said : 1); });
    ready.say();
    std::this_thread::sleep_for(30s);
    return 2;
  });
  ready.hear();
  for (int times = 0; times < 5; ++times) process.signal(SIGINT);
  process.signal(SIGTERM);
  CHECK(process.status() == words_said);
}

TEST_CASE("No last words are said once unwinding is done, nor before the grace is over") {
  Forked done([] {
    Stop stop;
    Watchdog watchdog(stop, [](StopReason) { ::_exit(words_said); });
    watchdog.grace(50ms);
    watchdog.unwinding_done();  // before the signal: the grace is short for a busy machine
    ::kill(::getpid(), SIGINT);
    const int why = why_of(stop);
    std::this_thread::sleep_for(150ms);
    return why;
  });
  CHECK(done.status() == static_cast<int>(StopReason::interrupted));

  Forked longer([] {
    Stop stop;
    Watchdog watchdog(stop, [](StopReason) { ::_exit(words_said); });
    if (watchdog.grace(1h) != 350ms) return 3;
    ::kill(::getpid(), SIGINT);
    const int why = why_of(stop);
    std::this_thread::sleep_for(600ms);
    return why;
  });
  CHECK(longer.status() == static_cast<int>(StopReason::interrupted));
}

TEST_CASE("Reminders come at their time, and not when they were taken back") {
  Forked process([] {
    Stop stop;
    Watchdog watchdog(stop, no_words);
    std::atomic<int> reminded{0};
    watchdog.remind(std::chrono::steady_clock::now() + 1h, [&] { reminded = 2; });
    watchdog.remind(std::nullopt);
    watchdog.remind(std::chrono::steady_clock::now(), [&] { reminded = 1; });
    for (int slice = 0; slice < 2000 && reminded == 0; ++slice) std::this_thread::sleep_for(10ms);
    return reminded.load();
  });
  CHECK(process.status() == 1);
}
