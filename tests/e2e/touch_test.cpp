// touch, and what put, update, edit-value and revert do with a key's time to live.
#include "support/buckets.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

constexpr std::string_view with_ttl = R"({"allow_msg_ttl": true})";
constexpr std::string_view with_ttl_and_history = R"({"allow_msg_ttl": true, "max_msgs_per_subject": 5})";
constexpr const char* hour = "3600s";

std::string ttl_of(const TestBucket& b, const std::string& key) {
  const auto headers = b.last(key).headers;
  const auto at = headers.find("Nats-TTL");
  return at == headers.end() ? "none" : at->second;
}

bool warns(const Result& result) {
  return result.err.find("warning: key \"k\"") != std::string::npos &&
         result.err.find("--keep-ttl keeps it") != std::string::npos;
}

}  // namespace

TEST_CASE("touch stores the same bytes again, also without any time to live") {
  const TestBucket b;
  b.put("k", std::string("a\0b", 3));
  CHECK(all(b("touch", {"k"})) == "0|2\n|");
  CHECK(b.last("k").data == std::string("a\0b", 3));
  CHECK(ttl_of(b, "k") == "none");
  CHECK(all(b("touch", {"none"})) ==
        "3||natskv: touch: key \"none\" not found in bucket \"" + b.name() + "\"\n");
  CHECK(b("del", {"k"}).status == 0);
  CHECK(b("touch", {"k"}).status == 3);
  const auto refused = b("touch", {"k", "--ttl", "1h"});
  CHECK(refused.status == 3);
  b.put("k", "v");
  CHECK(b("touch", {"k", "--ttl", "1h"}).err.find("has no per-key TTL") != std::string::npos);
  CHECK(b("touch", {"k", "--ttl", "1500ms"}).status == 2);
  CHECK(b.last_revision() == 4);
}

TEST_CASE("a bucket's TTL starts anew with touch") {
  // The bucket counts from when a value was stored; long enough for it not to go meanwhile.
  const TestBucket b(R"({"max_age": 60000000000, "duplicate_window": 60000000000})");
  b.put("k", "v");
  const auto stored = [&] { return Json::parse(b("get", {"k", "-j"}).out)["created"].get<std::string>(); };
  const auto before = stored();
  CHECK(all(b("touch", {"k"})) == "0|2\n|");
  CHECK(b.messages() == 1);
  CHECK(stored() > before);
}

TEST_CASE("a key's own TTL starts anew, or is another") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(with_ttl);
  b.put("k", "v", {{"Nats-TTL", "1.5h"}});
  CHECK(all(b("touch", {"k"})) == "0|2\n|");
  CHECK(ttl_of(b, "k") == "5400s");
  CHECK(all(b("touch", {"k", "--ttl", "1h"})) == "0|3\n|");
  CHECK(ttl_of(b, "k") == hour);
  b.put("n", "v", {{"Nats-TTL", "never"}});
  CHECK(b("touch", {"n"}).status == 0);
  CHECK(ttl_of(b, "n") == "never");
}

TEST_CASE("over a history a TTL needs --drop-history, for the older value would come back") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(with_ttl_and_history);
  b.put("k", "old");
  for (const Words& words : {Words{"touch", "k", "--ttl", "1h"},
                             {"put", "k", "v", "--ttl", "1h"},
                             {"update", "k", "v", "1", "--ttl", "1h"}}) {
    CAPTURE(words[0]);
    const auto refused = b(words[0], {words.begin() + 1, words.end()});
    CHECK(refused.status == 1);
    CHECK(refused.err.find("its older value would come back; nothing was written\nhint: --drop-history") !=
          std::string::npos);
  }
  CHECK(b.last_revision() == 1);
  CHECK(b("update", {"k", "v", "7", "--ttl", "1h"}).status == 4);
  // A key that is not there, or deleted, has nothing that could come back as a value.
  CHECK(b("put", {"new", "v", "--ttl", "1h"}).status == 0);
  CHECK(b("del", {"new"}).status == 0);
  CHECK(b("put", {"new", "v", "--ttl", "1h"}).status == 0);
  b.put("m", "old");
  CHECK(b("put", {"m", "new", "--ttl", "1h", "--drop-history"}).status == 0);
  CHECK(lines(b("history", {"m"}).out) == 1);
  CHECK(b("put", {"k", "new", "--ttl", "1s", "--drop-history"}).status == 0);
  REQUIRE(eventually([&] { return b("get", {"k"}).status == 3; }));
  CHECK(b.last("k").revision == 0);
  // A stale condition removes nothing.
  b.put("l", "1");
  b.put("l", "2");
  CHECK(b("update", {"l", "v", "1", "--ttl", "1h", "--drop-history"}).status == 4);
  CHECK(lines(b("history", {"l"}).out) == 2);
  CHECK(b("put", {"l", "3", "--drop-history"}).status == 0);
  CHECK(lines(b("history", {"l"}).out) == 1);
  CHECK(ttl_of(b, "l") == "none");
  CHECK(b("touch", {"l", "--ttl", "1h", "--drop-history"}).status == 0);
  CHECK(ttl_of(b, "l") == hour);
}

TEST_CASE("put and update store with a TTL") {
  const TestBucket plain;
  CHECK(plain("put", {"k", "v", "--ttl", "1h"}).err.find("has no per-key TTL") != std::string::npos);
  CHECK(plain("put", {"k", "v", "--ttl", "999ms"}).status == 2);
  CHECK(plain("put", {"k", "v", "--ttl", "1h", "--keep-ttl"}).status == 2);
  CHECK(plain.messages() == 0);
  if (!server_at_least(2, 11)) return;
  const TestBucket b(with_ttl);
  CHECK(all(b("put", {"k", "v", "--ttl", "1h"})) == "0|1\n|");
  CHECK(ttl_of(b, "k") == hour);
  CHECK(all(b("update", {"k", "w", "1", "--ttl", "2h"})) == "0|2\n|");
  CHECK(ttl_of(b, "k") == "7200s");
  CHECK(b("update", {"k", "w", "1", "--ttl", "2h"}).status == 4);
  CHECK(all(b("put", {"l", "v", "--if-revision", "0", "--ttl", "1h"})) == "0|3\n|");
  CHECK(ttl_of(b, "l") == hour);
}

TEST_CASE("a write that ends a time to live says so, and --keep-ttl keeps what is left") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TempDir folder;
  write_file(folder / "editor", "#!/bin/sh\necho edited > \"$1\"\n", 0700);
  const Run editor{.env = {{"EDITOR", folder / "editor"}}};
  for (const Words& words :
       {Words{"put", "k", "w"}, {"update", "k", "w", "1"}, {"edit-value", "k"}, {"revert", "k", "1"}}) {
    CAPTURE(words[0]);
    const Words rest(words.begin() + 1, words.end());
    const TestBucket b(with_ttl);
    b.put("k", "v", {{"Nats-TTL", hour}});
    const auto silent = b(words[0], rest, editor);
    CHECK(silent.out == "2\n");
    CHECK_MESSAGE(warns(silent), silent.err);
    CHECK(silent.err.find("had a time to live of 1h; now it lives forever") != std::string::npos);
    CHECK(ttl_of(b, "k") == "none");
    const TestBucket c(with_ttl);
    c.put("k", "v", {{"Nats-TTL", hour}});
    Words keep = rest;
    keep.emplace_back("--keep-ttl");
    CHECK(all(c(words[0], keep, editor)) == "0|2\n|");
    const auto left = ttl_of(c, "k");
    REQUIRE(left.ends_with("s"));
    CHECK(std::stol(left) > 3000);
    CHECK(std::stol(left) <= 3600);
  }
  const TestBucket b(with_ttl);
  b.put("k", "v", {{"Nats-TTL", "never"}});
  CHECK(warns(b("put", {"k", "w"})));
  b.put("k", "v", {{"Nats-TTL", "never"}});
  CHECK(b("put", {"k", "w", "--keep-ttl"}).err.empty());
  CHECK(ttl_of(b, "k") == "never");
  // Nothing ends: no word.
  b.put("k", "v");
  CHECK(b("put", {"k", "w"}).err.empty());
  CHECK(b("put", {"k", "w", "--keep-ttl"}).err.empty());
  CHECK(b("put", {"none", "w", "--keep-ttl"}).err.empty());
  const TestBucket h(with_ttl_and_history);
  h.put("k", "v", {{"Nats-TTL", hour}});
  CHECK(h("put", {"k", "w", "--keep-ttl"}).err.find("--drop-history") != std::string::npos);
  CHECK(h("put", {"k", "w", "--keep-ttl", "--drop-history"}).status == 0);
  CHECK(h.messages() == 1);
}

TEST_CASE("revert says that the time to live of the old revision is gone") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(with_ttl_and_history);
  b.put("k", "v", {{"Nats-TTL", hour}});
  b.put("k", "w");
  const auto result = b("revert", {"k", "1"});
  CHECK(result.out == "3\n");
  CHECK(result.err == "natskv: revert: warning: revision 1 of key \"k\" in bucket \"" + b.name() +
                          "\" had a time to live of 1h; the new one has none\n");
}

TEST_CASE("who may not read still puts, without the warning") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const Server server({.config = R"(accounts: { A: { jetstream: enabled, users: [
      { user: all, password: x },
      { user: some, password: x, permissions: { publish: { deny: ["$JS.API.DIRECT.>", "$JS.API.STREAM.MSG.>"] } } } ] } })"});
  CHECK(server.natskv({"add", "b", "-q", "--marker-ttl", "1m", "--user", "all", "--password", "x"}).status ==
        0);
  CHECK(
      server.natskv({"put", "b", "k", "v", "--ttl", "1h", "-q", "--user", "all", "--password", "x"}).status ==
      0);
  const auto put = server.natskv({"put", "b", "k", "w", "--user", "some", "--password", "x"});
  CHECK(all(put) == "0|2\n|");
}

TEST_CASE("--if-changed writes nothing where the key has these bytes") {
  const TestBucket b(R"({"max_msgs_per_subject": 5})");
  b.put("k", "v");
  CHECK(all(b("put", {"k", "v", "--if-changed"})) == "0|1\n|");
  CHECK(all(b("update", {"k", "v", "7", "--if-changed"})) == "0|1\n|");
  CHECK(Json::parse(b("put", {"k", "v", "--if-changed", "-j"}).out)["revision"] == 1);
  CHECK(b.last_revision() == 1);
  CHECK(all(b("put", {"k", "w", "--if-changed"})) == "0|2\n|");
  CHECK(b("update", {"k", "x", "1", "--if-changed"}).status == 4);
  CHECK(all(b("put", {"new", "", "--if-changed"})) == "0|3\n|");
  CHECK(b("del", {"new"}).status == 0);
  CHECK(all(b("put", {"new", "", "--if-changed"})) == "0|5\n|");
}

TEST_CASE("revision 0 means that the key has no value, as create does") {
  const TestBucket b(R"({"max_msgs_per_subject": 5})");
  CHECK(all(b("update", {"k", "v", "0"})) == "0|1\n|");
  CHECK(b("update", {"k", "v", "0"}).err ==
        "natskv: update: key \"k\" of bucket \"" + b.name() + "\" exists, at revision 1\n");
  CHECK(b("update", {"k", "v", "--if-revision", "0"}).status == 4);
  CHECK(b("put", {"k", "v", "--if-revision", "0"}).status == 4);
  CHECK(b("del", {"k"}).status == 0);
  CHECK(all(b("update", {"k", "v", "--if-revision", "0"})) == "0|3\n|");
  CHECK(b("put", {"k", "v", "--if-revision", "00"}).status != 0);
}
