// What stdout's terminal is like: its width, and whether it gets colours.
#pragma once

#include <string_view>

namespace natskv::terminal {

/// Columns: COLUMNS if it is a positive number, else the terminal's own, else 80.
int width();
/// The same for another descriptor's terminal (stderr's for bars).
int width(int fd);
/// The decision alone. `columns`: COLUMNS or nullptr; `terminal`: what TIOCGWINSZ said, 0 for nothing.
int width_of(const char* columns, int terminal);

/// `when`: auto, always or never (--color). In auto NO_COLOR wins over CLICOLOR_FORCE, and that over a stdout
/// that is no terminal or a TERM that is unset or "dumb".
bool color(std::string_view when, bool stdout_is_terminal);

/// What the locale says of the terminal's characters. `unsaid` ("C", or nothing at all) means that a user's
/// UTF-8 is most likely shown, but that natskv's own text should do without.
enum class Charset { utf8, unsaid, other };
Charset charset();
/// The decision alone: the first of LC_ALL, LC_CTYPE and LANG that is set. A language without a character set
/// is ISO 8859.
Charset charset_of(const char* all, const char* ctype, const char* lang);

struct ColorVariables {
  const char* no_color = nullptr;
  const char* clicolor_force = nullptr;
  const char* term = nullptr;
};
/// The decision alone.
bool color_of(std::string_view when, bool stdout_is_terminal, const ColorVariables& variables);

}  // namespace natskv::terminal
