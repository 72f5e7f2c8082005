// What a change of settings would cost, before it is made.
#include "kv/admin/losses.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv;
using Json = nlohmann::ordered_json;
using Sentences = std::vector<std::string>;

namespace {

// 8 revisions of one key and one of another, written between 10:00 and 10:08, asked for at 10:10.
Json info() {
  return Json::parse(R"({
    "config": {"max_msgs_per_subject": 10, "max_age": 0, "max_bytes": -1},
    "ts": "2026-11-29T10:10:00Z",
    "state": {"messages": 9, "num_subjects": 2, "bytes": 2048,
              "first_ts": "2026-11-29T10:00:00Z", "last_ts": "2026-11-29T10:08:00Z"}})");
}

Sentences with(const char* field, const Json& value, Json before = info()) {
  Json after = before["config"];
  after[field] = value;
  return losses(before, after);
}

std::int64_t minutes(std::int64_t count) { return count * 60'000'000'000; }

}  // namespace

TEST_CASE("fewer revisions kept: what may go is an upper bound") {
  CHECK(with("max_msgs_per_subject", 2) == Sentences{"--history 2 drops up to 6 old revisions"});
  CHECK(with("max_msgs_per_subject", 7) == Sentences{"--history 7 drops up to 1 old revision"});
  CHECK(with("max_msgs_per_subject", 8).empty());
  CHECK(with("max_msgs_per_subject", 64).empty());
  Json few = info();
  few["config"]["max_msgs_per_subject"] = 2;
  few["state"]["messages"] = 200;
  few["state"]["num_subjects"] = 100;
  CHECK(with("max_msgs_per_subject", 1, few) == Sentences{"--history 1 drops up to 100 old revisions"});
}

TEST_CASE("a TTL that is new or shorter, by the server's clock") {
  CHECK(with("max_age", minutes(1)) == Sentences{"--ttl 1m drops all 9 values"});
  CHECK(with("max_age", minutes(5)) ==
        Sentences{"--ttl 5m drops up to 8 of 9 values now, the others once they are that old"});
  CHECK(with("max_age", minutes(60)) ==
        Sentences{"--ttl 1h drops 9 values once they are that old, none yet"});
  CHECK(with("max_age", 0).empty());
  Json before = info();
  before["config"]["max_age"] = minutes(60);
  CHECK(with("max_age", minutes(61), before).empty());
  CHECK(with("max_age", 0, before).empty());
  CHECK(with("max_age", minutes(1), before) == Sentences{"--ttl 1m drops all 9 values"});
  Json old_server = info();
  old_server.erase("ts");
  CHECK(with("max_age", minutes(1), old_server) == Sentences{"--ttl 1m drops up to 9 values"});
}

TEST_CASE("a bucket that becomes smaller than what it holds") {
  CHECK(with("max_bytes", 1024) ==
        Sentences{"--max-bucket-size 1 KiB drops the oldest values, 1 KiB of 2 KiB"});
  CHECK(with("max_bytes", 2048).empty());
  CHECK(with("max_bytes", -1).empty());
  Json same = info();
  same["config"]["max_bytes"] = 1024;
  CHECK(with("max_bytes", 1024, same).empty());
}

TEST_CASE("a mirror that becomes a bucket loses its keys, an empty bucket loses nothing") {
  Json mirror = info();
  mirror["config"]["mirror"] = {{"name", "KV_o"}};
  Json after = mirror["config"];
  after.erase("mirror");
  CHECK(losses(mirror, after) == Sentences{"--no-mirror keeps 9 copied values that are no longer keys"});
  CHECK(losses(mirror, mirror["config"]).empty());
  mirror["state"]["messages"] = 0;
  CHECK(losses(mirror, after).empty());
}
