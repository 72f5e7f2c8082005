#include "support/buckets.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using namespace natskv::test;

TEST_CASE("create stores only where there is no value") {
  const TestBucket b;
  CHECK(all(b("create", {"k", "v"})) == "0|1\n|");
  CHECK(all(b("create", {"k", "w"})) ==
        fmt::format("4||natskv: create: key \"k\" of bucket \"{}\" exists, at revision 1\n", b.name()));
  CHECK(all(b("create", {"k", ""})).starts_with("4||"));
  CHECK(b.last("k").data == "v");
}

TEST_CASE("a deleted or purged key counts as absent, an empty value does not") {
  const TestBucket b(R"({"max_msgs_per_subject": 5})");
  b.put("k", "v");
  b.put("k", "", {{"KV-Operation", "DEL"}});
  CHECK(all(b("create", {"k", "again"})) == "0|3\n|");
  b.put("k", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
  CHECK(all(b("create", {"k"}, {.input = "piped"})) == "0|5\n|");
  CHECK(b.last("k").data == "piped");
  b.put("empty", "");
  CHECK(b("create", {"empty", "v"}).status == 4);
}

TEST_CASE("of many that create at once one wins, the others conflict") {
  const TestBucket b;
  std::vector<std::unique_ptr<Process>> racers;
  for (int i = 0; i < 8; ++i) {
    racers.push_back(std::make_unique<Process>(b.command("create", {"lock", std::to_string(i)})));
  }
  int won = 0;
  for (auto& racer : racers) {
    const int status = racer->wait().status;
    CHECK((status == 0 || status == 4));
    if (status == 0) ++won;
  }
  CHECK(won == 1);
  CHECK(b.last_revision() == 1);
}

TEST_CASE("--ttl is refused where the bucket would keep the key for ever") {
  const TestBucket b;
  const auto result = b("create", {"k", "v", "--ttl", "10s"});
  CHECK(result.status == 1);
  CHECK(result.err ==
        fmt::format("natskv: create: bucket \"{}\" has no per-key TTL\nhint: natskv edit {} --marker-ttl "
                    "1s enables it (nats-server 2.11 or newer)\n",
                    b.name(), b.name()));
  CHECK(b.last_revision() == 0);
}

TEST_CASE("--ttl lets the key expire") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(R"({"allow_msg_ttl": true, "subject_delete_marker_ttl": 60000000000})");
  CHECK(all(b("create", {"k", "v", "--ttl", "1s"})) == "0|1\n|");
  CHECK(b.last("k").headers["Nats-TTL"] == "1s");
  CHECK(b("create", {"k", "v", "--ttl", "1s"}).status == 4);
  REQUIRE(eventually([&] { return b("get", {"k"}).status == 3; }));
  CHECK(b("create", {"k", "v", "--ttl", "1h"}).status == 0);
  CHECK(b("get", {"k", "-j"}).out.find("\"ttl_seconds\":3600,\"expires\":\"") != std::string::npos);
}

TEST_CASE("a TTL that the server would stretch to the bucket's marker TTL is refused") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(
      R"({"allow_msg_ttl": true, "subject_delete_marker_ttl": 60000000000, "max_msgs_per_subject": 3})");
  CHECK(b("create", {"k", "v", "--ttl", "1s"}).status == 1);
  CHECK(b.last_revision() == 0);
  CHECK(all(b("create", {"l", "v", "--ttl", "2m"})) == "0|1\n|");
}

TEST_CASE("durations that are no TTL are refused before anything is sent") {
  for (const std::string word : {"0", "500ms", "1.5s", "-1s", "", "10", "1x", "999999999y"}) {
    CAPTURE(word);
    const auto result = nowhere({"create", "b", "k", "v", "--ttl=" + word});
    CHECK(result.status == 2);
    CHECK(result.err.starts_with("natskv: create: --ttl: "));
    CHECK(lines(result.err) == 1);
  }
}
