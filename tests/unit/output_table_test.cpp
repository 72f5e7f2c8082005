#include "base/text.hpp"
#include "output/sink.hpp"
#include "support/captured.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace natskv;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

using Row = std::vector<Value>;

const std::vector<Column> entry{{"key", "KEY", Emphasis::name},
                                {"revision", "REV", Emphasis::number, 5},
                                {"operation", "OP", Emphasis::operation, 3},
                                {"created", "CREATED", Emphasis::faint, 2},
                                {"expires", "EXPIRES", Emphasis::faint, 4},
                                {"value", "VALUE", Emphasis::text}};

std::string table(std::vector<Column> columns, const std::vector<Row>& rows, TerminalStyle looks = {},
                  Layout layout = {}) {
  test::Captured captured;
  const auto sink = make_sink(Format::table, std::move(columns), layout, looks, captured.out);
  for (const Row& row : rows) sink->row(row);
  sink->finish();
  return captured.text();
}

Row line(std::string_view key, std::uint64_t revision, std::string_view operation, std::string_view value) {
  return {key, revision, operation, Instant{1'795'482'123'123'456'789}, Value(), Bytes{value}};
}

std::size_t widest(std::string_view text) {
  std::size_t most = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    most = std::max(most, text::width(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return most;
}

}  // namespace

TEST_CASE("a table has a header, aligned columns, numbers on the right and no blanks at line ends") {
  CHECK(table(entry, {line("app.x", 1, "PUT", "one"), line("k", 12345678901, "DEL", "")}, {.utc = true}) ==
        "KEY            REV  OP   CREATED (UTC)        VALUE\n"
        "app.x            1  PUT  2026-11-24 01:02:03  one\n"
        "k      12345678901  DEL  2026-11-24 01:02:03\n");
}

TEST_CASE("an empty list is an empty table") { CHECK(table(entry, {}).empty()); }

TEST_CASE("colours mark the header, operations and what is faint, never the blanks") {
  CHECK(table({{"operation", "Op", Emphasis::operation}, {"when", "When", Emphasis::faint}},
              {{"PUT"sv, "a"sv}, {"DEL"sv, "b"sv}, {"PURGE"sv, Value()}, {"NEW"sv, "d"sv}},
              {.color = true}) ==
        "\033[1mOp\033[0m     \033[1mWhen\033[0m\n"
        "\033[32mPUT\033[0m    \033[2ma\033[0m\n"
        "\033[31mDEL\033[0m    \033[2mb\033[0m\n"
        "\033[33mPURGE\033[0m\n"
        "NEW    \033[2md\033[0m\n");
}

TEST_CASE("wide characters and combining marks keep columns aligned") {
  CHECK(
      table({{"key", "Key"}, {"n", "N"}},
            {{"\u65e5\u672c"sv, "1"sv}, {"e\u0301"sv, "2"sv}, {"\U0001F600x"sv, "3"sv}, {"abcd"sv, "4"sv}}) ==
      "Key   N\n"
      "\u65e5\u672c  1\n"
      "e\u0301     2\n"
      "\U0001F600x   3\n"
      "abcd  4\n");
}

TEST_CASE("nothing a user stored reaches the terminal as a command") {
  CHECK(table({{"key", "Key"}, {"value", "Value"}},
              {{"\033]0;x\a"sv, Bytes{"\033[2J"}},
               {"a\u202eb"sv, Bytes{"two\nlines"}},
               {"\u009b1m"sv, Bytes{"\u200b"}}},
              {.color = true}) ==
        "\033[1mKey\033[0m           \033[1mValue\033[0m\n"
        "\\x1B]0;x\\x07  (binary, 4 B)\n"
        "a\\u{202E}b    two\\nlines\n"
        "\\u{9B}1m      \\u{200B}\n");
}

TEST_CASE("sizes, spans, flags and nested values are said for people") {
  const auto nested =
      nlohmann::ordered_json::parse(R"({"bucket":"x","lag":3,"tags":["a","b c"],"sub":{"deep":true}})");
  CHECK(table({{"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}, {"e", "E"}},
              {{Size{1536}, seconds(5400), true, Nested{&nested}, Size{-1}},
               {Size{5}, milliseconds(250), false, Nested{}, Value()}}) ==
        "      A  B      C    D                                                  E\n"
        "1.5 KiB  1h30m  yes  bucket=x lag=3 tags=a,\"b c\" sub.deep=true  unlimited\n"
        "    5 B  250ms  no\n");
}

TEST_CASE("a value is cut where the terminal ends, a name never") {
  const std::vector<Row> rows{line("key", 1, "PUT", "a value that is longer than what is left of the line")};
  CHECK(table(entry, rows, {.utc = true, .width = 60}) ==
        "KEY  REV  OP   CREATED (UTC)        VALUE\n"
        "key    1  PUT  2026-11-24 01:02:03  a value that is longer …\n");
  CHECK(table(entry, rows, {.utc = true, .width = 40}) ==
        "KEY  REV  OP   VALUE\n"
        "key    1  PUT  a value that is longer t…\n");
  CHECK(table(entry, {line("app.settings.of.many.parts", 1, "PUT", "a value that is too long")},
              {.utc = true, .width = 38}) ==
        "KEY                         REV  OP\n"
        "  VALUE\n"
        "app.settings.of.many.parts    1  PUT\n"
        "  a value that is too long\n");
  CHECK(table({{"key", "KEY", Emphasis::name}, {"n", "N", Emphasis::number, 1}},
              {{"a.very.long.key.indeed"sv, std::uint64_t{7}}}, {.width = 10}) ==
        "KEY\n"
        "a.very.long.key.indeed\n");
}

TEST_CASE("the zone stands in the title of the first time that is shown") {
  std::vector<Row> rows{line("k", 1, "PUT", "v")};
  rows[0][4] = Instant{1'795'482'125'000'000'000};
  CHECK(table(entry, rows, {.utc = true, .width = 80}) ==
        "KEY  REV  OP   CREATED (UTC)        EXPIRES              VALUE\n"
        "k      1  PUT  2026-11-24 01:02:03  2026-11-24 01:02:05  v\n");
  CHECK(table(entry, rows, {.utc = true, .width = 45}) ==
        "KEY  REV  OP   EXPIRES (UTC)        VALUE\n"
        "k      1  PUT  2026-11-24 01:02:05  v\n");
}

TEST_CASE("a later row that needs more spills over in its own line, the others stay aligned") {
  std::vector<Row> rows(100, line("k", 1, "PUT", "v"));
  rows.push_back(line("a.name.that.came.later", 123456, "DEL", ""));
  rows.push_back(line("k", 2, "PUT", "a value that came later"));
  rows.push_back(line("a.name.that.came.later", 3, "PUT", "a value that has no room there"));
  rows.push_back(line("k", 4, "PUT", "v"));
  const auto text = table(entry, rows, {.utc = true, .width = 54});
  CHECK(text.substr(text.find("a.name")) ==
        "a.name.that.came.later  123456  DEL  2026-11-24 01:02:03\n"
        "k      2  PUT  2026-11-24 01:02:03  a value that came…\n"
        "a.name.that.came.later    3  PUT  2026-11-24 01:02:03\n"
        "  a value that has no room there\n"
        "k      4  PUT  2026-11-24 01:02:03  v\n");
}

TEST_CASE("a column that the first rows do not have stands at the end of a later one") {
  std::vector<Row> rows(100, line("k", 1, "PUT", "v"));
  rows.push_back(line("k", 2, "PUT", "v"));
  rows.back()[4] = Instant{1'795'482'125'000'000'000};
  rows.push_back(line("k", 3, "PUT", "v"));
  const auto wide = table(entry, rows, {.utc = true, .width = 80});
  CHECK(wide.substr(wide.find("k      2")) ==
        "k      2  PUT  2026-11-24 01:02:03  v      expires=2026-11-24 01:02:05\n"
        "k      3  PUT  2026-11-24 01:02:03  v\n");
  const auto narrow = table(entry, rows, {.utc = true, .width = 42});
  CHECK(narrow.substr(narrow.find("k      2")) ==
        "k      2  PUT  2026-11-24 01:02:03  v\n"
        "  expires=2026-11-24 01:02:05\n"
        "k      3  PUT  2026-11-24 01:02:03  v\n");
}

TEST_CASE("no line is wider than the terminal, down to one column, but for a name") {
  const std::string_view name = "app.database.primary";
  const std::vector<Row> rows{line(name, 18446744073709551615U, "PURGE", "\u65e5\u672c\u8a9e value"),
                              line("k", 1, "PUT", "v")};
  for (int width = 1; width <= 120; ++width) {
    CAPTURE(width);
    const std::string text = table(entry, rows, {.utc = true, .width = width});
    CHECK(widest(text) <= std::max(static_cast<std::size_t>(width), name.size()));
    CHECK(text.find(std::string(name)) != std::string::npos);
    CHECK(text.find(" \n") == std::string::npos);
  }
}

TEST_CASE("widths come from the first 100 rows, which are held back") {
  const std::vector<Column> columns{{"key", "K"}, {"n", "N"}};
  const std::string longer = "longer";
  for (const int count : {99, 100, 101}) {
    CAPTURE(count);
    std::string expected = count == 101 ? "K  N\n" : "K       N\n";
    test::Captured captured;
    const auto sink = make_sink(Format::table, columns, {}, {}, captured.out);
    for (int i = 1; i <= count; ++i) {
      const bool last = i == count;
      sink->row(Row{std::string_view(last ? longer : "a"), "x"sv});
      if (count == 101) {
        expected += last ? "longer  x\n" : "a  x\n";
      } else {
        expected += last ? "longer  x\n" : "a       x\n";
      }
      CHECK(captured.out.empty() == (i < 100));
      if (i >= 100) captured.out.flush();
    }
    sink->finish();
    CHECK(captured.text() == expected);
  }
}

TEST_CASE("settle writes what is held back, once, under one header") {
  test::Captured captured;
  const auto sink =
      make_sink(Format::table, {{"key", "KEY"}, {"n", "N", Emphasis::number}}, {}, {}, captured.out);
  sink->settle();
  CHECK(captured.text().empty());
  sink->row(Row{"a"sv, std::uint64_t{1}});
  sink->settle();
  sink->settle();
  CHECK(captured.text() == "KEY  N\na    1\n");
  sink->row(Row{"longer"sv, std::uint64_t{2}});
  sink->row(Row{"b"sv, std::uint64_t{3}});
  sink->settle();
  sink->finish();
  CHECK(captured.text() == "KEY  N\na    1\nlonger  2\nb    3\n");
}

TEST_CASE("long values are not held back without bound") {
  const std::string value(600'000, 'v');
  test::Captured captured;
  const auto sink = make_sink(Format::table, {{"value", "Value"}}, {}, {}, captured.out);
  sink->row(Row{Bytes{value}});
  CHECK(captured.text().empty());
  sink->row(Row{Bytes{value}});
  CHECK(captured.text() == "Value\n" + value + "\n" + value + "\n");
}

TEST_CASE("a long value on a terminal is cut, also where its characters are long") {
  std::string marks = "a";
  for (int i = 0; i < 5000; ++i) marks += "\u0301";
  const std::string plain(100'000, 'v');
  const std::string text =
      table({{"value", "Value", Emphasis::text}}, {{Bytes{plain}}, {Bytes{marks}}}, {.width = 10});
  CHECK(text.substr(0, 6 + 9 + 3 + 1) == "Value\nvvvvvvvvv…\n");
  CHECK(text.size() < 2000);
  CHECK(text.ends_with("…\n"));
}

namespace {

std::string event(Row row, TerminalStyle looks) {
  const std::vector<Column> columns{{"created", "CREATED", Emphasis::faint},
                                    {"operation", "OP", Emphasis::operation},
                                    {"key", "KEY", Emphasis::name},
                                    {"revision", "REV", Emphasis::number},
                                    {"value", "VALUE", Emphasis::text}};
  return table(columns, {std::move(row)}, looks, {.shape = Shape::live});
}

}  // namespace

TEST_CASE("an event is a line: time, operation, the whole key, revision, and the value in what is left") {
  const Instant then{1'795'482'123'123'456'789};
  CHECK(event({then, "PUT"sv, "feature.flags.checkout.new"sv, std::uint64_t{7}, Bytes{"on"}},
              {.utc = true}) == "2026-11-24 01:02:03 PUT   feature.flags.checkout.new #7 on\n");
  CHECK(event({then, "PURGE"sv, "k"sv, std::uint64_t{8}, Value()}, {.color = true, .utc = true}) ==
        "\033[2m2026-11-24 01:02:03\033[0m \033[33mPURGE\033[0m k #8\n");
  const Bytes value{"0123456789 0123456789 0123456789"};
  CHECK(event({then, "DEL"sv, "k"sv, std::uint64_t{9}, value}, {.utc = true, .width = 50}) ==
        "2026-11-24 01:02:03 DEL   k #9 0123456789 0123456…\n");
  CHECK(event({then, "PUT"sv, "k.long"sv, std::uint64_t{9}, value}, {.utc = true, .width = 36}) ==
        "2026-11-24 01:02:03 PUT   k.long #9\n"
        "  0123456789 0123456789 0123456789\n");
  CHECK(event({then, "PUT"sv, "k"sv, std::uint64_t{9}, value}, {.utc = true, .width = 2}) ==
        "2026-11-24 01:02:03 PUT   k #9\n0…\n");
  // Today's time has no date, and the width is asked for anew.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const Instant today{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
  CHECK(event({today, "PUT"sv, "k"sv, std::uint64_t{9}, value},
              {.utc = true, .width = 80, .measure = [] { return 30; }})
            .substr(8) == " PUT   k #9 012345678…\n");
}

TEST_CASE("one object is aligned lines, what is absent is left out") {
  const auto mirror = nlohmann::ordered_json::parse(R"({"bucket":"x","lag":3})");
  const auto sources =
      nlohmann::ordered_json::parse(R"([{"bucket":"y","lag":0},{"bucket":"z","domain":"hub"}])");
  const auto cluster = nlohmann::ordered_json::parse(
      R"({"name":"c1","leader":"n1","replicas":[{"name":"n2","current":true},{"name":"n3","current":false}]})");
  const auto empty = nlohmann::ordered_json::object();
  const std::vector<Column> columns{
      {"bucket", "Bucket"},   {"description", "Description"}, {"bytes", "Size"},
      {"max", "Limit"},       {"mirror", "Mirror"},           {"sources", "Sources"},
      {"cluster", "Cluster"}, {"metadata", "Metadata"},       {"created", "Created"}};
  const Row row{"config"sv,       Value(),          Size{1536},     Size{-1},  Nested{&mirror},
                Nested{&sources}, Nested{&cluster}, Nested{&empty}, Instant{0}};
  const Layout object{.shape = Shape::object, .vertical = true};
  CHECK(table(columns, {row}, {.utc = true}, object) ==
        "Bucket:  config\n"
        "Size:    1.5 KiB\n"
        "Limit:   unlimited\n"
        "Mirror:  bucket=x lag=3\n"
        "Sources: bucket=y lag=0\n"
        "         bucket=z domain=hub\n"
        "Cluster: name=c1 leader=n1\n"
        "         replicas: name=n2 current=true\n"
        "         replicas: name=n3 current=false\n"
        "Created: 1970-01-01 00:00:00 +00:00\n");
  CHECK(table({{"bucket", "Bucket"}}, {{"b"sv}}, {.color = true}, object) == "\033[1mBucket:\033[0m b\n");
}

TEST_CASE("long lines of an object continue under themselves, users' values are cut") {
  const Layout object{.shape = Shape::object, .vertical = true};
  const std::vector<Column> columns{{"description", "About"}, {"value", "Value"}};
  const Row row{"words that do not fit on one line of this terminal"sv,
                Bytes{"a value that does not fit on one line either"}};
  CHECK(table(columns, {row}, {.width = 30}, object) ==
        "About: words that do not fit\n"
        "       on one line of this\n"
        "       terminal\n"
        "Value: a value that does not …\n");
  // Nothing to break at, and a terminal narrower than the labels.
  CHECK(table({{"description", "About"}}, {{"0123456789012345678901234567890123456789"sv}}, {.width = 1},
              object) ==
        "About: 01234567890123456789\n"
        "       01234567890123456789\n");
  std::string jamo;
  for (int i = 0; i < 30; ++i) jamo += "\u1100";  // one cluster, 60 columns
  CHECK(table({{"description", "About"}}, {{std::string_view(jamo)}}, {.width = 1}, object) ==
        "About: " + jamo + "\n");
  CHECK(table({{"description", "About"}}, {{"  "sv}}, {.width = 1}, object) == "About:\n");
}
