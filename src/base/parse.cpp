#include "base/parse.hpp"

#include "base/ascii.hpp"
#include "base/failure.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace natskv::parse {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

[[noreturn]] void wrong(std::string_view what, std::string_view word, const std::string& why) {
  throw usage(std::string(what) + ": " + quoted(word) + " " + why);
}

// No sign, space or prefix is taken into an unsigned: all of the word must be digits.
std::optional<std::uint64_t> digits(std::string_view word) { return whole<std::uint64_t>(word); }

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t day = 86'400 * second;
constexpr std::size_t units_of_go = 8;  // the first of these
constexpr std::array<Unit, 15> units_of_time{{{"ns", 1},
                                              {"us", 1000},
                                              {"\u00B5s", 1000},
                                              {"\u03BCs", 1000},
                                              {"ms", 1'000'000},
                                              {"s", second},
                                              {"m", 60 * second},
                                              {"h", 3600 * second},
                                              {"d", day},
                                              {"D", day},
                                              {"w", 7 * day},
                                              {"W", 7 * day},
                                              {"M", 30 * day},
                                              {"y", 365 * day},
                                              {"Y", 365 * day}}};

std::string_view take_digits(std::string_view& rest) {
  const std::size_t count =
      static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), ascii::digit) - rest.begin());
  const std::string_view taken = rest.substr(0, count);
  rest.remove_prefix(count);
  return taken;
}

/// floor(0.fraction * factor), exactly: dividing from the last digit on loses nothing that a floor at the end
/// keeps.
std::uint64_t part_of(std::uint64_t factor, std::string_view fraction) {
  std::uint64_t part = 0;
  for (auto c = fraction.rbegin(); c != fraction.rend(); ++c) {
    part = (static_cast<std::uint64_t>(*c - '0') * factor + part) / 10;
  }
  return part;
}

enum class Wrong { no, syntax, overflow };

/// One "1.5h" off the front of `rest`, added to `total`; with one of the first `known` units.
Wrong add_part(std::string_view& rest, std::uint64_t& total, std::size_t known = units_of_time.size()) {
  const std::string_view whole = take_digits(rest);
  std::string_view fraction;
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
  }
  if (whole.empty() && fraction.empty()) return Wrong::syntax;
  const std::size_t end = std::min(rest.find_first_of("0123456789."), rest.size());
  const std::string_view name = rest.substr(0, end);
  const auto* const last = units_of_time.begin() + known;
  const auto* unit = std::find_if(units_of_time.begin(), last, [&](const Unit& u) { return u.name == name; });
  if (unit == last) return Wrong::syntax;
  rest.remove_prefix(end);
  const auto count = whole.empty() ? std::optional<std::uint64_t>(0) : digits(whole);
  std::uint64_t span = 0;
  if (!count || __builtin_mul_overflow(*count, unit->factor, &span) ||
      __builtin_add_overflow(span, part_of(unit->factor, fraction), &span) ||
      __builtin_add_overflow(total, span, &total)) {
    return Wrong::overflow;
  }
  return Wrong::no;
}

}  // namespace

std::string quoted(std::string_view word) {
  // What follows a '=' may be a secret or a VALUE.
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return in_quotes(word, most_quoted);
  std::string out = in_quotes(word.substr(0, equals), most_quoted);
  if (out.ends_with("…\"")) return out;
  out.back() = '=';
  return out += equals + 1 == word.size() ? "\"" : "…\"";
}

std::uint64_t number(std::string_view word, std::string_view what, std::uint64_t least, std::uint64_t most) {
  const auto value = digits(word);
  if (value && *value >= least && *value <= most) return *value;
  wrong(what, word,
        "is not a number from " + std::to_string(least) + " to " +
            (most == largest ? std::string("2^64-1") : std::to_string(most)));
}

std::uint64_t revision(std::string_view word, std::string_view what) {
  const auto value = digits(word);
  if (value && *value > 0) return *value;
  wrong(what, word, "is not a revision (a number from 1 to 2^64-1)");
}

Span duration(std::string_view word, std::string_view what) {
  if (word == "0") return Span{};
  if (word.starts_with('-')) wrong(what, word, "is negative (a duration is, for example, 90s or 1h30m)");
  std::uint64_t total = 0;
  std::string_view rest = word;
  Wrong result = rest.empty() ? Wrong::syntax : Wrong::no;
  // The whole word is read before an overflow is reported: "99999999999999999999q" is not a duration at all.
  while (!rest.empty() && result != Wrong::syntax) {
    const Wrong part = add_part(rest, total);
    if (part != Wrong::no) result = part;
  }
  if (result == Wrong::syntax) {
    wrong(what, word, "is not a duration (numbers with ns us ms s m h d w M y, for example 90s, 1h30m, 7d)");
  }
  if (result == Wrong::overflow ||
      total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    wrong(what, word, "is too long (at most 292 years)");
  }
  return Span{static_cast<std::int64_t>(total)};
}

std::optional<Span> go_duration(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  if (word == "0") return Span{};
  std::uint64_t total = 0;
  bool ok = !word.empty();
  while (ok && !word.empty()) ok = add_part(word, total, units_of_go) == Wrong::no;
  if (!ok || total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return Span{static_cast<std::int64_t>(total)};
}

Moment moment(std::string_view word, std::string_view what) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), ascii::digit)) return revision(word, what);
  if (word.size() > 1 && word[0] == '-' && (ascii::digit(word[1]) || word[1] == '.'))
    return Ago{duration(word.substr(1), what)};
  std::string time(word);
  if (time.size() > 10 && time[10] == ' ') time[10] = 'T';
  if (const auto instant = text::from_rfc3339(time)) return *instant;
  if (text::from_rfc3339(time + "Z")) wrong(what, word, "has no zone (2026-11-24T01:02:03Z, or …+01:00)");
  wrong(what, word,
        "is not a revision, a time with a zone (2026-11-24T01:02:03Z), or how long ago (-2h, -1d)");
}

Size size(std::string_view word, std::string_view what) {
  if (word == "-1") return Size{-1};
  std::string_view rest = word;
  const auto count = digits(take_digits(rest));
  const std::string unit = ascii::upper(rest);
  constexpr std::string_view letters = "KMGT";
  const std::size_t power = unit.empty() || unit == "B" ? 0 : letters.find(unit.front()) + 1;
  const bool known = unit.empty() || unit == "B" ||
                     (letters.find(unit.front()) != std::string_view::npos &&
                      (unit.size() == 1 || unit.substr(1) == "B" || unit.substr(1) == "IB"));
  const bool has_digits = rest.size() != word.size();
  if (!has_digits || !known) {
    wrong(
        what, word,
        "is not a size (a whole number of bytes, or with B KB MB GB TB in powers of 1024; -1 is unlimited)");
  }
  std::int64_t bytes = 0;
  if (!count || __builtin_mul_overflow(*count, std::uint64_t{1} << (10 * power), &bytes)) {
    wrong(what, word, "is too large (at most 2^63-1 bytes)");
  }
  return Size{bytes};
}

std::string bucket(std::string_view word, std::string_view what) {
  const auto allowed = [](char c) { return ascii::alnum(c) || c == '_' || c == '-'; };
  if (word.empty() || !std::all_of(word.begin(), word.end(), allowed)) {
    wrong(what, word, "is not a bucket name (one or more of A-Z a-z 0-9 - _)");
  }
  return std::string(word);
}

}  // namespace natskv::parse
