// What a value IS (bytes, a moment, a length of time, a size), so that parsers and formats need not guess.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace natskv {

/// Any bytes, not necessarily UTF-8, NUL included. Does not own them.
struct Bytes {
  std::string_view data;
  friend bool operator==(Bytes, Bytes) = default;
};

/// A moment: nanoseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t ns = 0;
  friend auto operator<=>(Instant, Instant) = default;
};

/// A length of time in nanoseconds.
struct Span {
  std::int64_t ns = 0;
  friend auto operator<=>(Span, Span) = default;
  /// Whole milliseconds, rounded up, so that a small positive span never becomes 0 (nats.c takes
  /// milliseconds).
  [[nodiscard]] constexpr std::int64_t ms() const { return ns <= 0 ? 0 : (ns - 1) / 1'000'000 + 1; }
};

constexpr Span seconds(std::int64_t count) { return Span{count * 1'000'000'000}; }
constexpr Span milliseconds(std::int64_t count) { return Span{count * 1'000'000}; }

/// nullopt: later than an Instant can be.
inline std::optional<Instant> after(Instant start, Span span) {
  Instant end;
  if (__builtin_add_overflow(start.ns, span.ns, &end.ns)) return std::nullopt;
  return end;
}

/// How long ago, by the server's clock.
struct Ago {
  Span span;
};

/// A point of a bucket's past: after a revision, at a time, or so long ago.
using Moment = std::variant<std::uint64_t, Instant, Ago>;

/// A number of bytes; -1 is "unlimited" where a limit is meant.
struct Size {
  std::int64_t bytes = 0;
  friend auto operator<=>(Size, Size) = default;
};

}  // namespace natskv
