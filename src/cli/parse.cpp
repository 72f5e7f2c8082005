#include "cli/parse.hpp"

#include "base/parse.hpp"
#include "cli/help.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <stdexcept>

namespace natskv {
namespace {

// Every word goes through CLI11 with a guard before it, so that CLI11 gives "++", "[a,b]", "" and "-x" no
// meaning of their own: it gets `--long=:text` for an option, `--long` for a flag, `:text` for an argument.
constexpr char guard = ':';

// Counts, repetitions, required arguments and exclusions.
class Parser {
 public:
  explicit Parser(const Scan& line) : line_(line), verb_(*line.bound.verb) {
    root_.set_help_flag();
    root_.require_subcommand(1);
    root_.fallthrough();
    // Only the named one: the others cannot apply, and cost 0.2 ms.
    command_ = root_.add_subcommand(std::string(verb_.name));
    command_->set_help_flag();
    for (const auto& option : declared().options()) {
      if (option.argument.kind != Kind::command) declare(option);
    }
    for (const auto& [one, other, hint] : declared().exclusions()) find(one)->excludes(find(other));
  }

  void run() {
    std::vector<std::string> words{std::string(verb_.name)};
    for (const auto& word : line_.words) {
      if (word.option != nullptr && !word.option->takes_value())
        words.push_back(word.option->long_name);
      else if (word.named)
        words.push_back(fmt::format("{}={}{}", long_name(*word.option), guard, word.text));
      else
        words.push_back(guard + word.text);
    }
    std::reverse(words.begin(), words.end());  // CLI11 wants them in reverse
    try {
      root_.parse(words);
    } catch (const CLI::ParseError& error) {
      throw translated(error);
    }
    if (declared().command() != nullptr) check_command(*declared().command());
  }

 private:
  struct Declared {
    const Option* option;
    CLI::Option* parsed;
    std::string text;                // CLI11 wants a variable for each; the values are read from the scan
    std::vector<std::string> texts;  // of a list
  };

  static std::string_view long_name(const Option& option) {
    return option.named.empty() ? option.long_name : option.named;
  }

  void declare(const Option& option) {
    CLI::App& app = option.global ? root_ : *command_;
    std::string names = option.long_name;
    for (const auto& other : {option.short_name, option.named}) names += other.empty() ? "" : "," + other;
    Declared& one = declared_.emplace_back(Declared{&option, nullptr, {}, {}});
    if (!option.takes_value())
      one.parsed = app.add_flag(names);
    else
      one.parsed = option.argument.many ? app.add_option(names, one.texts) : app.add_option(names, one.text);
    if (!option.takes_value() || option.global) one.parsed->take_last();
    one.parsed->required(option.argument.required);
  }

  CLI::Option* find(std::string_view name) {
    const auto found = std::find_if(declared_.begin(), declared_.end(),
                                    [&](const Declared& one) { return one.option->is_called(name); });
    if (found == declared_.end()) throw std::logic_error(fmt::format("{} is not declared", name));
    return found->parsed;
  }

  // CLI11's messages differ between versions and show the guard; these are the same for all.
  Failure translated(const CLI::ParseError& error) const {
    using CLI::ExitCodes;
    const std::string shape = "natskv " + synopsis(verb_, declared());
    for (const auto& one : declared_) {
      const std::string& name = one.option->long_name;
      switch (static_cast<ExitCodes>(error.get_exit_code())) {
        case ExitCodes::RequiredError:
          if (one.parsed->get_required() && one.parsed->count() == 0)
            return usage(fmt::format("{} is missing ({})", name, shape));
          break;
        case ExitCodes::ExcludesError:
          for (const CLI::Option* other : one.parsed->get_excludes()) {
            if (one.parsed->count() > 0 && other->count() > 0) return excluded(*one.option, option_of(other));
          }
          break;
        case ExitCodes::ArgumentMismatch:
          if (one.parsed->count() > 1 && !one.option->argument.many)
            return usage(fmt::format("{} is given twice", name));
          break;
        default:
          break;
      }
    }
    const auto left = root_.remaining(true);
    if (!left.empty()) return one_too_many(left.front().substr(1), shape);
    return usage(fmt::format("the command line is wrong ({}): {}", shape, error.get_name()));
  }

  [[nodiscard]] const Option& option_of(const CLI::Option* parsed) const {
    const auto found = std::find_if(declared_.begin(), declared_.end(),
                                    [&](const Declared& one) { return one.parsed == parsed; });
    return *found->option;
  }

  [[nodiscard]] Failure excluded(const Option& one, const Option& other) const {
    const auto* exclusion = declared().exclusion(one, other);
    return usage(fmt::format("{} and {} exclude each other", exclusion->one, exclusion->other),
                 exclusion->hint);
  }

  [[nodiscard]] Failure one_too_many(const std::string& word, const std::string& shape) const {
    if (declared().command() != nullptr) {
      return usage(fmt::format("unexpected argument {} ({})", parse::quoted(word), shape),
                   "write -- before the command to run");
    }
    // It may be a value: not quoted for commands that take one.
    const auto arguments = declared().arguments();
    const bool values = std::any_of(arguments.begin(), arguments.end(), [](const Option* option) {
      return option->argument.kind == Kind::value;
    });
    return usage(values ? fmt::format("one argument too many ({})", shape)
                        : fmt::format("unexpected argument {} ({})", parse::quoted(word), shape));
  }

  void check_command(const Option& command) const {
    if (!line_.command.empty() || (!command.argument.required && !line_.command_begins)) return;
    throw usage(fmt::format("COMMAND is missing{} (natskv {})", line_.command_begins ? " after --" : "",
                            synopsis(verb_, declared())));
  }

  [[nodiscard]] const Declaration& declared() const { return *line_.bound.declaration; }

  const Scan& line_;
  const Verb& verb_;
  CLI::App root_;
  CLI::App* command_ = nullptr;
  std::deque<Declared> declared_;
};

}  // namespace

void accept(const Scan& line) {
  if (line.help || line.version) return;
  if (line.wrong) throw Failure(*line.wrong);
  if (line.bound.verb == nullptr) return accept_globals(line);
  Parser(line).run();
  // Values are read only now that the whole line is well formed.
  for (const auto& word : line.words) {
    if (word.option->takes_value())
      word.option->on_value(word.text);
    else
      *word.option->flag = true;
  }
  for (const auto& word : line.command) line.bound.declaration->command()->on_value(word);
  line.bound.action->check();
}

void accept_globals(const Scan& line) {
  for (const auto& word : line.words) {
    if (word.option == nullptr || !word.option->global) continue;
    if (!word.option->takes_value())
      *word.option->flag = true;
    else
      try {
        word.option->on_value(word.text);
      } catch (const Failure&) {  // the error may be about another part of the line
      }
  }
}

config::Given presentation(const Scan& line) {
  accept_globals(line);
  const config::Given& given = *line.bound.given;
  config::Given out;
  out.quiet = given.quiet;
  out.json = given.json || given.output == "json" || given.output == "jsonl";
  return out;
}

}  // namespace natskv
