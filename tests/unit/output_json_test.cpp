#include "output/rows.hpp"
#include "support/captured.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <limits>
#include <vector>

using namespace natskv;
using namespace std::string_view_literals;

namespace {

using Row = std::vector<Value>;

struct Thing {
  std::string_view key;
  Bytes value;
  std::uint64_t revision;
};

constexpr std::array<Field<Thing>, 4> fields{
    {{"bucket", "Bucket", [](const Thing&) { return Value("b"sv); }},
     {"key", "Key", [](const Thing& t) { return Value(t.key); }, Emphasis::name},
     {"revision", "Revision", [](const Thing& t) { return Value(t.revision); }, Emphasis::number},
     {"value", "Value", [](const Thing& t) { return Value(t.value); }}}};

View<Thing> view() { return {fields, {}, {"key", "revision"}, {"key", "value"}, "revision"}; }

std::string written(Format format, std::vector<Column> columns, Layout layout, const std::vector<Row>& rows,
                    bool finish = true) {
  test::Captured captured;
  const auto sink = make_sink(format, std::move(columns), layout, {}, captured.out);
  for (const Row& row : rows) sink->row(row);
  if (finish) sink->finish();
  return captured.text();
}

std::string things(Format format, Layout layout, const View<Thing>& looked) {
  test::Captured captured;
  Rows<Thing> rows(looked, format, layout, {}, captured.out);
  rows({"a", {"1"}, 1});
  rows({"c", {"\xFF"}, 2});
  rows.finish();
  return captured.text();
}

const std::vector<Column> one{{"key", "Key"}};
const std::vector<Column> pair{{"key", "Key"}, {"value", "Value"}};

}  // namespace

TEST_CASE("every kind of value has its JSON and an absent one has none") {
  const auto nested = nlohmann::ordered_json::parse(R"({"z":[1,"x"],"a":{}})");
  const std::vector<Column> columns{{"none", ""}, {"yes", ""},    {"int", ""},       {"uint", ""},
                                    {"text", ""}, {"bytes", ""},  {"when", ""},      {"span", ""},
                                    {"size", ""}, {"nested", ""}, {"unlimited", ""}, {"no_nested", ""},
                                    {"whole", ""}};
  CHECK(written(Format::json, columns, {.shape = Shape::object},
                {{Value(), true, std::numeric_limits<std::int64_t>::min(),
                  std::numeric_limits<std::uint64_t>::max(), "t\"\xFF"sv, Bytes{"v\0"sv}, Instant{-1},
                  milliseconds(1500), Size{0}, Nested{&nested}, Size{-1}, Nested{}, seconds(90)}}) ==
        "{\"yes\":true,\"int\":-9223372036854775808,\"uint\":18446744073709551615,\"text\":\"t\\\"\uFFFD\","
        "\"bytes\":\"v\\u0000\",\"when\":\"1969-12-31T23:59:59.999999999Z\",\"span\":1.5,\"size\":0,"
        "\"nested\":{\"z\":[1,\"x\"],\"a\":{}},\"whole\":90}\n");
}

TEST_CASE("a name that is not UTF-8 stands under another name, in a list of names it is replaced") {
  const std::vector<Column> named{{"key", "Key", Emphasis::name}};
  CHECK(written(Format::jsonl, named, {}, {{"k\xFF"sv}}) == "{\"key_base64\":\"a/8=\"}\n");
  CHECK(written(Format::json, named, {.names = true}, {{"k\xFF"sv}}) == "[\n\"k\uFFFD\"\n]\n");
}

TEST_CASE("a value that is not UTF-8 stands under another name") {
  CHECK(
      written(Format::jsonl, pair, {}, {{"k"sv, Bytes{"\xFF\xFE"}}, {"k"sv, Bytes{""}}, {"k"sv, Value()}}) ==
      "{\"key\":\"k\",\"value_base64\":\"//4=\"}\n"
      "{\"key\":\"k\",\"value\":\"\"}\n"
      "{\"key\":\"k\"}\n");
}

TEST_CASE("nested text that is not UTF-8 is replaced, not thrown at") {
  const nlohmann::ordered_json nested{{"a", "x\xFF"}};
  CHECK(written(Format::jsonl, one, {}, {{Nested{&nested}}}) == "{\"key\":{\"a\":\"x\uFFFD\"}}\n");
}

TEST_CASE("a list is an array of 0, 1 and more") {
  CHECK(written(Format::json, one, {}, {}) == "[]\n");
  CHECK(written(Format::json, one, {}, {{"a"sv}}) == "[\n{\"key\":\"a\"}\n]\n");
  CHECK(written(Format::json, one, {}, {{"a"sv}, {Value()}}) == "[\n{\"key\":\"a\"},\n{}\n]\n");
}

TEST_CASE("a list that failed midway is no JSON") {
  const std::string open = written(Format::json, one, {}, {{"a"sv}}, false);
  CHECK(open == "[\n{\"key\":\"a\"}");
  CHECK_FALSE(nlohmann::json::accept(open));
  CHECK(written(Format::json, one, {}, {}, false).empty());
}

TEST_CASE("names are an array of strings in json and objects in jsonl") {
  const Layout names{.names = true};
  CHECK(written(Format::json, one, names, {{"a"sv}, {"b\""sv}}) == "[\n\"a\",\n\"b\\\"\"\n]\n");
  CHECK(written(Format::json, one, names, {}) == "[]\n");
  CHECK(written(Format::jsonl, one, names, {{"a"sv}}) == "{\"key\":\"a\"}\n");
}

TEST_CASE("live JSON and jsonl are a line an event") {
  CHECK(written(Format::json, one, {.shape = Shape::live}, {{"a"sv}, {"b"sv}}) ==
        "{\"key\":\"a\"}\n{\"key\":\"b\"}\n");
  CHECK(written(Format::jsonl, one, {}, {{"a"sv}, {"b"sv}}) == "{\"key\":\"a\"}\n{\"key\":\"b\"}\n");
  CHECK(written(Format::jsonl, one, {}, {}).empty());
}

TEST_CASE("rows take the columns of their format") {
  CHECK(things(Format::json, {}, view()) ==
        "[\n{\"bucket\":\"b\",\"key\":\"a\",\"revision\":1,\"value\":\"1\"},\n"
        "{\"bucket\":\"b\",\"key\":\"c\",\"revision\":2,\"value_base64\":\"/w==\"}\n]\n");
  CHECK(things(Format::tsv, {}, view()) == "a\t1\nc\t2\n");
  CHECK(things(Format::table, {}, view()) == "Key  Value\na    1\nc    (binary, 1 B)\n");
  CHECK(things(Format::plain, {}, view()) == "1\n2\n");
  CHECK(things(Format::json, {.names = true}, view()) == "[\n\"a\",\n\"c\"\n]\n");
  CHECK(things(Format::tsv, {.nul = true, .names = true}, view()) == "a\0c\0"sv);
  CHECK(things(Format::tsv, {.shape = Shape::object, .vertical = true}, view()) ==
        "bucket\tb\nkey\ta\nrevision\t1\nvalue\t1\nbucket\tb\nkey\tc\nrevision\t2\nvalue\t\\xFF\n");
}

TEST_CASE("a view says which fields are in JSON and may leave the table to TSV and plain to the value") {
  const View<Thing> short_view{fields, {"key"}, {"revision", "key"}, {}, {}};
  CHECK(things(Format::jsonl, {}, short_view) == "{\"key\":\"a\"}\n{\"key\":\"c\"}\n");
  CHECK(things(Format::table, {}, short_view) == "Revision  Key\n       1  a\n       2  c\n");
  CHECK(things(Format::raw, {}, short_view) == "1\xFF");
}

TEST_CASE("a view that names a field which does not exist is found when rows are made") {
  const View<Thing> wrong{fields, {}, {"nothing"}, {}, {}};
  test::Captured captured;
  CHECK_THROWS_AS(Rows<Thing>(wrong, Format::tsv, {}, {}, captured.out), std::logic_error);
}
