// Values stored with headers that the server, or the library, uses for itself: what was republished has them.
#include "support/buckets.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace natskv::test;
using Json = nlohmann::json;

namespace {

constexpr std::string_view five = R"({"max_msgs_per_subject": 5})";

/// What every way of reading a live value says of it.
void check_found(const TestBucket& b, const std::string& key, const std::string& value) {
  CAPTURE(key);
  const auto revision = std::to_string(b.last_revision());
  CHECK(all(b("get", {key})) == "0|" + value + "|");
  CHECK(all(b("get", {key, "--default", "d"})) == "0|" + value + "|");
  CHECK(all(b("get", {key, "--consistent"})) == "0|" + value + "|");
  CHECK(all(b("get", {key, "--revision", revision})) == "0|" + value + "|");
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--default", "d"}, {"--revision", revision}, {"--consistent"}}) {
    std::vector<std::string> words{key, "-j"};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = b("get", words);
    REQUIRE_MESSAGE(result.status == 0, result.err);
    const auto entry = Json::parse(result.out);
    CHECK(entry["key"] == key);
    CHECK(entry["value"] == value);
    CHECK(entry["revision"] == b.last_revision());
    CHECK(entry["created"].get<std::string>().substr(0, 4) != "2020");
  }
  const auto several = b("get", {key, "own", "-j"});
  REQUIRE_MESSAGE(several.status == 0, several.err);
  CHECK(Json::parse(several.out)[0]["value"] == value);
  const auto create = b("create", {key, "v"});
  CHECK(create.status == 4);
  CHECK(create.err.find("exists, at revision " + revision) != std::string::npos);
  const auto listed = Json::parse(b("keys", {key, "-v", "-j"}).out);
  CHECK(listed[0]["size"] == value.size());
}

}  // namespace

TEST_CASE("what the republish of another bucket brought is found like any value") {
  const TestBucket target(five);
  const TestBucket source(fmt::format(
      R"({{"republish": {{"src": "$KV.*.>", "dest": "$KV.{}.{{{{wildcard(1)}}}}.>"}}}})", target.name()));
  target.put("own", "1");
  source.put("filler", "0");
  source.put("colour", "blue");
  const std::string key = source.name() + ".colour";
  REQUIRE(eventually([&] { return target.last(key).data == "blue"; }));
  REQUIRE(target.last(key).headers.contains("Nats-Sequence"));
  check_found(target, key, "blue");
}

TEST_CASE("headers of the server's names, or a Status, do not hide a value") {
  const TestBucket b(five);
  b.put("own", "1");
  int number = 0;
  for (const std::string value : {"v", ""}) {
    for (const Headers& headers : {Headers{{"Status", "404"}},
                                   {{"Status", "503"}},
                                   {{"Status", "204"}, {"Description", "EOB"}},
                                   {{"Status", "200"}},
                                   {{"Nats-Sequence", "x"}, {"Nats-Time-Stamp", "2020-01-01T00:00:00Z"}},
                                   {{"Nats-Subject", "$KV." + b.name() + ".own"}, {"Nats-Sequence", "1"}},
                                   {{"Nats-Msg-Size", "77"}, {"Nats-Num-Pending", "3"}}}) {
      const std::string key = "k" + std::to_string(++number);
      CAPTURE(headers.begin()->second);
      b.put(key, value, headers);
      check_found(b, key, value);
    }
  }
}

TEST_CASE("among several keys asked for at once an empty value with the status of nobody's answer comes") {
  for (const char* direct : {R"({"allow_direct": true})", R"({"allow_direct": false})"}) {
    const TestBucket b(direct);
    b.put("a", "1");
    b.put("silent", "", {{"Status", "503"}});
    b.put("z", "3");
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"a", "silent", "z"}, {"a", "silent", "z", "--consistent"}, {">"}}) {
      auto more = words;
      more.emplace_back("-j");
      const auto result = b("get", more);
      REQUIRE_MESSAGE(result.status == 0, result.err);
      const auto entries = Json::parse(result.out);
      REQUIRE(entries.size() == 3);
      CHECK(entries[1]["key"] == "silent");
      CHECK(entries[1]["size"] == 0);
    }
  }
}

TEST_CASE("among many keys asked for at once such values come, too") {
  const TestBucket b(five);
  std::vector<std::string> keys;
  for (int i = 0; i < 600; ++i) {
    keys.push_back("k" + std::to_string(i));
    b.put(keys.back(), "v" + std::to_string(i),
          i % 100 == 7 ? Headers{{"Status", "204"}, {"Nats-Sequence", "1"}} : Headers{});
    if (i % 100 == 9) b.put(keys.back(), "", {{"Status", "503"}});
  }
  keys.emplace_back("-o");
  keys.emplace_back("tsv");
  const auto result = b("get", keys);
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(lines(result.out) == 600);
  CHECK(result.out.find("k7\t8\t") != std::string::npos);
}
