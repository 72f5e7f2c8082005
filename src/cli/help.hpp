// Help's parts, from the declarations.
#pragma once

#include "cli/bind.hpp"

#include <string>
#include <string_view>

namespace natskv {

/// The names of all commands, one group a line.
std::string command_names(const Program& program);
/// One command a line, with its summary.
std::string command_summaries(const Program& program);
/// All that every command accepts.
std::string global_options(const Program& program);
/// `natskv VERB --help`.
std::string help(const Verb& verb, const Declaration& declared);
/// A page for a terminal with colours: its headings are bold.
std::string with_bold_headings(std::string_view page);
/// "get BUCKET KEY…": a verb and its arguments.
std::string synopsis(const Verb& verb, const Declaration& declared);
/// "-n, --names", "--history COUNT": an option as help and the manual write it.
std::string option_words(const Option& option);
/// The word for an option's value: BUCKET, DURATION, file|memory.
std::string value_word(const Option& option);

}  // namespace natskv
