#include "support/buckets.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace natskv::test;

namespace {

constexpr std::string_view five = R"({"max_msgs_per_subject": 5})";

}  // namespace

TEST_CASE("purge removes the history and leaves a marker that watchers see") {
  const TestBucket b(five);
  for (const std::string value : {"1", "2", "3"}) b.put("k", value);
  b.put("other", "v");
  CHECK(all(b("purge", {"k"})) == "0|5\n|");
  CHECK(b.messages() == 2);
  auto marker = b.last("k");
  CHECK(marker.headers["KV-Operation"] == "PURGE");
  CHECK(marker.headers["Nats-Rollup"] == "sub");
  CHECK(
      b("purge", {"k", "-j"}).out ==
      fmt::format("{{\"bucket\":\"{}\",\"key\":\"k\",\"revision\":6,\"operation\":\"PURGE\"}}\n", b.name()));
}

TEST_CASE("purge takes conditions, patterns and several keys as del does") {
  const TestBucket b(five);
  b.put("a.1", "1");
  b.put("a.1", "2");
  b.put("a.2", "1");
  CHECK(b("purge", {"a.1", "--if-revision", "1"}).status == 4);
  CHECK(b.messages() == 3);
  CHECK(b("purge", {"none", "--must-exist"}).status == 3);
  CHECK(all(b("purge", {"a.*", "-f"})) == "0|4\n5\n|natskv: purge: purged 2 keys\n");
  CHECK(b.messages() == 2);
  CHECK(b("purge", {"a.*"}, {.input = "y\n"}).status == 2);
}

TEST_CASE("on a terminal purge of a pattern asks, naming how many") {
  const TestBucket b(five);
  for (const std::string key : {"a.1", "a.2", "b.1"}) b.put(key, "v");
  for (const bool yes : {false, true}) {
    Terminal terminal(b.command("purge", {"a.*"}));
    REQUIRE(terminal.read_until("[y/N] "));
    CHECK(terminal.screen() == fmt::format("Purge 2 keys of bucket \"{}\" at {} (a.1 and a.2)? [y/N] ",
                                           b.name(), bed().server.url()));
    terminal.send(yes ? "y\n" : "\n");
    CHECK(terminal.wait().status == (yes ? 0 : 1));
    CHECK(b.last_revision() == (yes ? 5 : 3));
  }
  CHECK(b("keys").out == "b.1\n");
}

TEST_CASE("keys that other clients wrote are purged, absent ones get no marker") {
  const TestBucket b(five);
  b.put("x~y:z", "1");
  b.put("x~y:z", "2");
  CHECK(all(b("purge", {"x~y:z"})) == "0|3\n|");
  CHECK(b.messages() == 1);
  CHECK(b("purge", {"x~y:z"}).err.find("nothing to do") != std::string::npos);
  CHECK(b.last_revision() == 3);
}

TEST_CASE("purge --all empties the bucket at once, without markers") {
  const TestBucket b(five);
  b.put("k", "1");
  b.put("k", "2");
  b.put("l", "1");
  CHECK(
      all(b("purge", {"--all"}, {.input = "y\n"})) ==
      fmt::format(
          "2||natskv: purge: emptying bucket \"{}\" needs confirmation, and this is not a terminal\nhint: --force "
          "does it without asking\n",
          b.name()));
  CHECK(all(nowhere({"purge", "b", "--all"})).starts_with("2||"));
  CHECK(all(b("purge", {"--all", "--dry-run", "-f"})) ==
        fmt::format("0||natskv: purge: would remove 3 values of bucket \"{}\"\n", b.name()));
  CHECK(b.messages() == 3);
  {
    Terminal terminal(b.command("purge", {"--all"}));
    REQUIRE(terminal.read_until("[y/N] "));
    CHECK(terminal.screen() ==
          fmt::format("Empty bucket \"{}\" at {} (3 values)? Watchers will not notice. [y/N] ", b.name(),
                      bed().server.url()));
    terminal.send("\n");
    CHECK(terminal.wait().status == 1);
  }
  CHECK(b.messages() == 3);
  CHECK(all(b("purge", {"--all", "-f"})) ==
        fmt::format("0||natskv: purge: removed 3 values of bucket \"{}\"\n", b.name()));
  CHECK(b.messages() == 0);
  CHECK(b.last_revision() == 3);
  CHECK(kv({"purge", "nosuch", "--all", "-f"}).err ==
        "natskv: purge: bucket \"nosuch\" not found\nhint: natskv ls lists the buckets\n");
}

TEST_CASE("--all and what contradicts it are refused before connecting") {
  const auto refused = [](std::vector<std::string> words, const std::string& text) {
    words.insert(words.begin(), {"purge", "b"});
    CHECK(all(nowhere(words)) == "2||natskv: purge: " + text + "\n");
  };
  refused({}, "KEY is missing (or --all to empty the bucket)");
  refused({"k", "--all"}, "--all takes no keys");
  refused({"--all", "--ttl", "1h"}, "--ttl is for markers, and --all leaves none");
  refused({"--all", "--older-than", "1h"}, "--all takes no conditions");
  refused({"--all", "--if-revision", "1"}, "--all takes no conditions");
  refused({"--all", "--must-exist"}, "--all takes no conditions");
  refused({"k", "--ttl", "500ms"}, "--ttl: a key's time to live is a whole number of seconds, at least 1s");
}

TEST_CASE("in a full bucket keys are purged, with a marker or without, and those without are counted") {
  const TestBucket b(R"({"max_bytes": 3000})");
  for (const std::string key : {"tiny.0", "tiny.1", "tiny.2"}) b.put(key, "");
  const auto fill = [&](const std::string& prefix, const std::string& value) {
    try {
      for (int i = 0; i < 100; ++i) b.put(fmt::format("{}.{}", prefix, i), value);
    } catch (const std::exception&) {  // full
    }
  };
  // The old server drops the oldest values for small new ones; it takes markers all the same.
  const bool strict = server_at_least(2, 10);
  fill("large", std::string(200, 'x'));
  if (strict) fill("small", "");
  const auto before = b.messages();
  const auto one = b("purge", {"tiny.0"});
  CHECK(one.status == 0);
  CHECK(b("get", {"tiny.0"}).status == 3);
  if (strict) {
    CHECK(b.last("tiny.0").revision == 0);
    CHECK(one.err ==
          fmt::format("natskv: purge: bucket \"{}\": the bucket is full; 1 key was purged without a marker\n",
                      b.name()));
    CHECK(b.messages() == before - 1);
    CHECK(one.out.empty());  // there is no marker, so none has a revision
    fill("small", "");
  }
  const auto many = b("purge", {"tiny.*", "-f", "-o", "jsonl"});
  CHECK(many.status == 0);
  CHECK(many.out ==
        fmt::format("{{\"bucket\":\"{}\",\"deleted\":2,\"conflicts\":0,\"failed\":0,\"unknown\":0}}\n",
                    b.name()));
  CHECK(b("keys", {"tiny.*"}).out.empty());
  CHECK(b("get", {"large.0"}).status == 0);
}

TEST_CASE("--ttl is the marker's, where the bucket can") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(R"({"allow_msg_ttl": true, "subject_delete_marker_ttl": 60000000000})");
  b.put("k", "v");
  b.put("l", "v");
  CHECK(b("purge", {"k", "--ttl", "1h"}).status == 0);
  CHECK(b.last("k").headers["Nats-TTL"] == "3600s");
  CHECK(b("purge", {"l", "k", "--ttl", "1s"}).status == 0);
  REQUIRE(eventually([&] { return b.messages() == 0; }));
}

TEST_CASE("--ttl is refused where the bucket can't, for one key and for many") {
  const TestBucket b;
  b.put("k", "v");
  CHECK(b("purge", {"k", "--ttl", "1h"}).err.find("has no per-key TTL\nhint: ") != std::string::npos);
  CHECK(b("purge", {"*", "--ttl", "1h", "-f"}).status == 1);
  CHECK(b.last("k").data == "v");
}

// 2.9.10 miscounts what a listing has still to bring while keys are purged beside it.
TEST_CASE("all keys of a pattern go, however many there are") {
  const TestBucket b;
  constexpr int keys = 20'000;
  fill(bed().client, b.name(), "live.", 1000, "v");
  fill(bed().client, b.name(), "k.", keys, "v");
  const auto result = b("purge", {"k.*", "-f"}, {.limit = 60});
  CHECK(result.status == 0);
  CHECK(result.err == "natskv: purge: purged 20000 keys\n");
  CHECK(b("keys", {"--count"}).out == "1000\n");
}
