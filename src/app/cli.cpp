#include "app/cli.hpp"

#include "app/help.hpp"
#include "app/words.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/text.hpp"
#include "commands/all.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace natskv {
namespace {

// Every word goes through CLI11 behind a guard, so that none of its readings of "++", "[a,b]", "" or "-x"
// applies.
constexpr char guard = ':';

std::string cli_name(const Declared::Item& item) {
  return item.shorter.empty() ? item.longer : item.shorter + "," + item.longer;
}

struct Bound {
  const Declared::Item* item;
  CLI::Option* option;
  std::string text;                // CLI11 wants a place for each; results() is what is read
  std::vector<std::string> texts;  // of a list
};

// Counts, repetitions, what is required and what excludes what: CLI11's part.
class Parser {
 public:
  Parser(const Verb& verb, const Declared& declared)
      : app_(std::string(verb.summary), std::string(verb.name)) {
    app_.set_help_flag();
    bound_.reserve(declared.items().size());
    for (const auto& item : declared.items()) {
      Bound& bound = bound_.emplace_back(Bound{&item, nullptr, {}, {}});
      bound.option = item.flag != nullptr ? app_.add_flag(cli_name(item)) : add(bound);
      if (item.flag != nullptr || item.global) bound.option->take_last();
    }
    for (const auto& [one, other] : declared.exclusions()) find(one)->excludes(find(other));
  }

  void parse(const std::vector<Word>& words) {
    std::vector<std::string> guarded;
    for (const auto& word : words) {
      if (word.option == nullptr)
        guarded.push_back(guard + word.text);
      else if (word.option->flag != nullptr)
        guarded.push_back(word.option->longer);
      else
        guarded.push_back(word.option->longer + "=" + guard + word.text);
    }
    std::reverse(guarded.begin(), guarded.end());  // CLI11 wants them from the last
    app_.parse(guarded);
  }

  // Only now do words mean something: help has been answered, the whole line is well formed.
  void accept() {
    for (auto& bound : bound_) {
      if (bound.item->flag != nullptr) {
        if (bound.option->count() > 0) *bound.item->flag = true;
        continue;
      }
      for (const auto& text : bound.option->results()) bound.item->given(text.substr(1));
    }
  }

 private:
  CLI::Option* add(Bound& bound) {
    const auto& argument = bound.item->argument;
    auto* option = argument.many ? app_.add_option(cli_name(*bound.item), bound.texts)
                                 : app_.add_option(cli_name(*bound.item), bound.text);
    if (argument.required) option->required();
    return option;
  }
  CLI::Option* find(std::string_view name) { return app_.get_option(std::string(name)); }

  CLI::App app_;
  std::vector<Bound> bound_;
};

Failure unknown_command(const std::string& word) {
  std::vector<std::string_view> names;
  for (const Verb* verb : commands::table()) {
    if (verb->group == Group::hidden) continue;
    names.push_back(verb->name);
    names.insert(names.end(), verb->aliases.begin(), verb->aliases.end());
  }
  const auto nearest = text::nearest(word, names);
  return usage(nearest.empty()
                   ? fmt::format("unknown command {}", parse::quoted(word))
                   : fmt::format("unknown command {}; did you mean {}?", parse::quoted(word), nearest),
               "natskv help lists the commands");
}

// CLI11's texts differ between versions and name its guard: natskv's own say the same for all.
Failure translated(const CLI::ParseError& error, const Verb& verb, const Declared& declared,
                   const std::vector<Word>& words) {
  const auto positionals = declared.positionals();
  const auto given = static_cast<std::size_t>(
      std::count_if(words.begin(), words.end(), [](const Word& word) { return word.option == nullptr; }));
  const std::string shape = "natskv " + synopsis(verb, declared);
  for (std::size_t i = given; i < positionals.size(); ++i) {
    if (positionals[i]->argument.required)
      return usage(fmt::format("{} is missing ({})", positionals[i]->longer, shape));
  }
  if (given > positionals.size() && (positionals.empty() || !positionals.back()->argument.many)) {
    std::size_t left = positionals.size();
    for (const auto& word : words) {
      if (word.option == nullptr && left-- == 0) {
        // A word too many may be a value: it is not quoted where values stand.
        const bool values = std::any_of(positionals.begin(), positionals.end(),
                                        [](const auto* item) { return item->argument.kind == Kind::value; });
        return usage(values ? fmt::format("one argument too many ({})", shape)
                            : fmt::format("unexpected argument {} ({})", parse::quoted(word.text), shape));
      }
    }
  }
  for (const auto& [one, other] : declared.exclusions()) {
    const auto has = [&](const std::string& name) {
      return std::any_of(words.begin(), words.end(), [&](const Word& word) {
        return word.option != nullptr && word.option->longer == name;
      });
    };
    if (has(one) && has(other)) return usage(fmt::format("{} and {} exclude each other", one, other));
  }
  for (const auto& item : declared.items()) {
    const auto count =
        std::count_if(words.begin(), words.end(), [&](const Word& word) { return word.option == &item; });
    if (count > 1 && item.takes_value() && !item.argument.many)
      return usage(fmt::format("{} is given twice", item.longer));
  }
  return usage(fmt::format("the command line is wrong ({}): {}", shape, error.get_name()));
}

}  // namespace

void read(const std::vector<std::string>& words, CommandLine& line) {
  Declared globals;
  config::Given ignored;
  config::declare(globals, ignored);
  const auto at = find_command(words, globals);
  line.declared = std::make_unique<Declared>();
  const auto end = words.begin() + static_cast<std::ptrdiff_t>(at);
  if (at == words.size() || words[at] == "--") {
    line.version =
        std::find(words.begin(), end, "-V") != end || std::find(words.begin(), end, "--version") != end;
    line.help = std::find(words.begin(), end, "-h") != end || std::find(words.begin(), end, "--help") != end;
    return;
  }
  line.verb = commands::find(words[at]);
  if (line.verb == nullptr) throw unknown_command(words[at]);
  line.action = line.verb->make();
  line.action->declare(*line.declared);
  line.declared->globals();
  config::declare(*line.declared, line.given);

  std::vector<std::string> rest(words.begin(), end);
  std::erase_if(rest, [](const auto& word) { return word == "-V" || word == "--version"; });
  rest.insert(rest.end(), end + 1, words.end());
  const auto split_words = split(rest, *line.declared, line.help);
  if (line.help) return;
  Parser parser(*line.verb, *line.declared);
  try {
    parser.parse(split_words);
  } catch (const CLI::ParseError& error) {
    throw translated(error, *line.verb, *line.declared, split_words);
  }
  parser.accept();
  line.action->check();
}

}  // namespace natskv
