#include "terminal/progress.hpp"

#include "base/text.hpp"
#include "base/types.hpp"
#include "terminal/screen.hpp"
#include "terminal/status_line.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace natskv {
namespace terminal {
namespace {

// The last column stays free: a terminal may wrap there.
std::string fit(std::string_view line, int width) {
  return text::cut(line, static_cast<std::size_t>(std::max(width - 1, 1)));
}

}  // namespace

std::string progress_line(std::string_view what, std::uint64_t done, std::uint64_t total, double elapsed,
                          int width) {
  std::string line(what);
  const auto counted = static_cast<double>(done);
  if (total > 0) {
    const double part = std::min(counted / static_cast<double>(total), 1.0);
    line += fmt::format("  {}/{} ({}%)", done, total, static_cast<int>(part * 100));
  } else {
    line += fmt::format("  {}", done);
  }
  if (elapsed > 0 && done > 0) {
    const double rate = counted / elapsed;
    line += rate >= 10 ? fmt::format("  {:.0f}/s", rate) : fmt::format("  {:.1f}/s", rate);
    if (total > done) {
      const double left = static_cast<double>(total - done) / rate;
      // An estimate over a year is useless.
      if (left < 31'536'000) {
        line += fmt::format("  {} left", text::human_span(seconds(static_cast<std::int64_t>(left) + 1)));
      }
    }
  }
  return fit(line, width);
}

}  // namespace terminal

namespace {

constexpr auto redraw = std::chrono::milliseconds(100);
constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Progress::Progress(std::string what, std::uint64_t total, bool quiet)
    : what_(std::move(what)),
      total_(total),
      shown_(!quiet && terminal::can_show_status_line()),
      skip_(shown_ ? 1 : never) {
  if (shown_) started_ = looked_ = drawn_ = Clock::now();
}

Progress::~Progress() {
  if (shown_) terminal::wipe_status_line();
}

void Progress::look(std::uint64_t done) {
  if (!shown_) {
    skip_ = never;
    return;
  }
  const Clock::time_point now = Clock::now();
  // About one look at the clock every 10 ms, whatever the pace; adapts at once when the pace falls.
  const auto since = now - looked_;
  if (since < std::chrono::milliseconds(5)) every_ = std::min(every_ * 2, 1024U);
  if (since > std::chrono::milliseconds(20)) every_ = since > redraw ? 1 : std::max(every_ / 2, 1U);
  looked_ = now;
  skip_ = every_;
  if (now - drawn_ < redraw) return;
  drawn_ = now;
  const double elapsed = std::chrono::duration<double>(now - started_).count();
  terminal::show_status_line(
      terminal::progress_line(what_, done, total_, elapsed, terminal::width(STDERR_FILENO)));
}

Waiting::Waiting(std::string text, bool quiet, std::chrono::milliseconds patience)
    : active_(!quiet && Watchdog::current() != nullptr && terminal::can_show_status_line()) {
  if (!active_) return;
  Watchdog::current()->remind(std::chrono::steady_clock::now() + patience, [text = std::move(text)] {
    terminal::show_status_line(terminal::fit(text, terminal::width(STDERR_FILENO)));
  });
}

Waiting::~Waiting() {
  if (!active_) return;
  if (Watchdog* const watchdog = Watchdog::current()) watchdog->remind(std::nullopt);
  terminal::wipe_status_line();
}

}  // namespace natskv
