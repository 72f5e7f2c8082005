#include "base/text.hpp"
#include "support/from_tsv.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>
#include <time.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace natskv;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

std::string tsv(std::string_view bytes) {
  std::string out;
  text::tsv(bytes, out);
  return out;
}

std::string json(std::string_view bytes) {
  std::string out;
  text::json_string(bytes, out);
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out;
  text::base64(bytes, out);
  return out;
}

constexpr std::int64_t giga = 1'000'000'000;
constexpr std::int64_t first_ns = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t last_ns = std::numeric_limits<std::int64_t>::max();

struct Zone {
  explicit Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~Zone() {
    unsetenv("TZ");
    tzset();
  }
};

}  // namespace

TEST_CASE("valid UTF-8 is told from what only looks like it") {
  for (const auto valid : {""sv, "plain"sv, "\0"sv, "h\u00e9llo"sv, "\u65e5\u672c\u8a9e"sv, "\U0001F600"sv,
                           "\x7F"sv, "\xC2\x80"sv, "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv,
                           "\xF4\x8F\xBF\xBF"sv, "0123456789\u00e9 and ASCII again, long"sv}) {
    CAPTURE(valid);
    CHECK(text::valid_utf8(valid));
  }
  for (const auto invalid : {"\x80"sv,
                             "\xBF"sv,
                             "\xC0\x80"sv,
                             "\xC1\xBF"sv,
                             "\xE0\x80\x80"sv,
                             "\xE0\x9F\xBF"sv,
                             "\xF0\x80\x80\x80"sv,
                             "\xF0\x8F\xBF\xBF"sv,
                             "\xED\xA0\x80"sv,
                             "\xED\xBF\xBF"sv,
                             "\xF4\x90\x80\x80"sv,
                             "\xF5\x80\x80\x80"sv,
                             "\xFF"sv,
                             "\xFE"sv,
                             "\xC3"sv,
                             "\xE2\x82"sv,
                             "\xF0\x9F\x98"sv,
                             "\xC3("sv,
                             "12345678\xFF"sv,
                             "1234567\xE2\x82"sv}) {
    CAPTURE(invalid);
    CHECK_FALSE(text::valid_utf8(invalid));
  }
}

TEST_CASE("width counts terminal columns") {
  CHECK(text::width("") == 0);
  CHECK(text::width("abc") == 3);
  CHECK(text::width("\u00e9") == 1);
  CHECK(text::width("e\u0301") == 1);       // combining acute
  CHECK(text::width("\u65e5\u672c") == 4);  // CJK
  CHECK(text::width("\U0001F600") == 2);    // emoji
  CHECK(text::width("\uFF21") == 2);        // full-width A
  CHECK(text::width("\u2026") == 1);        // …
  CHECK(text::width("\u0928\u093f") == 2);  // a spacing vowel sign
  CHECK(text::width("a\tb\x1b") == 2);      // controls are nothing
  CHECK(text::width("a\xFF") == 2);         // an invalid byte is one
}

TEST_CASE("wrapped breaks at blanks, or at the edge where there is none") {
  CHECK(text::wrapped("one two three", 7, 2) == "one two\n  three");
  CHECK(text::wrapped("one two three", 0, 2) == "one two three");
  CHECK(text::wrapped("abcdefgh i", 3, 1) == "abc\n def\n gh\n i");
  CHECK(text::wrapped("", 3, 1).empty());
}

TEST_CASE("where the locale does not say UTF-8, what was cut ends in three dots") {
  text::plain_dots(true);
  const std::string cut = text::cut("h\u00e9llo", 4), narrow = text::cut("hello", 2);
  text::plain_dots(false);
  CHECK(cut == "h...");
  CHECK(narrow == "..");
}

TEST_CASE("a terminal without UTF-8 gets ASCII: a character's bytes may be controls there") {
  text::only_ascii(true);
  const std::string shown = text::visible("a\u201b31m\u00e9");
  const std::string cut = text::cut("hello", 4);
  text::only_ascii(false);
  CHECK(shown == "a\\u{201B}31m\\u{E9}");
  CHECK(cut == "h...");
}

TEST_CASE("cut keeps whole characters and says that it cut") {
  CHECK(text::cut("hello", 5) == "hello");
  CHECK(text::cut("hello", 4) == "hel\u2026");
  CHECK(text::cut("hello", 1) == "\u2026");
  CHECK(text::cut("hello", 0).empty());
  CHECK(text::cut("", 0).empty());
  CHECK(text::cut("\u65e5\u672c\u8a9e", 6) == "\u65e5\u672c\u8a9e");
  CHECK(text::cut("\u65e5\u672c\u8a9e", 5) == "\u65e5\u672c\u2026");
  CHECK(text::cut("\u65e5\u672c\u8a9e", 4) == "\u65e5\u2026");  // half a character does not fit
  CHECK(text::cut("\u65e5", 1) == "\u2026");
  CHECK(text::cut("e\u0301e\u0301e\u0301", 2) == "e\u0301\u2026");
  CHECK(text::cut("e\u0301", 1) == "e\u0301");
}

TEST_CASE("fit never ends inside a cluster") {
  CHECK(text::fit("e\u0301x", 1) == 3);
  CHECK(text::fit("xe\u0301", 1) == 1);
  CHECK(text::fit("\u65e5", 1) == 0);
  CHECK(text::fit("abc", 10) == 3);
}

TEST_CASE("visible shows what a terminal would hide or obey") {
  CHECK(text::visible("plain \u00e9 \u65e5 \U0001F600 e\u0301 \\") ==
        "plain \u00e9 \u65e5 \U0001F600 e\u0301 \\");
  CHECK(text::visible("a\nb\tc\rd") == R"(a\nb\tc\rd)");
  CHECK(text::visible("\0\x1b[31m\x07\x7f"sv) == R"(\x00\x1B[31m\x07\x7F)");
  CHECK(text::visible("\u009b31m\u0085") == R"(\u{9B}31m\u{85})");
  CHECK(text::visible("\xFF\xC0\x80\xED\xA0\x80\xE2\x82") == R"(\xFF\xC0\x80\xED\xA0\x80\xE2\x82)");
  CHECK(text::visible("\u202eevil\u202c\u2066\u2069\u200e\u061c") ==
        R"(\u{202E}evil\u{202C}\u{2066}\u{2069}\u{200E}\u{61C})");
  CHECK(text::visible("a\u200bb\u200cc\u200dd\u2060e\ufefff\u00ad") ==
        R"(a\u{200B}b\u{200C}c\u{200D}d\u{2060}e\u{FEFF}f\u{AD})");
  CHECK(text::visible("\u2028\u2029") == R"(\u{2028}\u{2029})");
  CHECK(text::visible("\U000E0041") == R"(\u{E0041})");
  CHECK(text::visible("\u2764\ufe0f") == "\u2764\ufe0f");
}

TEST_CASE("a table shows text escaped and binary by its size") {
  CHECK(text::table_value("") == "");
  CHECK(text::table_value("two\nlines\t\r") == R"(two\nlines\t\r)");
  CHECK(text::table_value("\u202e") == R"(\u{202E})");
  CHECK(text::table_value("\0"sv) == "(binary, 1 B)");
  CHECK(text::table_value("\x1b[0m") == "(binary, 4 B)");
  CHECK(text::table_value("\xFF\xFE text") == "(binary, 7 B)");
  CHECK(text::table_value("\u0085") == "(binary, 2 B)");
  CHECK(text::table_value("\x7f") == "(binary, 1 B)");
}

TEST_CASE("TSV escapes what would break a row and what is no text") {
  CHECK(tsv("plain \u00e9 \u202e") == "plain \u00e9 \u202e");
  CHECK(tsv("a\tb\nc\rd\\e") == R"(a\tb\nc\rd\\e)");
  CHECK(tsv("\0\x1b\x7f"sv) == R"(\x00\x1B\x7F)");
  CHECK(tsv("\u009b") == R"(\xC2\x9B)");
  CHECK(tsv("\xFFz\xE2\x82z\xED\xA0\x80") == R"(\xFFz\xE2\x82z\xED\xA0\x80)");
  CHECK(tsv("\\x41") == R"(\\x41)");
}

TEST_CASE("TSV reads back any bytes, and only what it writes") {
  std::mt19937 random(20261124);  // NOLINT: repeatable on purpose
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (auto left = random() % 40; left > 0; --left) {
      bytes += static_cast<char>(random() % 3 == 0 ? random() % 256
                                                   : "\\xnt\t\n\xC3\xA9\xE2\x82\xAC"[random() % 11]);
    }
    const std::string written = tsv(bytes);
    REQUIRE(text::valid_utf8(written));
    REQUIRE(written.find_first_of("\t\n\r\0"sv) == std::string::npos);
    REQUIRE(from_tsv(written) == bytes);
  }
  for (const auto wrong : {R"(\)", R"(\q)", R"(\x4)", R"(\x)", R"(\xZZ)", R"(\x41)", R"(\xff)", R"(\x0A)",
                           R"(\xC3\xA9)", "a\tb", "a\nb", "\xFF"}) {
    CAPTURE(wrong);
    CHECK_FALSE(from_tsv(wrong).has_value());
  }
}

TEST_CASE("base64 has one spelling for each value") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFF\xFE\xFB") == "//77");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t size = 0; size <= all.size(); ++size) {
    REQUIRE(text::from_base64(base64(all.substr(0, size))) == all.substr(0, size));
  }
  for (const auto wrong :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Z===", "Zm 9", "Zm9v\n", "Zm-_"}) {
    CAPTURE(wrong);
    CHECK_FALSE(text::from_base64(wrong).has_value());
  }
}

TEST_CASE("RFC 3339 has nine digits, before 1970 and on leap days too") {
  CHECK(text::rfc3339({0}) == "1970-01-01T00:00:00.000000000Z");
  CHECK(text::rfc3339({1'795'482'123'123'456'789}) == "2026-11-24T01:02:03.123456789Z");
  CHECK(text::rfc3339({-1}) == "1969-12-31T23:59:59.999999999Z");
  CHECK(text::rfc3339({-giga}) == "1969-12-31T23:59:59.000000000Z");
  CHECK(text::rfc3339({951'782'400 * giga}) == "2000-02-29T00:00:00.000000000Z");
  CHECK(text::rfc3339({951'868'799 * giga + 999'999'999}) == "2000-02-29T23:59:59.999999999Z");
  CHECK(text::rfc3339({1'709'251'200 * giga}) == "2024-03-01T00:00:00.000000000Z");
  CHECK(text::rfc3339({-2'203'891'201 * giga}) == "1900-02-28T23:59:59.000000000Z");
  CHECK(text::rfc3339({-2'203'891'200 * giga}) == "1900-03-01T00:00:00.000000000Z");
  CHECK(text::rfc3339({first_ns}) == "1677-09-21T00:12:43.145224192Z");
  CHECK(text::rfc3339({last_ns}) == "2262-04-11T23:47:16.854775807Z");
}

TEST_CASE("RFC 3339 reads back what it wrote") {
  std::mt19937_64 random(7);  // NOLINT: repeatable on purpose
  std::vector<std::int64_t> moments{0,         1,        -1,           giga,    -giga,
                                    -giga - 1, first_ns, first_ns + 1, last_ns, 951'782'400 * giga};
  for (int i = 0; i < 2000; ++i) moments.push_back(static_cast<std::int64_t>(random()));
  for (const std::int64_t ns : moments) REQUIRE(text::from_rfc3339(text::rfc3339({ns})) == Instant{ns});
}

TEST_CASE("RFC 3339 takes any offset and fraction, and nothing else") {
  CHECK(text::from_rfc3339("1970-01-01T00:00:01Z") == Instant{giga});
  CHECK(text::from_rfc3339("1970-01-01t00:00:01z") == Instant{giga});
  CHECK(text::from_rfc3339("1970-01-01T01:00:00.5+01:00") == Instant{giga / 2});
  CHECK(text::from_rfc3339("1969-12-31T18:30:00-05:30") == Instant{0});
  CHECK(text::from_rfc3339("1969-12-31T23:59:59.999999999-00:00") == Instant{-1});
  for (const auto wrong : {"",
                           "1970-01-01",
                           "1970-01-01T00:00:00",
                           "1970-01-01 00:00:00Z",
                           "1970-01-01T00:00:00.Z",
                           "1970-01-01T00:00:00.1234567890Z",
                           "1970-13-01T00:00:00Z",
                           "1970-00-01T00:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "1970-01-01T24:00:00Z",
                           "1970-01-01T00:60:00Z",
                           "1970-01-01T00:00:60Z",
                           "1970-01-01T00:00:00+24:00",
                           "1970-01-01T00:00:00+00:60",
                           "1970-01-01T00:00:00+0100",
                           "1970-01-01T00:00:00Zx",
                           "1677-09-21T00:12:43.145224191Z",
                           "2262-04-11T23:47:16.854775808Z",
                           "9999-12-31T23:59:59Z",
                           "0000-01-01T00:00:00Z",
                           "+970-01-01T00:00:00Z"}) {
    CAPTURE(wrong);
    CHECK_FALSE(text::from_rfc3339(wrong).has_value());
  }
}

TEST_CASE("local times carry their offset") {
  const Instant winter{1'795'482'123'123'456'789};
  CHECK(text::local_time(winter, true) == "2026-11-24 01:02:03 +00:00");
  {
    const Zone zone("XXX-1");  // POSIX: one hour east
    CHECK(text::local_time(winter, false) == "2026-11-24 02:02:03 +01:00");
    CHECK(text::local_time(winter, true) == "2026-11-24 01:02:03 +00:00");
    CHECK(text::local_time({-1}, false) == "1970-01-01 00:59:59 +01:00");
  }
  const Zone zone("XXX3:30");
  CHECK(text::local_time(winter, false) == "2026-11-23 21:32:03 -03:30");
  CHECK(text::zone_offset(true) == 0);
  CHECK(text::zone_name(text::zone_offset(false)).starts_with("UTC-"));
  CHECK(text::zone_name(0) == "UTC");
  CHECK(text::zone_name(3600) == "UTC+1");
  CHECK(text::zone_name(-12'600) == "UTC-3:30");
  CHECK(text::time_at(winter, 3600) == "2026-11-24 02:02:03");
}

TEST_CASE("sizes are short in tables") {
  CHECK(text::human_size(-1) == "unlimited");
  CHECK(text::human_size(0) == "0 B");
  CHECK(text::human_size(128) == "128 B");
  CHECK(text::human_size(1023) == "1023 B");
  CHECK(text::human_size(1024) == "1 KiB");
  CHECK(text::human_size(1536) == "1.5 KiB");
  CHECK(text::human_size(1024 * 1024 - 1) == "1 MiB");
  CHECK(text::human_size(10 * 1024 * 1024) == "10 MiB");
  CHECK(text::human_size(std::int64_t{5} << 30) == "5 GiB");
  CHECK(text::human_size(last_ns) == "8 EiB");
}

TEST_CASE("spans are said as Go says them") {
  CHECK(text::human_span({0}) == "0s");
  CHECK(text::human_span({1}) == "1ns");
  CHECK(text::human_span({1'500}) == "1.5µs");
  CHECK(text::human_span(milliseconds(250)) == "250ms");
  CHECK(text::human_span({1'250'000}) == "1.25ms");
  CHECK(text::human_span(milliseconds(1500)) == "1.5s");
  CHECK(text::human_span(seconds(90)) == "1m30s");
  CHECK(text::human_span(seconds(5400)) == "1h30m");
  CHECK(text::human_span(seconds(3605)) == "1h5s");
  CHECK(text::human_span(seconds(86'400)) == "24h");
  CHECK(text::human_span(seconds(2 * 86'400)) == "2d");
  CHECK(text::human_span(seconds(3 * 86'400 + 4 * 3600)) == "3d4h");
  CHECK(text::human_span(seconds(-90)) == "-1m30s");
  CHECK(text::human_span({first_ns}) == "-106751d23h47m16.854775808s");
}

TEST_CASE("seconds are exact and plain") {
  CHECK(text::seconds({0}) == "0");
  CHECK(text::seconds(seconds(90)) == "90");
  CHECK(text::seconds(milliseconds(1500)) == "1.5");
  CHECK(text::seconds({1}) == "0.000000001");
  CHECK(text::seconds(milliseconds(-1500)) == "-1.5");
  CHECK(text::seconds({-1}) == "-0.000000001");
  CHECK(text::seconds({last_ns}) == "9223372036.854775807");
  CHECK(text::seconds({first_ns}) == "-9223372036.854775808");
}

TEST_CASE("JSON strings are valid whatever the bytes") {
  CHECK(json("") == R"("")");
  CHECK(json("a\"b\\c/") == R"("a\"b\\c/")");
  CHECK(json("\b\f\n\r\t\0\x1b\x7f"sv) == R"("\b\f\n\r\t\u0000\u001b\u007f")");
  CHECK(json("\u009b\u00e9\u65e5\U0001F600") == "\"\\u009b\u00e9\u65e5\U0001F600\"");
  CHECK(json("a\xFF"
             "b\xED\xA0\x80"
             "c\xE2\x82") ==
        "\"a\uFFFD"
        "b\uFFFD\uFFFD\uFFFD"
        "c\uFFFD\"");
}

TEST_CASE("the nearest word is proposed, a far one is not") {
  CHECK(text::distance("", "abc") == 3);
  CHECK(text::distance("abc", "") == 3);
  CHECK(text::distance("same", "same") == 0);
  CHECK(text::distance("ab", "ba") == 1);
  CHECK(text::distance("kitten", "sitting") == 3);
  const std::vector<std::string_view> verbs{"get", "put", "purge", "history", "watch"};
  CHECK(text::nearest("gte", verbs) == "get");
  CHECK(text::nearest("histroy", verbs) == "history");
  CHECK(text::nearest("wacth", verbs) == "watch");
  CHECK(text::nearest("zzz", verbs).empty());
  CHECK(text::nearest("", verbs).empty());
}
