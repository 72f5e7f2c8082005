// Words to values, independent of the version of CLI11: numbers, durations, sizes, names, patterns. Each
// throws Failure(usage) with one line that names `what` (an option or argument name), quotes the word
// (quoted()) and says what is allowed. No I/O.
#pragma once

#include "base/pattern.hpp"
#include "base/types.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::parse {

/// The whole word as a number; nullopt for anything but its digits (and a sign, where the type has one), and
/// for what the type cannot hold.
template <class Number>
std::optional<Number> whole(std::string_view word, int base = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  return error == std::errc{} && end == word.data() + word.size() ? std::optional(value) : std::nullopt;
}

/// Decimal digits only, least … most inclusive. An empty word is an error (an unset variable).
std::uint64_t number(std::string_view word, std::string_view what, std::uint64_t least, std::uint64_t most);
/// 1 … 2^64-1.
std::uint64_t revision(std::string_view word, std::string_view what);
/// Go's durations (1h30m, 90s, 250ms, 1.5h) and d, w, M (30 d), y (365 d) as in `nats`; also plain "0". Not
/// negative; overflow of int64 nanoseconds is refused.
Span duration(std::string_view word, std::string_view what);
/// What Go's time.ParseDuration takes, if it is not negative: no d, w, M, y. nullopt: anything else.
std::optional<Span> go_duration(std::string_view word);
/// Digits alone are a revision; -DURATION is so long ago; else a time of RFC 3339 with its zone.
Moment moment(std::string_view word, std::string_view what);
/// A number of bytes, or with B K KB KiB M MB MiB G GB GiB T TB TiB in powers of 1024 (any case); -1 is
/// unlimited.
Size size(std::string_view word, std::string_view what);

/// [A-Za-z0-9_-]+
std::string bucket(std::string_view word, std::string_view what = "BUCKET");
/// Whether natskv writes such a key: [-/_=.A-Za-z0-9]+ without empty token.
bool is_key(std::string_view word);
/// The same, or Failure.
std::string key(std::string_view word, std::string_view what = "KEY");
/// A key that exists under any client's rules: tokens of printable bytes without space, no empty token; * and
/// > inside are ordinary (--literal).
std::string any_key(std::string_view word, std::string_view what = "KEY");

/// `literal`: the word is a key whatever it contains; nullopt: the command has no --literal to suggest.
/// "tmp*" is refused with did-you-mean "tmp.*".
Pattern pattern(std::string_view word, std::optional<bool> literal = false,
                std::string_view what = "PATTERN");
std::vector<Pattern> patterns(const std::vector<std::string>& words, std::optional<bool> literal = false);

/// A word as a message may show it: up to its first '=', 20 characters at most, control bytes escaped, in
/// quotes.
std::string quoted(std::string_view word);
inline constexpr std::size_t most_quoted = 20;  ///< characters, which tell what word is meant

}  // namespace natskv::parse
