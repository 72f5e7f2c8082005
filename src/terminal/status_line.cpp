#include "terminal/status_line.hpp"

#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <string>

namespace natskv::terminal {
namespace {

constexpr std::string_view wipe = "\r\x1b[K";

std::mutex mutex;
bool shown = false;

void to_terminal(std::string_view text) {
  // If a bar cannot be drawn, that is not a reason to fail.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

bool can_show_status_line() {
  if (::isatty(STDERR_FILENO) != 1) return false;
  const char* const term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

void show_status_line(std::string_view text) {
  const std::lock_guard lock(mutex);
  to_terminal(std::string(wipe).append(text));
  shown = true;
}

void wipe_status_line() {
  const std::lock_guard lock(mutex);
  if (!shown) return;
  to_terminal(wipe);
  shown = false;
}

}  // namespace natskv::terminal
