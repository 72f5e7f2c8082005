// Properties of stdout's terminal: its width, and whether it gets colours.
#pragma once

#include <string_view>

namespace natskv::terminal {

/// Columns: COLUMNS if it is a positive number, else the terminal's own, else 80.
int width();
/// The same for another descriptor's terminal (stderr's for bars).
int width(int fd);
/// Only the decision. `columns`: COLUMNS or nullptr; `terminal`: the result of TIOCGWINSZ, or 0.
int width_of(const char* columns, int terminal);

/// `when`: auto, always or never (--color). With auto, NO_COLOR wins over CLICOLOR_FORCE, which wins over a
/// stdout that is not a terminal or a TERM that is unset or "dumb".
bool color(std::string_view when, bool stdout_is_terminal);

/// What the locale says about the terminal's characters. `unsaid` ("C", or unset) means that UTF-8 of users
/// is probably shown, but that natskv's own text should avoid it.
enum class Charset { utf8, unsaid, other };
Charset charset();
/// Only the decision: the first of LC_ALL, LC_CTYPE and LANG that is set. A language without a character set
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
