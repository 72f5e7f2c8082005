#include "terminal/prompt.hpp"

#include "base/ascii.hpp"
#include "terminal/status_line.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>

namespace natskv::terminal {
namespace {

void to_terminal(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

// Reading there would stop the whole process (SIGTTIN).
bool in_background() {
  const pid_t group = ::tcgetpgrp(STDIN_FILENO);
  return group >= 0 && group != ::getpgrp();
}

// The line without its end; nullopt on a Stop and at the end of input. Byte by byte: what follows the line
// stays.
std::optional<std::string> read_answer(const Stop& stop) {
  std::string line;
  while (!stop) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, 100);
    if (ready < 0 && errno != EINTR) return std::nullopt;
    if (ready <= 0) continue;
    if (in_background()) {
      ::poll(nullptr, 0, 100);
      continue;
    }
    char byte = 0;
    const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return std::nullopt;
    if (byte == '\n') return line;
    // Longer than any "yes"; the rest of the line is read and dropped.
    if (line.size() < 16) line += byte;
  }
  return std::nullopt;
}

bool is_yes(std::string_view answer) {
  std::string word;
  for (const char byte : answer) {
    if (byte == ' ' || byte == '\t' || byte == '\r') continue;
    word += ascii::lower(byte);
  }
  return word == "y" || word == "yes";
}

}  // namespace

bool interactive() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

bool ask(const std::string& question, const Stop& stop) {
  wipe_status_line();
  to_terminal(question + " [y/N] ");
  const std::optional<std::string> answer = read_answer(stop);
  // The cursor is still after the question.
  if (!answer) to_terminal("\n");
  return answer && is_yes(*answer);
}

}  // namespace natskv::terminal
