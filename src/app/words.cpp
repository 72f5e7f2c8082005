#include "app/words.hpp"

#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace natskv {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Failure unknown_option(std::string_view word, const Declared& declared) {
  const auto name = word.substr(0, word.find('='));
  std::vector<std::string_view> known;
  for (const auto& item : declared.items()) {
    if (item.option() && !item.argument.hidden) known.push_back(item.longer);
  }
  const auto nearest = text::nearest(name, known);
  const std::string shown = parse::quoted(word);
  if (nearest.empty()) return usage(fmt::format("unknown option {}", shown));
  return usage(fmt::format("unknown option {}; did you mean {}?", shown, nearest));
}

// One word that is an option by its looks, or its first letters. Returns how many words it took; 0: it is
// none.
class Splitter {
 public:
  Splitter(const std::vector<std::string>& words, const Declared& declared)
      : words_(words), declared_(declared) {}

  std::vector<Word> run(bool& help) {
    std::optional<Failure> first;
    for (std::size_t at = 0; at < words_.size();) {
      try {
        at = step(at, help);
      } catch (const Failure& failure) {
        if (!first) first = failure;
        ++at;
      }
    }
    if (first && !help) throw Failure(*first);
    return std::move(out_);
  }

 private:
  // The next index.
  std::size_t step(std::size_t at, bool& help) {
    const std::string& word = words_[at];
    if (only_arguments_) return argument(at);
    if (word == "--") {
      only_arguments_ = true;
      return at + 1;
    }
    if (word == "-h" || word == "--help") {
      help = true;
      return at + 1;
    }
    if (!is_option(word)) return argument(at);
    if (const auto next = option(at, help); next != at) return next;
    // VALUE's place: an unknown option would be stored, or a value taken for an option; both would be silent.
    if (const auto* slot = next_positional(); slot != nullptr && slot->argument.kind == Kind::value) {
      throw usage(
          "the word in VALUE's place looks like an option and is none; write -- before a value that looks "
          "like an option");
    }
    throw unknown_option(word, declared_);
  }

  // -0 is a number or an option, as the command has it; -5 and -05 are numbers.
  [[nodiscard]] bool is_option(std::string_view word) const {
    return looks_like_option(word) || (word.size() == 2 && declared_.option(word) != nullptr);
  }

  std::size_t argument(std::size_t at) {
    out_.push_back({nullptr, words_[at]});
    ++arguments_;
    return at + 1;
  }

  const Declared::Item* next_positional() const {
    const auto all = declared_.positionals();
    if (arguments_ < all.size()) return all[arguments_];
    return nullptr;
  }

  std::size_t option(std::size_t at, bool& help) {
    const std::string& word = words_[at];
    const auto equals = word.find('=');
    if (word.starts_with("--")) {
      const auto* item = declared_.option(word.substr(0, equals));
      if (item == nullptr) return at;
      if (equals == std::string::npos) return item->takes_value() ? value(*item, at) : flag(*item, at);
      if (!item->takes_value()) throw usage(fmt::format("{} takes no value", item->longer));
      out_.push_back({item, word.substr(equals + 1)});
      return at + 1;
    }
    const auto* item = declared_.option(word.substr(0, 2));
    if (item == nullptr) return at;
    if (word.size() == 2) return item->takes_value() ? value(*item, at) : flag(*item, at);
    if (item->takes_value()) {
      out_.push_back({item, word.substr(2)});
      return at + 1;
    }
    return flags(at, help);
  }

  std::size_t flag(const Declared::Item& item, std::size_t at) {
    out_.push_back({&item, {}});
    return at + 1;
  }

  // -fq: every letter a flag, or it is no option at all.
  std::size_t flags(std::size_t at, bool& help) {
    std::vector<Word> all;
    for (const char c : std::string_view(words_[at]).substr(1)) {
      if (c == 'h') {
        help = true;
        continue;
      }
      const auto* item = declared_.option(std::string{'-', c});
      if (item == nullptr || item->takes_value()) return at;
      all.push_back({item, {}});
    }
    out_.insert(out_.end(), all.begin(), all.end());
    return at + 1;
  }

  std::size_t value(const Declared::Item& item, std::size_t at) {
    const bool given = at + 1 < words_.size();
    if (!given || words_[at + 1] == "--" || is_option(words_[at + 1])) {
      throw usage(given ? fmt::format("{} needs a value (one that looks like an option is written {}=VALUE)",
                                      item.longer, item.longer)
                        : fmt::format("{} needs a value", item.longer));
    }
    out_.push_back({&item, words_[at + 1]});
    return at + 2;
  }

  const std::vector<std::string>& words_;
  const Declared& declared_;
  std::vector<Word> out_;
  std::size_t arguments_ = 0;
  bool only_arguments_ = false;
};

}  // namespace

bool looks_like_option(std::string_view word) {
  if (word.size() < 2 || word[0] != '-') return false;
  return word[1] == '-' ? word.size() > 2 : letter(word[1]);
}

bool asks_for_json(const std::vector<std::string>& words) {
  const auto json = [](std::string_view format) { return format == "json" || format == "jsonl"; };
  // Also among other letters, up to one that takes what is behind it as its value: -qj.
  const auto has_j = [](std::string_view word) {
    if (!looks_like_option(word) || word[1] == '-') return false;
    const auto at = word.find_first_of("jFos");
    return at != std::string_view::npos && word[at] == 'j';
  };
  for (std::size_t at = 0; at < words.size() && words[at] != "--"; ++at) {
    const std::string_view word = words[at];
    if (has_j(word) || word == "--json") return true;
    if ((word == "-o" || word == "--output") && at + 1 < words.size() && json(words[at + 1])) return true;
    if (word.starts_with("-o") && json(word.substr(2))) return true;
    if (word.starts_with("--output=") && json(word.substr(9))) return true;
  }
  return false;
}

std::size_t find_command(const std::vector<std::string>& words, const Declared& globals) {
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "-h" || word == "--help" || word == "-V" || word == "--version") continue;
    if (!looks_like_option(word)) return at;
    const auto equals = word.find('=');
    const bool longer = word.starts_with("--");
    const auto* item = globals.option(longer ? word.substr(0, equals) : word.substr(0, 2));
    if (item == nullptr) throw unknown_option(word, globals);
    if (item->takes_value() && (longer ? equals == std::string::npos : word.size() == 2)) ++at;
  }
  return words.size();
}

std::vector<Word> split(const std::vector<std::string>& words, const Declared& declared, bool& help) {
  return Splitter(words, declared).run(help);
}

}  // namespace natskv
