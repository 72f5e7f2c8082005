// Progress for the person at the terminal: a bar while things are counted, a message while natskv waits. Both
// are on stderr, only if it is a terminal that can wipe a line, and leave nothing there.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace natskv {

/// `import config  1200/20000 (6%)  4000/s  4s left`, at most ten times a second, cut to the terminal's
/// width.
class Progress {
 public:
  /// `what`: what is being done, printable. `total` 0: not known. `quiet`: never shown.
  Progress(std::string what, std::uint64_t total, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// This many are done. Costs a subtraction, and now and then a look at the clock.
  void tick(std::uint64_t done) {
    if (--skip_ == 0) look(done);
  }

 private:
  using Clock = std::chrono::steady_clock;
  void look(std::uint64_t done);

  std::string what_;
  std::uint64_t total_;
  bool shown_;
  std::uint32_t skip_;       // calls until the next look at the clock
  std::uint32_t every_ = 1;  // calls between two looks
  Clock::time_point started_, looked_, drawn_;
};

/// While it lives, shows "reading …" once an answer takes more than 2 s, from the watchdog's thread.
class Waiting {
 public:
  explicit Waiting(std::string text, bool quiet,
                   std::chrono::milliseconds patience = std::chrono::seconds(2));
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  bool active_;
};

namespace terminal {

/// The bar's line. `elapsed` in seconds; rate and time left appear once they are known.
std::string progress_line(std::string_view what, std::uint64_t done, std::uint64_t total, double elapsed,
                          int width);

}  // namespace terminal
}  // namespace natskv
