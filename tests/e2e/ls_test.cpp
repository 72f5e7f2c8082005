// ls: the buckets.
#include "support/bucket.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

Words names(const std::string& jsonl) {
  Words all;
  for (const auto& bucket : Json::parse(jsonl)) all.push_back(bucket["bucket"]);
  return all;
}

/// A server whose list of streams nobody answers but the test.
struct Pages {
  Pages() {
    natsSubscription* raw = nullptr;
    REQUIRE(natsConnection_SubscribeSync(&raw, client.connection(), "pages") == NATS_OK);
    requests.reset(raw);
    REQUIRE(natsConnection_FlushTimeout(client.connection(), 5000) == NATS_OK);
  }
  Server server{{.config = R"(mappings: { "$JS.API.STREAM.LIST": "pages" })"}};
  Client client{server.url()};
  natskv::nats::Handle<natsSubscription, natsSubscription_Destroy> requests;
};

}  // namespace

TEST_CASE("no buckets: nothing, and in JSON an empty list") {
  Server server;
  CHECK(server.natskv({"ls"}).out.empty());
  CHECK(server.natskv({"ls"}).status == 0);
  CHECK(server.natskv({"ls", "-j"}).out == "[]\n");
  CHECK(server.natskv({"ls", "-n", "-j"}).out == "[]\n");
}

TEST_CASE("buckets by name in every format, mirrors too, other streams not") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"description": "the\tsecond"})");
  client.add_bucket("a");
  client.put("a", "k", "v");
  client.put("a", "l", "v");
  REQUIRE(server.natskv({"add", "m", "--mirror", "b"}).status == 0);
  add_foreign_stream(server.url(), "foreign", 1);
  client.api("STREAM.CREATE.ORDERS", R"({"name": "ORDERS", "subjects": ["o.>"], "storage": "memory"})");
  client.api("STREAM.CREATE.A", R"({"name": "A", "subjects": ["a.>"], "storage": "memory"})");

  CHECK(server.natskv({"ls", "--names"}).out == "a\nb\nm\n");
  CHECK(server.natskv({"list", "-n", "-j"}).out == "[\n\"a\",\n\"b\",\n\"m\"\n]\n");
  const auto json = Json::parse(server.natskv({"ls", "-j"}).out);
  REQUIRE(json.size() == 3);
  CHECK(json[0]["values"] == 2);
  CHECK(json[2]["mirror"]["bucket"] == "b");
  auto info = Json::parse(server.natskv({"info", "a", "-j"}).out);
  info.erase("cluster");  // the list of a lone server does not say that it leads
  CHECK(json[0] == info);
  const auto tsv = server.natskv({"ls"}).out;
  CHECK(tsv.find(fmt::format("a\t2\t{}\t{}\t{}\t\nb\t0\t0\t", info["bytes"].get<int>(),
                             info["created"].get<std::string>(), info["last_update"].get<std::string>())) ==
        0);
  CHECK(tsv.find("\t\tthe\\tsecond\n") != std::string::npos);
  const auto table = server.natskv({"ls", "-o", "table", "--utc"}).out;
  CHECK(table.find("BUCKET  VALUES  BYTES  CREATED") == 0);
}

TEST_CASE("buckets in another order, the largest or the latest first") {
  Server server;
  Client client(server.url());
  for (const char* name : {"a", "b", "c", "d"}) client.add_bucket(name);
  client.put("d", "k", "x");
  client.put("b", "k", std::string(5000, 'x'));
  client.put("c", "k", "x");
  client.put("c", "l", "x");
  CHECK(names(server.natskv({"ls", "-j", "--sort", "values"}).out) == Words{"c", "b", "d", "a"});
  CHECK(names(server.natskv({"ls", "-j", "--sort", "bytes"}).out) == Words{"b", "c", "d", "a"});
  CHECK(names(server.natskv({"ls", "-j", "--sort", "updated"}).out) == Words{"c", "b", "d", "a"});
  CHECK(names(server.natskv({"ls", "-j", "--sort", "name"}).out) == Words{"a", "b", "c", "d"});
}

TEST_CASE("a word with a * selects buckets, --long shows their settings") {
  Server server;
  Client client(server.url());
  for (const char* name : {"app-one", "app-two", "app", "two"}) client.add_bucket(name);
  REQUIRE(server.natskv({"add", "mirror-two", "--mirror", "app-two", "--max-bucket-size", "1MB"}).status ==
          0);
  CHECK(server.natskv({"ls", "-n", "app-*"}).out == "app-one\napp-two\n");
  CHECK(server.natskv({"ls", "-n", "*two"}).out == "app-two\nmirror-two\ntwo\n");
  CHECK(server.natskv({"ls", "-n", "*p*o*"}).out == "app-one\napp-two\n");
  CHECK(server.natskv({"ls", "-n", "*"}).out == "app\napp-one\napp-two\nmirror-two\ntwo\n");
  CHECK(names(server.natskv({"ls", "-j", "app*", "--sort", "name"}).out) ==
        Words{"app", "app-one", "app-two"});
  CHECK(server.natskv({"ls", "x*"}).out.empty());
  CHECK(server.natskv({"ls", "app-*", "key"}).status == 2);
  CHECK(server.natskv({"ls", "a.*"}).status == 2);
  CHECK(server.natskv({"ls", "app", "--long"}).status == 2);
  const auto tsv = server.natskv({"ls", "-l", "*two"}).out;
  CHECK(tsv.find("\t\t1\t\tfile\t1\t1048576\tapp-two\n") != std::string::npos);
  const auto table = server.natskv({"ls", "-l", "*two", "-o", "table"}).out;
  CHECK(table.find("HISTORY  STORAGE  REPLICAS  MAX SIZE  MIRROR OF") != std::string::npos);
  CHECK(server.natskv({"ls", "-l", "ap*p", "-j"}).out == server.natskv({"ls", "ap*p", "-j"}).out);
}

TEST_CASE("1,000 buckets between other streams are all listed, once, by name") {
  Server server;
  Client client(server.url());
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const auto name = fmt::format("b{:04}", i);
    client.add_bucket(name, R"({"storage": "memory"})");
    expected += name + "\n";
  }
  for (const char* name : {"AAA", "KW", "ZZZ"}) {
    client.api(fmt::format("STREAM.CREATE.{}", name),
               fmt::format(R"({{"name": "{}", "storage": "memory"}})", name));
  }
  const auto listed = server.natskv({"ls", "-n"}, {.limit = 60});
  CHECK(listed.status == 0);
  CHECK(listed.out == expected);
  CHECK(Json::parse(server.natskv({"ls", "-j"}, {.limit = 60}).out).size() == 1000);
}

TEST_CASE("with a bucket it is keys") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  for (const char* key : {"app.x", "app.y", "z"}) client.put("b", key, "v");
  for (const Words& words :
       {Words{"b"}, Words{"b", "app.*"}, Words{"b", "--count"}, Words{"b", "-v"}, Words{"b", "-j"}}) {
    Words ls{"ls"}, keys{"keys"};
    ls.insert(ls.end(), words.begin(), words.end());
    keys.insert(keys.end(), words.begin(), words.end());
    const auto listed = server.natskv(ls);
    CHECK(listed.status == 0);
    CHECK_FALSE(listed.out.empty());
    CHECK(listed.out == server.natskv(keys).out);
  }
  CHECK(server.natskv({"ls", "none"}).status == 3);
  CHECK(server.natskv({"ls", "b", "--sort", "name"}).status == 2);
  CHECK(server.natskv({"ls", "b", "-n"}).status == 2);
  CHECK(server.natskv({"ls", "--count"}).status == 2);
  CHECK(server.natskv({"ls", "-v"}).status == 2);
  CHECK(server.natskv({"ls", "--sort", "size"}).status == 2);
  CHECK(server.natskv({"ls", "a.b"}).status == 2);
}

TEST_CASE("who may not list is told so") {
  Server server(
      {.config =
           R"(authorization { users: [ { user: u, password: p, permissions: { publish: { deny: ["$JS.API.STREAM.LIST"] } } } ] })"});
  const auto refused = natskv::test::natskv(
      {"ls"}, {.env = {{"NATS_URL", "nats://u:p@127.0.0.1:" + std::to_string(server.port())}}});
  CHECK(refused.status == 6);
  CHECK(refused.err.find("natskv: ls: the list of buckets: ") == 0);
}

TEST_CASE("a list that nobody answers is 5") {
  const Pages pages;
  const auto silent = pages.server.natskv({"ls", "--timeout", "4s"});
  CHECK(silent.status == 5);
  CHECK(silent.err.find("natskv: ls: the list of buckets: no answer") == 0);
}

TEST_CASE("what a page brought is printed before the next one comes") {
  Pages pages;
  Process ls(pages.server.command({"ls", "-n"}));
  // Each begins with the last of the one before.
  const auto page = [&](const char* one, const char* two) {
    natsMsg* message = nullptr;
    REQUIRE(natsSubscription_NextMsg(&message, pages.requests.get(), 10'000) == NATS_OK);
    const natskv::nats::Message request(message);
    Json streams = Json::array();
    for (const char* name : {one, two}) {
      streams.push_back({{"config",
                          {{"name", fmt::format("KV_{}", name)},
                           {"subjects", {fmt::format("$KV.{}.>", name)}},
                           {"max_msgs_per_subject", 1}}},
                         {"state", Json::object()}});
    }
    pages.client.send(natsMsg_GetReply(message),
                      Json{{"total", 3}, {"offset", 0}, {"limit", 2}, {"streams", streams}}.dump());
  };
  page("a", "b");
  CHECK(ls.read_until("b\n"));
  CHECK(ls.running());
  page("b", "c");
  const auto result = ls.wait();
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(result.out == "a\nb\nc\n");
}
