// The command line's words, split by SPEC 2 before any parser sees them.
#pragma once

#include "app/declared.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace natskv {

/// One word with its meaning: an option (with its value, or none for a flag) or an argument.
struct Word {
  const Declared::Item* option = nullptr;  ///< null: an argument
  std::string text;                        ///< the option's value, or the argument
};

/// Where the command's name stands in `words` (words.size(): nowhere). Knows only the global options; throws
/// Failure(usage) for an option in front of the command that is none.
std::size_t find_command(const std::vector<std::string>& words, const Declared& globals);

/// Splits the words behind the command (and the global options in front of it). `help`: -h or --help stood
/// among the options; then nothing is thrown, help wins over everything. Failure(usage) otherwise.
std::vector<Word> split(const std::vector<std::string>& words, const Declared& declared, bool& help);

/// Whether the words ask for JSON, as far as can be told of a command line that is wrong elsewhere.
bool asks_for_json(const std::vector<std::string>& words);

/// Whether a word reads as an option: --x…, -x (a letter); "-", "--", "-5" and "++" do not.
bool looks_like_option(std::string_view word);

}  // namespace natskv
