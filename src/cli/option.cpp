#include "cli/option.hpp"

#include "base/failure.hpp"
#include "base/parse.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

namespace natskv {
namespace {

void check_choice(const Argument& argument, const std::string& word) {
  if (std::find(argument.choices.begin(), argument.choices.end(), word) != argument.choices.end()) return;
  throw usage(fmt::format("{}: {} is not one of {}", spoken(argument.name), parse::quoted(word),
                          fmt::join(argument.choices, ", ")));
}

}  // namespace

std::string_view spoken(std::string_view name) {
  const std::size_t comma = name.rfind(',');
  return comma == std::string_view::npos ? name : name.substr(comma + 1);
}

std::uint64_t counted(const Argument& argument, const std::string& word) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  return parse::number(word, spoken(argument.name), argument.least,
                       argument.most == 0 ? largest : argument.most);
}

void check(const Argument& argument, const std::string& word) {
  const std::string_view what = spoken(argument.name);
  switch (argument.kind) {
    case Kind::bucket:
      parse::bucket(word, what);
      break;
    case Kind::key:
      parse::key(word, what);
      break;
    case Kind::pattern:
      // Whether * and > are misplaced depends on --literal: the verb's check() calls parse::pattern.
      parse::any_key(word, what);
      break;
    case Kind::revision:
      parse::revision(word, what);
      break;
    case Kind::count:
      counted(argument, word);
      break;
    case Kind::duration:
      parse::duration(word, what);
      break;
    case Kind::size:
      parse::size(word, what);
      break;
    case Kind::file:
    case Kind::directory:
    case Kind::bucket_or_file:
    case Kind::context:
      if (word.empty()) throw usage(std::string(what) + ": \"\" is not a name (an unset variable?)");
      break;
    case Kind::choice:
      check_choice(argument, word);
      break;
    case Kind::text:
    case Kind::value:
    case Kind::topic:
    case Kind::command:
      break;
  }
}

std::string_view placeholder(Kind kind) {
  constexpr std::array words{"TEXT",    "VALUE",    "BUCKET", "KEY",    "PATTERN", "REVISION",
                             "N",       "DURATION", "BYTES",  "FILE",   "DIR",     "BUCKET|FILE",
                             "CONTEXT", "WORD",     "TOPIC",  "COMMAND"};
  static_assert(words.size() == static_cast<std::size_t>(Kind::command) + 1);
  return words.at(static_cast<std::size_t>(kind));
}

}  // namespace natskv
