// What a terminal shows, told by an emulator that is not ours (pyte).
#pragma once

#include "support/process.hpp"
#include "support/text.hpp"

#include <regex>
#include <string>
#include <string_view>

namespace natskv::test {

/// The python that has pyte; empty where none has.
inline const std::string& emulator() {
  static const std::string found = [] {
    for (const std::string python : {"/usr/bin/python3", "python3"}) {
      if (!program(python).empty() && run({.args = {python, "-c", "import pyte"}}).status == 0) return python;
    }
    return std::string();
  }();
  return found;
}

/// The screen of a terminal of this size after these bytes: a line a row, "*" before one in bold, no blanks
/// at the ends.
inline std::string shown_on(std::string_view bytes, int rows, int cols) {
  const auto result = run({.args = {emulator(), source_path("tests/support/emulate.py"), std::to_string(rows),
                                    std::to_string(cols)},
                           .input = std::string(bytes)});
  return result.status == 0 ? result.out : "the emulator failed: " + result.err;
}

/// Digits of times become #.
inline std::string without_times(const std::string& text) {
  static const std::regex date("[0-9]{4}-[0-9]{2}-[0-9]{2} "), time("[0-9]{2}:[0-9]{2}:[0-9]{2}");
  return std::regex_replace(std::regex_replace(text, date, "####-##-## "), time, "##:##:##");
}

}  // namespace natskv::test
