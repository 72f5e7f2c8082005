// Keys and patterns: dots separate tokens, * matches one, > at the end one or more.
#include "base/ascii.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/quote.hpp"
#include "base/utf8.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace natskv::parse {
namespace {

constexpr std::string_view key_tokens = "(keys are tokens of A-Z a-z 0-9 - / _ = joined by single dots)";
constexpr std::string_view any_tokens =
    "(keys are tokens of printable bytes without space, joined by single dots)";

bool written(char c) { return ascii::alnum(c) || c == '-' || c == '/' || c == '_' || c == '=' || c == '.'; }

// Bytes over 127 are other clients' UTF-8: the server takes them as they are.
bool printable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7F;
}

/// Whether it is a key. Called for every line of an import.
template <bool allowed(char)>
bool fits(std::string_view word) {
  char before = '.';
  for (const char c : word) {
    if (!allowed(c) || (c == '.' && before == '.')) return false;
    before = c;
  }
  return before != '.';
}

[[noreturn]] void refuse(std::string_view word, std::string_view what, bool (*allowed)(char),
                         std::string_view rule) {
  const std::string start = std::string(what) + ": ";
  const std::string end = " " + std::string(rule);
  if (word.empty()) throw usage(start + "the key is empty" + end);
  const auto all = tokens(word);
  if (std::any_of(all.begin(), all.end(), [](std::string_view token) { return token.empty(); })) {
    throw usage(start + quoted(word) + " has an empty token" + end);
  }
  const auto bad = std::find_if_not(word.begin(), word.end(), allowed);
  // A UTF-8 character is shown whole.
  const auto at = word.substr(static_cast<std::size_t>(bad - word.begin()));
  throw usage(start + quoted(word) + " holds " + in_quotes(at.substr(0, text::decode(at).length)) + end);
}

bool has_wildcard(std::string_view token) { return token.find_first_of("*>") != std::string_view::npos; }

/// "tmp*" -> "tmp", "*": what is next to a wildcard becomes a token of its own.
void split(std::string_view token, std::vector<std::string>& out) {
  std::string plain;
  for (const char c : token) {
    if (c != '*' && c != '>') {
      plain += c;
      continue;
    }
    if (!plain.empty()) out.push_back(std::exchange(plain, {}));
    out.emplace_back(1, c);
  }
  if (!plain.empty()) out.push_back(plain);
}

/// The pattern that a word with a misplaced wildcard probably means.
std::string meant(const std::vector<std::string_view>& all) {
  std::vector<std::string> out;
  for (const std::string_view token : all) {
    const bool last = token == all.back() && token.data() == all.back().data();
    if (last && token.size() > 1 && token.find_first_not_of('*') == std::string_view::npos) {
      out.emplace_back(">");  // "a.**" as shells write it
    } else {
      split(token, out);
    }
  }
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    if (out[i] == ">") out[i] = "*";
  }
  return fmt::format("{}", fmt::join(out, "."));
}

[[noreturn]] void misplaced(std::string_view word, char wildcard, const std::vector<std::string_view>& all,
                            std::string_view hint) {
  std::string message = quoted(word) + ": ";
  message +=
      wildcard == '*' ? "* stands for a whole token" : "> stands for one or more whole tokens at the end";
  const std::string better = meant(all);
  // Shown whole or not at all: quoted() cuts longer words.
  if (better.size() <= most_quoted && better.find('=') == std::string::npos) {
    message += "; did you mean " + in_quotes(better) + "?";
  }
  throw usage(message, std::string(hint));
}

}  // namespace

bool is_key(std::string_view word) { return fits<written>(word); }

std::string key(std::string_view word, std::string_view what) {
  if (!fits<written>(word)) refuse(word, what, written, key_tokens);
  return std::string(word);
}

std::string any_key(std::string_view word, std::string_view what) {
  if (!fits<printable>(word)) refuse(word, what, printable, any_tokens);
  return std::string(word);
}

Pattern pattern(std::string_view word, std::optional<bool> literal, std::string_view what) {
  any_key(word, what);
  if (literal.value_or(false)) return {std::string(word), false};
  const std::string_view hint = literal ? "--literal takes it as the name of a key" : "";
  const auto all = tokens(word);
  bool wild = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string_view token = all[i];
    const bool whole = token == "*" || (token == ">" && i + 1 == all.size());
    if (!whole && has_wildcard(token)) misplaced(word, token[token.find_first_of("*>")], all, hint);
    wild = wild || whole;
  }
  return {std::string(word), wild};
}

std::vector<Pattern> patterns(const std::vector<std::string>& words, std::optional<bool> literal) {
  std::vector<Pattern> out;
  out.reserve(words.size());
  for (const std::string& word : words) out.push_back(pattern(word, literal));
  return out;
}

}  // namespace natskv::parse
