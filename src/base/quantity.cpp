// Times, spans and sizes as text.
#include "base/ascii.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <time.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>

namespace natskv::text {

namespace {

constexpr std::int64_t billion = 1'000'000'000;

/// Division that rounds down, so that moments before 1970 have a fraction that counts up too.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// 2026-11-24T01:02:03, for seconds since 1970 within an Instant's years.
std::string civil(std::int64_t seconds, char between) {
  const std::int64_t day = floor_div(seconds, 86'400);
  const std::int64_t second = seconds - day * 86'400;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), between,
                     second / 3600, second / 60 % 60, second % 60);
}

/// Of the local time zone then, in seconds.
std::int64_t offset_at(time_t moment) {
  tm local{};
  return localtime_r(&moment, &local) == nullptr ? 0 : local.tm_gmtoff;
}

/// Reads what RFC 3339 consists of from the front of a text; `ok` goes false and stays so.
struct Reader {
  std::string_view rest;
  bool ok = true;

  unsigned number(std::size_t digits) {
    unsigned value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest.empty() || rest[0] < '0' || rest[0] > '9') {
        ok = false;
        return 0;
      }
      value = value * 10 + static_cast<unsigned>(rest[0] - '0');
      rest.remove_prefix(1);
    }
    return value;
  }
  bool take(std::string_view any) {
    if (rest.empty() || any.find(rest[0]) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  void need(std::string_view any) { ok = take(any) && ok; }

  /// Up to nine digits after a point, in nanoseconds.
  std::int64_t fraction() {
    if (!take(".")) return 0;
    std::int64_t ns = 0;
    std::size_t digits = 0;
    for (; digits < 9 && !rest.empty() && ascii::digit(rest[0]); ++digits) ns = ns * 10 + number(1);
    if (digits == 0) ok = false;
    for (; digits < 9; ++digits) ns *= 10;
    return ns;
  }
  /// Seconds east of Greenwich.
  std::int64_t offset() {
    if (take("Zz")) return 0;
    const bool west = !rest.empty() && rest[0] == '-';
    need("+-");
    const unsigned hours = number(2);
    need(":");
    const unsigned minutes = number(2);
    if (hours > 23 || minutes > 59) ok = false;
    const std::int64_t seconds = std::int64_t{hours} * 3600 + std::int64_t{minutes} * 60;
    return west ? -seconds : seconds;
  }
};

/// `value`, of so many digits, as ".5": without trailing zeros; nothing for 0.
std::string fraction(std::uint64_t value, int digits) {
  if (value == 0) return {};
  std::string text = fmt::format(".{:0{}}", value, digits);
  return text.erase(text.find_last_not_of('0') + 1);
}

/// |ns|, also for the smallest number.
std::uint64_t magnitude(std::int64_t ns) {
  return ns < 0 ? ~static_cast<std::uint64_t>(ns) + 1 : static_cast<std::uint64_t>(ns);
}

}  // namespace

void rfc3339(Instant when, std::string& out) {
  // A listing's entries were often written in the same second.
  static thread_local std::int64_t last = 0;
  static thread_local std::string text;
  const std::int64_t seconds = floor_div(when.ns, billion);
  if (text.empty() || seconds != last) text = civil(last = seconds, 'T') + ".000000000Z";
  // Not when.ns - seconds * billion: the product overflows in the first second an Instant can say.
  const std::int64_t remainder = when.ns % billion;
  auto ns = static_cast<unsigned>(remainder < 0 ? remainder + billion : remainder);
  for (std::size_t i = 28; i > 19; --i, ns /= 10) text[i] = static_cast<char>('0' + ns % 10);
  out += text;
}

std::string rfc3339(Instant when) {
  std::string out;
  rfc3339(when, out);
  return out;
}

std::optional<Instant> from_rfc3339(std::string_view text) {
  Reader reader{text};
  const unsigned year = reader.number(4);
  reader.need("-");
  const unsigned month = reader.number(2);
  reader.need("-");
  const unsigned day = reader.number(2);
  reader.need("Tt");
  const unsigned hour = reader.number(2);
  reader.need(":");
  const unsigned minute = reader.number(2);
  reader.need(":");
  const unsigned second = reader.number(2);
  const std::int64_t fraction = reader.fraction();
  const std::int64_t offset = reader.offset();
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!reader.ok || !reader.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  std::int64_t seconds = std::chrono::sys_days{date}.time_since_epoch().count() * std::int64_t{86'400};
  seconds += std::int64_t{hour} * 3600 + std::int64_t{minute} * 60 + second - offset;
  // Towards zero first, so that the product of the first and last representable second does not overflow.
  const std::int64_t whole = seconds < 0 ? seconds + 1 : seconds;
  const std::int64_t rest = seconds < 0 ? fraction - billion : fraction;
  Instant when;
  if (__builtin_mul_overflow(whole, billion, &when.ns) || __builtin_add_overflow(when.ns, rest, &when.ns)) {
    return std::nullopt;
  }
  return when;
}

std::string local_time(Instant when, bool utc) {
  const std::int64_t offset = utc ? 0 : offset_at(floor_div(when.ns, billion));
  const std::int64_t minutes = std::abs(offset) / 60;
  return fmt::format("{} {}{:02}:{:02}", time_at(when, offset), offset < 0 ? '-' : '+', minutes / 60,
                     minutes % 60);
}

std::int64_t zone_offset(bool utc) { return utc ? 0 : offset_at(::time(nullptr)); }

std::string zone_name(std::int64_t offset) {
  const std::int64_t minutes = std::abs(offset) / 60;
  if (minutes == 0) return "UTC";
  return fmt::format("UTC{}{}{}", offset < 0 ? '-' : '+', minutes / 60,
                     minutes % 60 == 0 ? "" : fmt::format(":{:02}", minutes % 60));
}

std::string time_at(Instant when, std::int64_t offset) {
  return civil(floor_div(when.ns, billion) + offset, ' ');
}

std::string human_size(std::int64_t bytes) {
  static constexpr std::array<const char*, 6> units{" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  if (bytes < 0) return "unlimited";
  if (bytes < 1024) return std::to_string(bytes) + " B";
  std::size_t unit = 0;
  double scaled = static_cast<double>(bytes) / 1024;
  while (std::llround(scaled * 10) >= 10240 && unit + 1 < units.size()) {
    scaled /= 1024;
    ++unit;
  }
  const auto tenths = static_cast<std::uint64_t>(std::llround(scaled * 10));
  return fmt::format("{}{}{}", tenths / 10, fraction(tenths % 10, 1), units[unit]);
}

std::string human_span(Span span) {
  constexpr std::uint64_t second = 1'000'000'000;
  constexpr std::uint64_t minute = 60 * second;
  constexpr std::uint64_t hour = 60 * minute;
  constexpr std::uint64_t day = 24 * hour;
  std::string out(span.ns < 0 ? "-" : "");
  std::uint64_t left = magnitude(span.ns);
  if (left == 0) return "0s";
  if (left < second) {
    const std::uint64_t unit = left >= 1'000'000 ? 1'000'000 : left >= 1'000 ? 1'000 : 1;
    return out + fmt::format("{}{}{}", left / unit, fraction(left % unit, unit == 1'000'000 ? 6 : 3),
                             unit == 1'000'000 ? "ms"
                             : unit == 1'000   ? "µs"
                                               : "ns");
  }
  const auto part = [&left, &out](std::uint64_t unit, char name) {
    if (left < unit) return;
    out += fmt::format("{}{}", left / unit, name);
    left %= unit;
  };
  if (left >= 2 * day) part(day, 'd');
  part(hour, 'h');
  part(minute, 'm');
  if (left == 0) return out;
  return out + fmt::format("{}{}s", left / second, fraction(left % second, 9));
}

std::string seconds(Span span) {
  const std::uint64_t ns = magnitude(span.ns);
  return fmt::format("{}{}{}", span.ns < 0 ? "-" : "", ns / billion, fraction(ns % billion, 9));
}

}  // namespace natskv::text
