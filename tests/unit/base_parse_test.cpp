#include "base/parse.hpp"
#include "support/failing.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace natskv;
using test::failure;

namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t second = 1'000'000'000;

std::string count(const std::string& word) {
  return failure([&] { return parse::number(word, "--count", 0, largest); });
}
std::string span(const std::string& word) {
  return failure([&] { return parse::duration(word, "--ttl"); });
}
std::string bytes(const std::string& word) {
  return failure([&] { return parse::size(word, "--max-value-size"); });
}

}  // namespace

TEST_CASE("a number is decimal digits and nothing else") {
  CHECK(parse::number("0", "--count", 0, largest) == 0);
  CHECK(parse::number("010", "--count", 0, largest) == 10);
  CHECK(parse::number("18446744073709551615", "--count", 0, largest) == largest);
  for (const char* word : {"", " ", "+1", " 1", "1 ", "-1", "1_000", "0x10", "1e3", "1.0", "1,000", "0b11",
                           "one", "18446744073709551616", "99999999999999999999999"}) {
    CAPTURE(word);
    CHECK(count(word) == "2: --count: " + parse::quoted(word) + " is not a number from 0 to 2^64-1");
  }
  CHECK(count(std::string("1\0", 2)) == "2: --count: \"1\\x00\" is not a number from 0 to 2^64-1");
}

TEST_CASE("a number outside its limits is refused with the limits") {
  CHECK(parse::number("1", "--history", 1, 64) == 1);
  CHECK(parse::number("64", "--history", 1, 64) == 64);
  CHECK(failure([] { return parse::number("65", "--history", 1, 64); }) ==
        "2: --history: \"65\" is not a number from 1 to 64");
  CHECK(failure([] { return parse::number("0", "--history", 1, 64); }) ==
        "2: --history: \"0\" is not a number from 1 to 64");
  CHECK(failure([] { return parse::number("", "--history", 1, 64); }) ==
        "2: --history: \"\" is not a number from 1 to 64");
}

TEST_CASE("a revision is 1 to 2^64-1") {
  CHECK(parse::revision("1", "REVISION") == 1);
  CHECK(parse::revision("18446744073709551615", "REVISION") == largest);
  for (const char* word : {"", "0", "-1", "18446744073709551616", "latest"}) {
    CAPTURE(word);
    CHECK(failure([&] { return parse::revision(word, "REVISION"); }) ==
          "2: REVISION: " + parse::quoted(word) + " is not a revision (a number from 1 to 2^64-1)");
  }
}

TEST_CASE("durations are Go's, and days, weeks, months and years") {
  CHECK(parse::duration("0", "--ttl").ns == 0);
  CHECK(parse::duration("0s", "--ttl").ns == 0);
  CHECK(parse::duration("1ns", "--ttl").ns == 1);
  CHECK(parse::duration("1us", "--ttl").ns == 1000);
  CHECK(parse::duration("1\u00B5s", "--ttl").ns == 1000);
  CHECK(parse::duration("1\u03BCs", "--ttl").ns == 1000);
  CHECK(parse::duration("250ms", "--ttl").ns == 250'000'000);
  CHECK(parse::duration("90s", "--ttl") == seconds(90));
  CHECK(parse::duration("1h30m", "--ttl") == seconds(5400));
  CHECK(parse::duration("1.5h", "--ttl") == seconds(5400));
  CHECK(parse::duration(".5s", "--ttl") == milliseconds(500));
  CHECK(parse::duration("1d12h", "--ttl") == seconds(129'600));
  CHECK(parse::duration("1d", "--ttl") == parse::duration("1D", "--ttl"));
  CHECK(parse::duration("2w", "--ttl") == seconds(14 * 86'400));
  CHECK(parse::duration("1M", "--ttl") == seconds(30 * 86'400));
  CHECK(parse::duration("1m", "--ttl") == seconds(60));
  CHECK(parse::duration("1y", "--ttl") == seconds(365 * 86'400));
}

TEST_CASE("fractions of durations are exact to the nanosecond and cut below it") {
  CHECK(parse::duration("0.1s", "--ttl").ns == second / 10);
  CHECK(parse::duration("0.000000001s", "--ttl").ns == 1);
  CHECK(parse::duration("0.0000000019s", "--ttl").ns == 1);
  CHECK(parse::duration("1.000000000000000000000000000001s", "--ttl").ns == second);
  CHECK(parse::duration("0.999999999999999999999999999999y", "--ttl").ns == 365 * 86'400 * second - 1);
  CHECK(parse::duration("1.5ns", "--ttl").ns == 1);
}

TEST_CASE("what is no duration is refused with an example") {
  for (const char* word : {"", " ", "5", "1h30", "s", ".s", "1.s2", "1 h", "1h 30m", "+1s", "1x", "1H",
                           "1..5h", "1h-1m", "1S", "0x1s", "1e3s", "00", "99999999999999999999q"}) {
    CAPTURE(word);
    CHECK(span(word) ==
          "2: --ttl: " + parse::quoted(word) +
              " is not a duration (numbers with ns us ms s m h d w M y, for example 90s, 1h30m, 7d)");
  }
  CHECK(span("-1s") == "2: --ttl: \"-1s\" is negative (a duration is, for example, 90s or 1h30m)");
}

TEST_CASE("a duration over int64 nanoseconds is refused") {
  CHECK(parse::duration("9223372036854775807ns", "--ttl").ns == std::numeric_limits<std::int64_t>::max());
  CHECK(parse::duration("100y", "--ttl").ns == 100LL * 365 * 86'400 * second);
  CHECK(parse::duration("292y", "--ttl").ns == 292LL * 365 * 86'400 * second);
  for (const char* word : {"9223372036854775808ns", "293y", "1000y", "99999999999999999999s", "292y292y",
                           "18446744073709551615ns1ns", "18446744073.709551616s"}) {
    CAPTURE(word);
    CHECK(span(word) == "2: --ttl: " + parse::quoted(word) + " is too long (at most 292 years)");
  }
}

TEST_CASE("sizes are bytes, or powers of 1024 in any case") {
  CHECK(parse::size("0", "-").bytes == 0);
  CHECK(parse::size("-1", "-").bytes == -1);
  CHECK(parse::size("512", "-").bytes == 512);
  CHECK(parse::size("512B", "-").bytes == 512);
  CHECK(parse::size("512b", "-").bytes == 512);
  for (const char* word : {"3K", "3k", "3KB", "3kb", "3KiB", "3kib", "3KIB"}) {
    CAPTURE(word);
    CHECK(parse::size(word, "-").bytes == 3 * 1024);
  }
  CHECK(parse::size("2M", "-").bytes == 2 * 1024 * 1024);
  CHECK(parse::size("2GiB", "-").bytes == 2LL * 1024 * 1024 * 1024);
  CHECK(parse::size("2TB", "-").bytes == 2LL * 1024 * 1024 * 1024 * 1024);
  CHECK(parse::size("9223372036854775807", "-").bytes == std::numeric_limits<std::int64_t>::max());
  CHECK(parse::size("8388607T", "-").bytes == 8388607LL << 40);
}

TEST_CASE("fractions, signs, unknown units and spaces in sizes are refused") {
  for (const char* word : {"", "1.5M", ".5K", "-2", "-1B", "+1", "K", "1 K", "1KBB", "1KK", "1P", "1i", "1iB",
                           "1Ki", "0x10", "1_000", "1K1", "unlimited"}) {
    CAPTURE(word);
    CHECK(bytes(word) ==
          "2: --max-value-size: " + parse::quoted(word) +
              " is not a size (a whole number of bytes, or with B KB MB GB TB in powers of 1024; -1 is "
              "unlimited)");
  }
}

TEST_CASE("a size over 2^63-1 is refused") {
  for (const char* word :
       {"9223372036854775808", "8388608T", "18446744073709551616", "99999999999999999999999K"}) {
    CAPTURE(word);
    CHECK(bytes(word) ==
          "2: --max-value-size: " + parse::quoted(word) + " is too large (at most 2^63-1 bytes)");
  }
}

TEST_CASE("a bucket's name is letters, digits, - and _") {
  CHECK(parse::bucket("A-z_09") == "A-z_09");
  for (const char* word : {"", "a.b", "a b", "a/b", "*", ">", "$KV", "b\xC3\xBC", "a\n"}) {
    CAPTURE(word);
    CHECK(failure([&] { return parse::bucket(word); }) ==
          "2: BUCKET: " + parse::quoted(word) + " is not a bucket name (one or more of A-Z a-z 0-9 - _)");
  }
  CHECK(failure([] { return parse::bucket("a.b", "--mirror"); }).starts_with("2: --mirror: \"a.b\""));
}

TEST_CASE("a word in a message ends at its first = and after 20 characters") {
  CHECK(parse::quoted("") == "\"\"");
  CHECK(parse::quoted("plain") == "\"plain\"");
  CHECK(parse::quoted("--password=hunter2") == "\"--password=…\"");
  CHECK(parse::quoted("name=") == "\"name=\"");
  CHECK(parse::quoted("12345678901234567890") == "\"12345678901234567890\"");
  CHECK(parse::quoted("123456789012345678901") == "\"12345678901234567890…\"");
  CHECK(parse::quoted("123456789012345678901=secret") == "\"12345678901234567890…\"");
  CHECK(parse::quoted("ääääääääääääääääääääü") == "\"ääääääääääääääääääää…\"");
}

TEST_CASE("a word in a message cannot steer a terminal") {
  CHECK(parse::quoted("a\nb\x1B[0m\x7F") == "\"a\\x0Ab\\x1B[0m\\x7F\"");
  CHECK(parse::quoted("say \"hi\"") == "\"say \\\"hi\\\"\"");
  CHECK(parse::quoted("\xFF\xC3") == "\"\\xFF\\xC3\"");
  CHECK(parse::quoted("\xC2\x9B") == "\"\\xC2\\x9B\"");           // C1: CSI
  CHECK(parse::quoted("\u202Egnp") == "\"\\xE2\\x80\\xAEgnp\"");  // right-to-left override
  CHECK(parse::quoted("\xED\xA0\x80") == "\"\\xED\\xA0\\x80\"");  // a surrogate
  CHECK(parse::quoted("\xC0\xAF") == "\"\\xC0\\xAF\"");           // overlong
  CHECK(parse::quoted("\U0001F600\u20AC") == "\"\U0001F600\u20AC\"");
}

TEST_CASE("a moment is a revision, a time with its zone, or so long ago") {
  const auto revision = [](std::string_view word) {
    return std::get<std::uint64_t>(parse::moment(word, "--at"));
  };
  const auto ns = [](std::string_view word) { return std::get<Instant>(parse::moment(word, "--at")).ns; };
  const auto ago = [](std::string_view word) { return std::get<Ago>(parse::moment(word, "--at")).span; };
  CHECK(revision("1") == 1);
  CHECK(revision("18446744073709551615") == 18446744073709551615U);
  CHECK(ns("1970-01-01T00:00:01Z") == 1'000'000'000);
  CHECK(ns("1970-01-01T01:00:00.5+01:00") == 500'000'000);
  CHECK(ns("1970-01-01 01:00:00+01:00") == 0);  // as date --rfc-3339 prints it
  CHECK(ago("-2h") == seconds(7200));
  CHECK(ago("-1d12h") == seconds(129'600));
  CHECK(ago("-.5s").ns == 500'000'000);
  CHECK(ago("-0s").ns == 0);
  for (const char* word : {"", "0", "-", "--2h", "-h", "2h", "-2", "+5", "1970-01-01", "18446744073709551616",
                           "1970-01-01T00:00:01", "1970-01-01T25:00:00Z", "now", "yesterday"}) {
    CAPTURE(word);
    CHECK_THROWS_AS((void)parse::moment(word, "--at"), Failure);
  }
  CHECK(failure([] { return parse::moment("1970-01-01T00:00:01", "--at"); }).find("has no zone") !=
        std::string::npos);
}
