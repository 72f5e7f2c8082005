#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

struct Bucket {
  Server server;
  Client client{server.url()};
  explicit Bucket(std::string_view settings = "{}") { client.add_bucket("b", settings); }

  std::string out(std::vector<std::string> words) {
    words.insert(words.begin(), {"keys", "b"});
    const auto result = server.natskv(std::move(words));
    CHECK(result.err == "");
    CHECK(result.status == 0);
    return result.out;
  }
};

}  // namespace

TEST_CASE("keys of an empty bucket are none, of a missing one an error") {
  Bucket b;
  CHECK(b.out({}) == "");
  CHECK(b.out({"a.*"}) == "");
  CHECK(b.out({"--count"}) == "0\n");
  CHECK(b.out({"-v"}) == "");
  CHECK(b.out({"--tree"}) == "");
  CHECK(b.out({"-j"}) == "[]\n");
  const auto missing = b.server.natskv({"keys", "none"});
  CHECK(missing.status == 3);
  CHECK(missing.err == "natskv: keys: bucket \"none\" not found\nhint: natskv ls lists the buckets\n");
  CHECK(missing.out == "");
}

TEST_CASE("keys are listed once each, the latest of them deciding") {
  Bucket b(R"({"max_msgs_per_subject": 64})");
  for (int i = 0; i < 70; ++i) b.client.put("b", "often", std::to_string(i));
  b.client.put("b", "gone", "x");
  b.client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  b.client.put("b", "purged", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
  b.client.put("b", "again", "x");
  b.client.put("b", "again", "", {{"KV-Operation", "DEL"}});
  b.client.put("b", "again", "y");
  b.client.put("b", "empty", "");
  CHECK(b.out({}) == "often\nagain\nempty\n");
  CHECK(b.out({"--deleted"}) == "often\ngone\npurged\nagain\nempty\n");
  CHECK(b.out({"--count"}) == "3\n");
  CHECK(b.out({"--count", "--deleted"}) == "5\n");
  CHECK(b.out({"-0"}) == std::string("often\0again\0empty\0", 18));
  CHECK(b.out({"-j"}) == "[\n\"often\",\n\"again\",\n\"empty\"\n]\n");
  CHECK(b.out({"-o", "jsonl"}) == "{\"name\":\"often\"}\n{\"name\":\"again\"}\n{\"name\":\"empty\"}\n");
}

TEST_CASE("keys -v adds what is known of the latest, --display-value the value") {
  Bucket b(R"({"max_msgs_per_subject": 5})");
  b.client.put("b", "a", "one");
  b.client.put("b", "a", "tab\there");
  b.client.put("b", "d", "", {{"KV-Operation", "DEL"}});
  const auto verbose = lines(b.out({"-v", "--deleted"}));
  REQUIRE(verbose.size() == 2);
  CHECK(verbose[0].starts_with("a\t2\tPUT\t2"));
  CHECK(verbose[0].ends_with("Z\t8"));
  CHECK(verbose[1].starts_with("d\t3\tDEL\t"));
  CHECK(verbose[1].ends_with("Z\t0"));
  const auto values = lines(b.out({"--display-value"}));
  REQUIRE(values.size() == 1);
  CHECK(values[0].ends_with("Z\t8\ttab\\there"));
  CHECK(b.out({"-v", "-j"}).find(R"("size":8)") != std::string::npos);
  CHECK(b.out({"-v", "-j"}).find("value") == std::string::npos);
  CHECK(b.out({"--display-value", "-j"}).find(R"("value":"tab\there")") != std::string::npos);
}

TEST_CASE("keys by several patterns come once each, in the bucket's order") {
  Bucket b;
  for (const char* key : {"a.x", "a.y", "b.x", "b.y.z", "c"}) b.client.put("b", key, "v");
  CHECK(b.out({"a.*"}) == "a.x\na.y\n");
  CHECK(b.out({"b.>"}) == "b.x\nb.y.z\n");
  CHECK(b.out({"*.x", "a.*", "a.x"}) == "a.x\na.y\nb.x\n");
  CHECK(b.out({"c", "a.y"}) == "a.y\nc\n");
  CHECK(b.out({"none", "no.*"}) == "");
  CHECK(b.out({"*.x", "--count"}) == "2\n");
  CHECK(b.server.natskv({"keys", "b", "a*"}).status == 2);
  CHECK(b.server.natskv({"keys", "b", ""}).status == 2);
}

TEST_CASE("--limit ends after so many keys") {
  Bucket b;
  for (const char* key : {"a", "b", "c", "d"}) b.client.put("b", key, "v");
  CHECK(b.out({"--limit", "2"}) == "a\nb\n");
  CHECK(b.out({"--limit", "9", "-j"}) == "[\n\"a\",\n\"b\",\n\"c\",\n\"d\"\n]\n");
  CHECK(b.out({"--limit", "1", "-v"}).starts_with("a\t1\tPUT\t"));
  CHECK(b.server.natskv({"keys", "b", "--limit", "0"}).status == 2);
  CHECK(b.server.natskv({"keys", "b", "--limit", "1", "--count"}).status == 2);
}

TEST_CASE("keys that other clients wrote are listed as they are") {
  Bucket b;
  const std::vector<std::string> foreign{"x~y:z",   "kl\xc3\xa4r", "a\\b",   "\"q\"",
                                         "bad\xff", "-lead",       "a=b/c_d"};
  std::string all;
  for (const auto& key : foreign) {
    b.client.put("b", key, "v");
    all += key + "\n";
  }
  CHECK(b.out({}) == all);
  CHECK(b.out({"x~y:z"}) == "x~y:z\n");
  CHECK(b.out({"--", "-lead"}) == "-lead\n");
  CHECK(b.out({"--count"}) == "7\n");
}

TEST_CASE("the tree counts keys at and below each node") {
  Bucket b;
  for (const char* key : {"app.db.host", "app.db.port", "app", "app.x", "zone"}) b.client.put("b", key, "v");
  CHECK(b.out({"--tree"}) == "app (4)\n  db (2)\n    host\n    port\n  x\nzone\n");
  CHECK(b.out({"--tree", "--depth", "1"}) == "app (4)\nzone\n");
  CHECK(b.out({"--tree", "--depth", "2"}) == "app (4)\n  db (2)\n  x\nzone\n");
  CHECK(b.out({"--tree", "app.db.*"}) == "app (2)\n  db (2)\n    host\n    port\n");
  CHECK(b.server.natskv({"keys", "b", "--depth", "2"}).status == 2);
  CHECK(b.server.natskv({"keys", "b", "--tree", "--depth", "0"}).status == 2);
  CHECK(b.server.natskv({"keys", "b", "--tree", "-j"}).status == 2);
  CHECK(b.server.natskv({"keys", "b", "--tree", "--count"}).status == 2);
}

TEST_CASE("ten thousand keys, each once, through every format") {
  Bucket b;
  fill(b.client, "b", "key.", 10000, "value");
  const auto listed = lines(b.out({}));
  CHECK(listed.size() == 10000);
  CHECK(std::set<std::string>(listed.begin(), listed.end()).size() == 10000);
  CHECK(b.out({"--count"}) == "10000\n");
  CHECK(lines(b.out({"-v"})).size() == 10000);
  const auto json = b.out({"-j"});
  CHECK(std::count(json.begin(), json.end(), ',') == 9999);
  CHECK(b.out({"--tree", "--depth", "1"}) == "key (10000)\n");
}

TEST_CASE("values are not asked for where only names are wanted") {
  Bucket b;
  for (int i = 0; i < 20; ++i) b.client.put("b", "big." + std::to_string(i), std::string(200'000, 'x'));
  Proxy proxy(b.server.port());
  for (const char* option : {"-0", "-v", "--count"}) {
    const auto before = proxy.received();
    CHECK(run(natskv_command({"keys", "b", option, "-s", proxy.url()})).status == 0);
    CHECK(proxy.received() - before < 100'000);
  }
}

TEST_CASE("names are printed while the bucket is read") {
  Bucket b;
  fill(b.client, "b", "a-rather-long-name-of-a-key.", 30000, "v");
  // The pipe is never emptied: what does not fit keeps natskv waiting, so it can't have read to the end
  // first.
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  Process process(b.server.command({"keys", "b"}, {.out_fd = ends[1]}));
  close(ends[1]);
  std::array<char, 28> first{};
  REQUIRE(read(ends[0], first.data(), first.size()) == 28);
  CHECK(std::string(first.data(), first.size()) == "a-rather-long-name-of-a-key.");
  CHECK(process.running());
  close(ends[0]);
  CHECK(process.wait().status == 141);
}

TEST_CASE("a bucket that is deleted while it is listed ends the listing with an error") {
  Bucket b;
  fill(b.client, "b", "a-rather-long-name-of-a-key.", 300000, "v");
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  Process process(b.server.command({"keys", "b"}, {.out_fd = ends[1]}));
  close(ends[1]);
  std::array<char, 64> part{};
  REQUIRE(read(ends[0], part.data(), part.size()) > 0);
  b.client.delete_bucket("b");
  std::string rest(1 << 16, '\0');
  while (read(ends[0], rest.data(), rest.size()) > 0) {
  }
  close(ends[0]);
  const auto result = process.wait(30);
  // What was on its way already may have been all of it.
  if (result.status != 0) {
    CHECK(result.status == 3);
    CHECK(result.err == "natskv: keys: bucket \"b\" not found\nhint: natskv ls lists the buckets\n");
  }
}

TEST_CASE("a stream that is no bucket is not listed as one") {
  Bucket b;
  b.client.api("STREAM.CREATE.KV_s", R"({"name":"KV_s","subjects":["$KV.s.>"]})");
  const auto result = b.server.natskv({"keys", "s"});
  CHECK(result.status == 1);
  CHECK(result.err == "natskv: keys: stream \"KV_s\" exists but is not a key-value bucket\n");
}

TEST_CASE("keys that may not be read are a refusal, at once") {
  Server server({.config = R"(authorization { users: [
    {user: a, password: a},
    {user: i, password: i, permissions: {publish: {deny: "$JS.API.STREAM.INFO.>"}}},
    {user: c, password: c, permissions: {publish: {deny: "$JS.API.CONSUMER.>"}}},
    {user: s, password: s, permissions: {subscribe: {deny: "_INBOX.>"}}} ] })"});
  const auto url = [&](const std::string& user) {
    return "nats://" + user + ":" + user + "@127.0.0.1:" + std::to_string(server.port());
  };
  Client(url("a")).add_bucket("b");
  for (const char* user : {"i", "c", "s"}) {
    for (const auto& words : {std::vector<std::string>{"keys", "b"}, {"history", "b", "k"}, {"watch", "b"}}) {
      CAPTURE(user);
      CAPTURE(words[0]);
      auto all = words;
      // Longer than the harness waits: what is waited for would be killed.
      all.insert(all.end(), {"-s", url(user), "--timeout", "60s"});
      const auto result = run(natskv_command(all));
      CHECK(result.status == 6);
      CHECK(result.err.find("Permissions Violation") != std::string::npos);
    }
  }
}
