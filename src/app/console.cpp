#include "app/console.hpp"

#include "app/messages.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "output/ansi.hpp"
#include "terminal/screen.hpp"
#include "terminal/status_line.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <array>

namespace natskv {
namespace {

// One write per line, so that lines of several processes do not mix. Errors of stderr are ignored.
void to_stderr(std::string_view text) {
  terminal::wipe_status_line();
  (void)write_all(STDERR_FILENO, text);
}

bool stderr_color(const config::Given& given) {
  return terminal::color(given.color.value_or("auto"), ::isatty(STDERR_FILENO) == 1);
}

}  // namespace

int status_of(StopReason why) {
  constexpr std::array statuses{1, 130, 143, 129, 131, 138, 140, 5, 141};  // in the order of StopReason
  static_assert(statuses.size() == static_cast<std::size_t>(StopReason::reader_gone) + 1);
  return statuses.at(static_cast<std::size_t>(why));
}

Console::Console(const config::Given& given, std::string verb, bool json, Stop& stop)
    : given_(given), verb_(std::move(verb)), json_(json), stop_(stop) {}

Progress Console::progress(std::string what, std::uint64_t total) {
  return Progress(std::move(what), total, given_.quiet);
}

Progress Console::progress_beside(const Output& rows, std::string what, std::uint64_t total) {
  return Progress(std::move(what), total, given_.quiet || rows.terminal());
}

void Console::say(std::string_view prefix, std::string_view color, std::string_view text) {
  to_stderr(fmt::format("{} {}\n", ansi::painted(prefix, color, stderr_color(given_)), text::visible(text)));
}

// A message after a signal must not delay the end of the process if stderr is not read.
void Console::speaking() {
  if (auto* const watchdog = Watchdog::current(); watchdog != nullptr && stop_) watchdog->speaks();
}

std::string Console::prefix() const { return verb_.empty() ? "natskv:" : fmt::format("natskv: {}:", verb_); }

void Console::warn(std::string_view text) {
  speaking();
  if (json()) return to_stderr(message_json("warning", text));
  say(prefix() + " warning:", ansi::yellow, text);
}

void Console::note(std::string_view text) {
  if (given_.quiet) return;
  speaking();
  if (json()) return to_stderr(message_json("note", text));
  say(prefix(), {}, text);
}

std::shared_ptr<void> Console::waiting(const std::string& what) {
  return std::make_shared<Waiting>(what, given_.quiet);
}

void Console::hint(std::string_view text) {
  if (given_.quiet) return;
  if (json()) return to_stderr(message_json("note", text));
  say("hint:", ansi::cyan, text);
}

void Console::trace(std::string_view line) {
  if (json()) return to_stderr(trace_json(line));
  say("trace:", ansi::faint, line);
}

void Console::write_stderr(std::string_view text) { to_stderr(text); }

int Console::print(const Failure& failure, std::optional<int> status) {
  speaking();
  const int ends_with = status.value_or(static_cast<int>(failure.exit()));
  if (json()) {
    to_stderr(error_json(failure, ends_with, !given_.quiet));
    return ends_with;
  }
  say(prefix(), ansi::red, failure.what());
  if (!failure.hint().empty()) hint(failure.hint());
  return ends_with;
}

void Console::report(const Failure& failure) {
  print(failure);
  status(failure.exit());
}

}  // namespace natskv
