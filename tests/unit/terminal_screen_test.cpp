#include "terminal/screen.hpp"

#include <doctest/doctest.h>

using natskv::terminal::color_of;
using natskv::terminal::width_of;

TEST_CASE("COLUMNS wins over the terminal if it is a positive number, and 80 is the last resort") {
  CHECK(width_of("120", 100) == 120);
  CHECK(width_of(nullptr, 100) == 100);
  CHECK(width_of("", 100) == 100);
  CHECK(width_of("0", 100) == 100);
  CHECK(width_of("-5", 100) == 100);
  CHECK(width_of("12x", 100) == 100);
  CHECK(width_of("99999999999", 100) == 100);
  CHECK(width_of(nullptr, 0) == 80);
}

TEST_CASE("A terminal shows UTF-8 where the locale says so, and something else where it says that") {
  using natskv::terminal::Charset;
  using natskv::terminal::charset_of;
  CHECK(charset_of(nullptr, nullptr, nullptr) == Charset::unsaid);
  CHECK(charset_of("", "", "C") == Charset::unsaid);
  CHECK(charset_of("POSIX", nullptr, "de_DE.ISO-8859-1") == Charset::unsaid);
  CHECK(charset_of("C.UTF-8", nullptr, nullptr) == Charset::utf8);
  CHECK(charset_of(nullptr, "ja_JP.utf8@x", nullptr) == Charset::utf8);
  CHECK(charset_of("de_DE.ISO-8859-1", nullptr, "de_DE.UTF-8") == Charset::other);
  CHECK(charset_of("", "ja_JP.eucJP", nullptr) == Charset::other);
  CHECK(charset_of(nullptr, nullptr, "de_DE@euro") == Charset::other);
}

TEST_CASE("--color always and never win over everything") {
  CHECK(color_of("always", false, {.no_color = "1", .term = "dumb"}));
  CHECK_FALSE(color_of("never", true, {.clicolor_force = "1", .term = "xterm"}));
}

TEST_CASE("In auto, NO_COLOR wins over CLICOLOR_FORCE, and that over what stdout and TERM are") {
  CHECK_FALSE(color_of("auto", true, {.no_color = "1", .clicolor_force = "1", .term = "xterm"}));
  CHECK(color_of("auto", false, {.clicolor_force = "1"}));
  CHECK(color_of("auto", true, {.no_color = "", .term = "xterm"}));
  CHECK_FALSE(color_of("auto", false, {.clicolor_force = "0", .term = "xterm"}));
}

TEST_CASE("In auto, colour needs a terminal that is not dumb") {
  CHECK(color_of("auto", true, {.term = "xterm-256color"}));
  CHECK_FALSE(color_of("auto", false, {.term = "xterm-256color"}));
  CHECK_FALSE(color_of("auto", true, {.term = "dumb"}));
  CHECK_FALSE(color_of("auto", true, {.term = ""}));
  CHECK_FALSE(color_of("auto", true, {}));
}
