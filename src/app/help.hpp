// Help on the terminal, from the declarations.
#pragma once

#include "app/declared.hpp"
#include "app/verb.hpp"

#include <string>

namespace natskv {

/// `natskv --help`: the commands, grouped, and first steps; fits a screen of 24 lines and 80 columns.
std::string help();
/// `natskv help --all`: each command in a line.
std::string help_all();
/// `natskv VERB --help`.
std::string help(const Verb& verb, const Declared& declared);
/// "get BUCKET KEY…": a verb and its arguments.
std::string synopsis(const Verb& verb, const Declared& declared);
/// "-n, --names", "--history COUNT": an option as help and the manual write it.
std::string option_words(const Declared::Item& item);
/// The word for an item's value: BUCKET, DURATION, file|memory.
std::string value_word(const Declared::Item& item);

}  // namespace natskv
