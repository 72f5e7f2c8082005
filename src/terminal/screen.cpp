#include "terminal/screen.hpp"

#include "base/ascii.hpp"
#include "base/parse.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace natskv::terminal {
namespace {

std::string_view word(const char* variable) { return variable != nullptr ? variable : std::string_view(); }

}  // namespace

int width_of(const char* columns, int terminal) {
  if (const auto number = parse::whole<int>(word(columns)).value_or(0); number > 0) return number;
  return terminal > 0 ? terminal : 80;
}

int width(int fd) {
  winsize size{};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0;
  return width_of(std::getenv("COLUMNS"), known ? size.ws_col : 0);
}

int width() { return width(STDOUT_FILENO); }

Charset charset_of(const char* all, const char* ctype, const char* lang) {
  std::string_view locale = word(all);
  if (locale.empty()) locale = word(ctype);
  if (locale.empty()) locale = word(lang);
  locale = locale.substr(0, locale.find('@'));
  if (locale.empty() || locale == "C" || locale == "POSIX") return Charset::unsaid;
  const auto dot = locale.find('.');
  if (dot == std::string_view::npos) return Charset::other;
  std::string set;
  for (const char c : locale.substr(dot + 1)) {
    if (c != '-') set += ascii::lower(c);
  }
  return set == "utf8" ? Charset::utf8 : Charset::other;
}

Charset charset() { return charset_of(std::getenv("LC_ALL"), std::getenv("LC_CTYPE"), std::getenv("LANG")); }

bool color_of(std::string_view when, bool stdout_is_terminal, const ColorVariables& variables) {
  if (when == "always") return true;
  if (when == "never" || !word(variables.no_color).empty()) return false;
  const std::string_view force = word(variables.clicolor_force);
  if (!force.empty() && force != "0") return true;
  const std::string_view term = word(variables.term);
  return stdout_is_terminal && !term.empty() && term != "dumb";
}

bool color(std::string_view when, bool stdout_is_terminal) {
  return color_of(when, stdout_is_terminal,
                  {.no_color = std::getenv("NO_COLOR"),
                   .clicolor_force = std::getenv("CLICOLOR_FORCE"),
                   .term = std::getenv("TERM")});
}

}  // namespace natskv::terminal
