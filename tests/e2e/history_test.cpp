#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

// Columns of TSV lines: "revision operation value".
std::vector<std::string> revisions(const std::string& tsv) {
  std::vector<std::string> all;
  std::istringstream stream(tsv);
  for (std::string line; std::getline(stream, line);) {
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, '\t');) cells.push_back(cell);
    cells.resize(6);
    all.push_back(cells[0] + " " + cells[1] + " " + cells[2] + " " + cells[5]);
  }
  return all;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("history shows what is kept, oldest first, markers among it") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 4})");
  for (const char* value : {"1", "2", "3"}) client.put("b", "k", value);
  client.put("b", "other.x", "x");
  client.put("b", "k", "", {{"KV-Operation", "DEL"}});
  client.put("b", "k", "6");
  client.put("b", "other.y", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});

  const auto key = server.natskv({"history", "b", "k"});
  CHECK(key.status == 0);
  CHECK(key.err == "");
  CHECK(revisions(key.out) == Lines{"k 2 PUT 2", "k 3 PUT 3", "k 5 DEL ", "k 6 PUT 6"});
  CHECK(revisions(server.natskv({"history", "b", "other.*"}).out) ==
        Lines{"other.x 4 PUT x", "other.y 7 PURGE "});
  CHECK(revisions(server.natskv({"history", "b", ">"}).out).size() == 6);

  const auto json = server.natskv({"history", "b", "k", "-j"}).out;
  CHECK(
      json.starts_with("[\n"
                       R"({"bucket":"b","key":"k","revision":2,"operation":"PUT")"));
  CHECK(json.ends_with("]\n"));
  CHECK(std::count(json.begin(), json.end(), '{') == 4);
}

TEST_CASE("history of an absent key is not found, of a pattern without a match empty") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "there", "v");
  const auto absent = server.natskv({"history", "b", "k"});
  CHECK(absent.status == 3);
  CHECK(absent.err == "natskv: history: key \"k\" not found in bucket \"b\"\n");
  CHECK(absent.out == "");
  const auto none = server.natskv({"history", "b", "k.*"});
  CHECK(none.status == 0);
  CHECK(none.out == "");
  CHECK(none.err == "");
  CHECK(server.natskv({"history", "b", "k.*", "-j"}).out == "[]\n");
  CHECK(server.natskv({"history", "none", "k"}).status == 3);
  CHECK(server.natskv({"history", "b"}).status == 2);
  CHECK(server.natskv({"history", "b", "k*"}).status == 2);
}

TEST_CASE("sixty-four revisions, and a purge that drops them") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 64})");
  for (int i = 1; i <= 70; ++i) client.put("b", "k", std::to_string(i));
  const auto lines = revisions(server.natskv({"history", "b", "k"}).out);
  REQUIRE(lines.size() == 64);
  CHECK(lines.front() == "k 7 PUT 7");
  CHECK(lines.back() == "k 70 PUT 70");
  client.put("b", "k", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
  CHECK(revisions(server.natskv({"history", "b", "k"}).out) == Lines{"k 71 PURGE "});
}

TEST_CASE("a key with a star in its name is one key with --literal") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "a.x", "v");
  const auto result = server.natskv({"history", "b", "a.*", "--literal"});
  CHECK(result.status == 3);
  CHECK(result.out == "");
}

TEST_CASE("a mirror's history is its origin's") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
  client.put("b", "k", "1");
  client.put("b", "k", "2");
  const auto made = client.api("STREAM.CREATE.KV_m", R"({"name":"KV_m","mirror":{"name":"KV_b"},
    "max_msgs_per_subject":5,"allow_direct":true,"mirror_direct":true,"deny_delete":true,"allow_rollup_hdrs":true})");
  CAPTURE(made);
  REQUIRE(eventually([&] { return client.messages("m") == 2; }));
  CHECK(revisions(server.natskv({"history", "m", "k"}).out) == Lines{"k 1 PUT 1", "k 2 PUT 2"});
  CHECK(server.natskv({"keys", "m"}).out == "k\n");
}

TEST_CASE("history of several keys is in the order of their writes, and names what is missing") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
  for (const char* key : {"x", "y", "x", "z.a", "other"}) client.put("b", key, "v");
  const auto result = server.natskv({"history", "b", "x", "z.*", "none", "y"});
  CHECK(revisions(result.out) == Lines{"x 1 PUT v", "y 2 PUT v", "x 3 PUT v", "z.a 4 PUT v"});
  CHECK(result.status == 3);
  CHECK(result.err.find("key \"none\" not found in bucket \"b\"") != std::string::npos);
  CHECK(server.natskv({"history", "b", "x", "y"}).status == 0);
}
