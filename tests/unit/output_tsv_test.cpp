#include "output/sink.hpp"
#include "support/captured.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <vector>

using namespace natskv;
using namespace std::string_view_literals;

namespace {

using Row = std::vector<Value>;

std::string written(Format format, std::vector<Column> columns, Layout layout, const std::vector<Row>& rows) {
  test::Captured captured;
  const auto sink = make_sink(format, std::move(columns), layout, {}, captured.out);
  for (const Row& row : rows) sink->row(row);
  sink->finish();
  return captured.text();
}

const std::vector<Column> pair{{"key", "Key"}, {"value", "Value"}};

}  // namespace

TEST_CASE("every kind of value has its TSV text and an absent one is empty") {
  const auto json = nlohmann::ordered_json::parse(R"({"a":"x\ty"})");
  const std::vector<Column> columns(11, Column{"k", "K"});
  CHECK(written(Format::tsv, columns, {},
                {{Value(), true, std::int64_t{-5}, std::numeric_limits<std::uint64_t>::max(), "name"sv,
                  Bytes{"v\n"}, Instant{0}, milliseconds(1500), Size{2048}, Nested{&json}, Size{-1}}}) ==
        "\ttrue\t-5\t18446744073709551615\tname\tv\\n\t1970-01-01T00:00:00.000000000Z\t1.5\t2048\t{\"a\":"
        "\"x\\\\ty\"}\t\n");
}

TEST_CASE("TSV without rows is nothing") { CHECK(written(Format::tsv, pair, {}, {}).empty()); }

TEST_CASE("names stand as they are but cannot break a row") {
  CHECK(
      written(Format::tsv, pair, {}, {{R"(a\b)"sv, Bytes{R"(a\b)"}}, {"t\tn\nr\r"sv, Bytes{"t\tn\nr\r"}}}) ==
      "a\\b\ta\\\\b\n"
      "t\\tn\\nr\\r\tt\\tn\\nr\\r\n");
  CHECK(written(Format::tsv, pair, {},
                {{"a\xC2\x9B"
                  "b\xC2\xA0"
                  "c\xC2"
                  "d\xC2"sv,
                  Bytes{"v"}}}) ==
        "a\\xC2\\x9B"
        "b\xC2\xA0"
        "c\xC2"
        "d\xC2\tv\n");
  CHECK(written(Format::tsv, pair, {}, {{"\x1B[31m\x7F\xFFü"sv, Bytes{"v"}}}) == "\\x1B[31m\\x7F\xFFü\tv\n");
}

TEST_CASE("names ended by NUL are exact") {
  CHECK(written(Format::tsv, {{"key", "Key"}}, {.nul = true, .names = true}, {{"a"sv}, {"b\nc"sv}}) ==
        "a\0b\nc\0"sv);
}

TEST_CASE("several fields ended by NUL still cannot be mistaken") {
  CHECK(written(Format::tsv, pair, {.nul = true}, {{"a"sv, Bytes{"1\t\0"sv}}}) == "a\t1\\t\\x00\0"sv);
}

TEST_CASE("one object in TSV is a line a field, nested ones dotted, absent ones left out") {
  const auto mirror = nlohmann::ordered_json::parse(R"({"bucket":"x","lag":3,"ok":true,"none":null})");
  const auto sources = nlohmann::ordered_json::parse(R"([{"bucket":"y"},{"bucket":"z\n","tags":["p","q"]}])");
  const auto empty = nlohmann::ordered_json::object();
  CHECK(written(Format::tsv,
                {{"bucket", "Bucket"},
                 {"ttl_seconds", ""},
                 {"max", ""},
                 {"history", ""},
                 {"mirror", ""},
                 {"sources", ""},
                 {"metadata", ""},
                 {"placement", ""}},
                {.shape = Shape::object, .vertical = true},
                {{"b"sv, Value(), Size{-1}, std::int64_t{5}, Nested{&mirror}, Nested{&sources},
                  Nested{&empty}, Nested{}}}) ==
        "bucket\tb\n"
        "history\t5\n"
        "mirror.bucket\tx\n"
        "mirror.lag\t3\n"
        "mirror.ok\ttrue\n"
        "sources.0.bucket\ty\n"
        "sources.1.bucket\tz\\n\n"
        "sources.1.tags.0\tp\n"
        "sources.1.tags.1\tq\n");
}

TEST_CASE("raw is the value's bytes and nothing else") {
  const std::vector<Column> value{{"value", "Value"}};
  CHECK(written(Format::raw, value, {.shape = Shape::object}, {{Bytes{"\0\xFF\n"sv}}}) == "\0\xFF\n"sv);
  CHECK(written(Format::raw, value, {.shape = Shape::object}, {{Bytes{""}}}).empty());
  CHECK(written(Format::raw, value, {.shape = Shape::object}, {{Value()}}).empty());
  CHECK(written(Format::raw, value, {.nul = true}, {{Bytes{"a"}}, {Bytes{""}}, {Bytes{"b\n"}}}) ==
        "a\0\0b\n\0"sv);
}

TEST_CASE("plain is the first column, a line each") {
  const std::vector<Column> revision{{"revision", "Revision"}};
  CHECK(written(Format::plain, revision, {}, {{std::uint64_t{7}}, {std::uint64_t{8}}}) == "7\n8\n");
  CHECK(written(Format::plain, revision, {.nul = true}, {{"a"sv}}) == "a\0"sv);
}

TEST_CASE("formats are named as users name them") {
  CHECK(format_named("table") == Format::table);
  CHECK(format_named("tsv") == Format::tsv);
  CHECK(format_named("json") == Format::json);
  CHECK(format_named("jsonl") == Format::jsonl);
  CHECK(format_named("raw") == Format::raw);
  for (const auto word : {""sv, "plain"sv, "JSON"sv, "yaml"sv, "table "sv})
    CHECK_FALSE(format_named(word).has_value());
}
