// The words of a command line and what each of them is. One scanner for everything that reads a
// line: the parser, hiding secrets, deciding whether an error is JSON, and completing an unfinished line. So
// it never throws: the first error is kept, and the rest of the line is still read.
#pragma once

#include "base/failure.hpp"
#include "cli/bind.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

/// One option with its value (a flag has none), or one argument.
struct Word {
  const Option* option = nullptr;  ///< null: one argument too many
  std::string text;
  bool named = false;  ///< by the option's name, not by position
};

/// Part of a word that must not stay in the process's arguments: from a byte of words[at] on.
struct SecretPart {
  std::size_t at, from;
  bool file;  ///< unless it is a file name
};

struct Scan {
  BoundVerb bound;
  std::vector<Word> words;
  bool command_begins = false;       ///< a -- began COMMAND
  std::vector<std::string> command;  ///< the words of COMMAND
  bool only_arguments = false;       ///< a -- ended the options
  bool no_such_command = false;
  bool help = false, version = false;
  const Option* unfinished = nullptr;  ///< the last word is this option, and its value is missing
  std::optional<Failure> wrong;        ///< the first error
  std::vector<SecretPart> secrets;

  /// What the next argument would be, or null.
  [[nodiscard]] const Option* next_argument() const;
  [[nodiscard]] bool has(const Option& option) const;
  /// The first value of an argument or option; null: not given.
  [[nodiscard]] const std::string* value(const Option& option) const;
};

/// `words`: argv without the program's name.
Scan scan(const Program& program, const std::vector<std::string>& words);

/// Whether a word reads as an option: --x…, -x (a letter); "-", "--", "-5" and "++" do not.
bool looks_like_option(std::string_view word);

}  // namespace natskv
