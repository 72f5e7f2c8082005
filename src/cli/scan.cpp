#include "cli/scan.hpp"

#include "base/ascii.hpp"
#include "base/parse.hpp"
#include "cli/guess.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace natskv {
namespace {

class Scanner {
 public:
  Scanner(const Program& program, const std::vector<std::string>& words) : program_(program), words_(words) {
    out_.bound = bind_globals(program);
  }

  Scan run() {
    for (std::size_t at = 0; at < words_.size() && !done_;) at = step(at);
    return std::move(out_);
  }

 private:
  // Each of these returns the next index.
  std::size_t step(std::size_t at) {
    const std::string& word = words_[at];
    if (out_.only_arguments) return argument(at);
    if (word == "--") return dashes(at);
    if (!is_option(word)) return argument(at);
    if (const auto next = option(at); next != at) return next;
    fail(in_values_place() ? usage(R"(the value starts with "-"; write -- before it)")
                           : unknown_option(word, known_options()));
    return at + 1;
  }

  std::size_t dashes(std::size_t at) {
    if (out_.bound.verb != nullptr && declared().command() != nullptr) {
      out_.command_begins = true;
      out_.command.assign(words_.begin() + static_cast<std::ptrdiff_t>(at) + 1, words_.end());
      done_ = true;
    } else if (out_.bound.verb == nullptr) {
      done_ = true;  // a command has no such name
    }
    out_.only_arguments = true;
    return at + 1;
  }

  std::size_t argument(std::size_t at) {
    const std::string& word = words_[at];
    if (out_.bound.verb != nullptr || out_.no_such_command) {
      out_.words.push_back({out_.next_argument(), word});
    } else if (const Verb* verb = program_.find(word)) {
      bind(out_.bound, *verb);
    } else {
      out_.no_such_command = true;
      fail(unknown_command(program_, word, at + 1 < words_.size() ? words_[at + 1] : ""));
    }
    return at + 1;
  }

  std::size_t option(std::size_t at) {
    const std::string& word = words_[at];
    const auto equals = word.find('=');
    if (word.starts_with("--")) {
      const Option* found = known(word.substr(0, equals));
      if (found == nullptr) return at;
      if (equals == std::string::npos) return found->takes_value() ? value(*found, at) : flag(*found, at);
      if (found->takes_value())
        take(*found, at, equals + 1);
      else
        fail(usage(fmt::format("{} takes no value", found->long_name)));
      return at + 1;
    }
    const Option* found = known(word.substr(0, 2));
    if (found == nullptr) return at;
    if (!found->takes_value()) return flags(at);
    if (word.size() == 2) return value(*found, at);
    take(*found, at, 2);
    return at + 1;
  }

  std::size_t flag(const Option& option, std::size_t at) {
    if (option.flag == &out_.bound.given->help) {
      if (in_values_place()) {
        fail(usage(fmt::format("{} is where VALUE is expected", words_[at]),
                   fmt::format("natskv {} --help shows help; write -- before it to store it",
                               out_.bound.verb->name)));
        return at + 1;
      }
      out_.help = true;
    } else if (option.flag == &out_.bound.given->version) {
      out_.version = true;
    }
    out_.words.push_back({&option, {}, true});
    return at + 1;
  }

  // -fq: every letter a flag, or it is not an option at all.
  std::size_t flags(std::size_t at) {
    std::vector<const Option*> all;
    for (const char c : std::string_view(words_[at]).substr(1)) {
      all.push_back(known(std::string{'-', c}));
      if (all.back() == nullptr || all.back()->takes_value()) return at;
    }
    for (const Option* option : all) flag(*option, at);
    return at + 1;
  }

  // The next word is the value.
  std::size_t value(const Option& option, std::size_t at) {
    if (at + 1 == words_.size()) {
      out_.unfinished = &option;
      fail(usage(fmt::format("{} needs a value", name_of(option))));
      return at + 1;
    }
    if (words_[at + 1] == "--" || is_option(words_[at + 1])) {
      // It may still be meant as the value.
      hide(option, at + 1, 0);
      fail(usage(fmt::format("{0} needs a value (one that looks like an option is written {0}=VALUE)",
                             name_of(option))));
      return at + 1;
    }
    take(option, at + 1, 0);
    return at + 2;
  }

  void take(const Option& option, std::size_t at, std::size_t from) {
    hide(option, at, from);
    out_.words.push_back({&option, words_[at].substr(from), true});
  }

  void hide(const Option& option, std::size_t at, std::size_t from) {
    if (option.argument.secret) out_.secrets.push_back({at, from, option.argument.kind == Kind::file});
  }

  // In VALUE's place an unknown option would be stored, or a value taken for an option, unnoticed.
  [[nodiscard]] bool in_values_place() const {
    const Option* next = out_.next_argument();
    return next != nullptr && next->argument.kind == Kind::value &&
           std::none_of(out_.words.begin(), out_.words.end(), [&](const Word& word) {
             return word.option != nullptr && declared().exclusion(*word.option, *next) != nullptr;
           });
  }

  // -0 is a number or an option, as the command has it; -5 and -05 are numbers.
  [[nodiscard]] bool is_option(std::string_view word) const {
    return looks_like_option(word) ||
           (word.size() == 2 && out_.bound.verb != nullptr && known(word) != nullptr);
  }

  [[nodiscard]] const Option* known(std::string_view name) const {
    const Option* found = declared().option(name);
    // After a command it might be meant as an argument, and would end a script's line with 0.
    const bool no_version = found != nullptr && found->flag == &out_.bound.given->version &&
                            (out_.bound.verb != nullptr || out_.no_such_command);
    return no_version ? nullptr : found;
  }

  [[nodiscard]] std::vector<std::string_view> known_options() const {
    std::vector<std::string_view> names;
    for (const auto& option : declared().options()) {
      if (option.is_option() && !option.argument.hidden && known(option.long_name) != nullptr)
        names.push_back(option.long_name);
    }
    return names;
  }

  [[nodiscard]] std::string_view name_of(const Option& option) const {
    return option.named.empty() ? option.long_name : option.named;
  }
  [[nodiscard]] const Declaration& declared() const { return *out_.bound.declaration; }

  void fail(Failure failure) {
    if (!out_.wrong) out_.wrong = std::move(failure);
  }

  const Program& program_;
  const std::vector<std::string>& words_;
  Scan out_;
  bool done_ = false;
};

}  // namespace

const Option* Scan::next_argument() const {
  if (bound.verb == nullptr) return nullptr;
  for (const Option* argument : bound.declaration->arguments()) {
    if (argument->argument.many || !has(*argument)) return argument;
  }
  return nullptr;
}

bool Scan::has(const Option& option) const { return value(option) != nullptr; }

const std::string* Scan::value(const Option& option) const {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.option == &option; });
  return found == words.end() ? nullptr : &found->text;
}

bool looks_like_option(std::string_view word) {
  if (word.size() < 2 || word[0] != '-') return false;
  return word[1] == '-' ? word.size() > 2 : ascii::letter(word[1]);
}

Scan scan(const Program& program, const std::vector<std::string>& words) {
  return Scanner(program, words).run();
}

}  // namespace natskv
