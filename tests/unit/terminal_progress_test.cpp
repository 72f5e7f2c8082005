#include "terminal/progress.hpp"
#include "terminal/watchdog.hpp"
#include "terminal_forked.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

using namespace std::chrono_literals;
using natskv::Progress;
using natskv::Stop;
using natskv::StopReason;
using natskv::Waiting;
using natskv::Watchdog;
using natskv::terminal::progress_line;
using natskv::test::Forked;

TEST_CASE("A bar says what, how many of how many, how fast and how long still") {
  CHECK(progress_line("import config", 500, 2000, 0.5, 80) ==
        "import config  500/2000 (25%)  1000/s  2s left");
  CHECK(progress_line("export config", 30, 0, 4, 80) == "export config  30  7.5/s");
}

TEST_CASE("A bar says only what is known") {
  CHECK(progress_line("x", 0, 10, 3, 80) == "x  0/10 (0%)");
  CHECK(progress_line("x", 0, 0, 0, 80) == "x  0");
  CHECK(progress_line("x", 10, 10, 1, 80) == "x  10/10 (100%)  10/s");
  CHECK(progress_line("x", 12, 10, 1, 80) == "x  12/10 (100%)  12/s");
  CHECK(progress_line("x", 1, 1'000'000'000'000, 3600, 80) == "x  1/1000000000000 (0%)  0.0/s");
}

TEST_CASE("A bar is cut to the terminal's width and leaves its last column free") {
  CHECK(progress_line("import config", 500, 2000, 0.5, 20).starts_with("import config  500"));
  CHECK(progress_line("abc", 5, 0, 0, 7) == "abc  5");
}

namespace {

int tick_for_a_while(bool quiet) {
  {
    Progress progress("import config", 3, quiet);
    for (std::uint64_t done = 0; done < 3; ++done) {
      std::this_thread::sleep_for(150ms);
      progress.tick(done);
    }
  }
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, "end\n", 4);
  return 0;
}

}  // namespace

TEST_CASE("A bar is shown on a terminal and gone at the end") {
  Forked process(Forked::OnTerminal{}, [] {
    ::setenv("TERM", "xterm", 1);
    return tick_for_a_while(false);
  });
  CHECK(process.shows("\r\x1b[Kimport config  2/3"));
  CHECK(process.shows("\r\x1b[Kend"));
  CHECK(process.status() == 0);
}

TEST_CASE("No bar is shown with --quiet, nor on a dumb terminal") {
  for (const bool quiet : {true, false}) {
    Forked process(Forked::OnTerminal{}, [&] {
      ::setenv("TERM", quiet ? "xterm" : "dumb", 1);
      return tick_for_a_while(quiet);
    });
    CHECK(process.shows("end\r\n"));
    CHECK(process.screen() == "end\r\n");
    CHECK(process.status() == 0);
  }
}

TEST_CASE("Waiting is said when it takes long, and taken back") {
  Forked process(Forked::OnTerminal{}, [] {
    ::setenv("TERM", "xterm", 1);
    Stop stop;
    Watchdog watchdog(stop, [](StopReason) {});
    {
      const Waiting waiting("reading …", false, 10ms);
      ::pause();
    }
    return 0;
  });
  CHECK(process.shows("\r\x1b[Kreading …"));
}
