// import --atomic: all of it or nothing.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/skipped.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv::test;

namespace {

constexpr const char* atomic = R"({"max_msgs_per_subject": 3, "allow_atomic": true})";

struct World {
  Server server;
  Client client{server.url()};
  World() { client.add_bucket("b", atomic); }
  [[nodiscard]] Result import(const std::string& lines, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"import", "b", "--atomic"});
    return server.natskv(std::move(more), {.input = lines});
  }
  std::string value(const std::string& key) { return client.last("b", key).data; }
};

std::string line(const std::string& key, const std::string& value, const std::string& more = {}) {
  return nlohmann::json({{"key", key}}).dump().substr(0, key.size() + 9) + ",\"value\":\"" + value + "\"" +
         more + "}\n";
}

std::string lines_of(int count, const std::string& value) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += line(fmt::format("k.{}", i), value);
  return lines;
}

std::string check(const std::string& key, std::uint64_t revision) {
  return fmt::format("{{\"key\":\"{}\",\"operation\":\"CHECK\",\"if_revision\":{}}}\n", key, revision);
}

}  // namespace

#define NEEDS_BATCHES \
  if (!server_at_least(2, 12)) SKIP("this server has no atomic batches")

TEST_CASE("an atomic import stores values, markers and times to live in one step") {
  NEEDS_BATCHES;
  World world;
  world.client.put("b", "old", "1");
  const auto result = world.import(line("a", "1") + "{\"key\":\"bin\",\"value_base64\":\"AP8=\"}\n" +
                                       "{\"key\":\"old\",\"operation\":\"PURGE\"}\n",
                                   {"-j"});
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(
      result.out ==
      "{\"bucket\":\"b\",\"put\":2,\"unchanged\":0,\"deleted\":1,\"conflicts\":0,\"failed\":0,\"unknown\":0,"
      "\"first_revision\":2,\"last_revision\":4}\n");
  CHECK(world.value("bin") == std::string("\0\xff", 2));
  CHECK(world.client.last("b", "old").headers.at("KV-Operation") == "PURGE");
  CHECK(world.import(line("a", "2")).err == "natskv: import: bucket \"b\": put 1; revisions 5 to 5\n");
  CHECK(world.import("").status == 0);
}

TEST_CASE("a condition that does not hold: 4, nothing is stored, the keys are named") {
  NEEDS_BATCHES;
  World world;
  for (const char* key : {"a", "b", "c"}) world.client.put("b", key, "old");
  const auto result =
      world.import(line("new", "1") + line("a", "1", ",\"if_revision\":9") +
                   line("b", "1", ",\"if_revision\":2") + line("c", "1", ",\"if_revision\":1"));
  CHECK(result.status == 4);
  CHECK(has(result.err, "key \"a\" of bucket \"b\" is at revision 1, not 9; nothing was written"));
  CHECK(has(result.err, "key \"c\" of bucket \"b\" is at revision 3, not 1"));
  CHECK_FALSE(has(result.err, "key \"b\" of"));
  CHECK(has(result.err, "bucket \"b\": conflicts 2\n"));
  CHECK(world.client.last_revision("b") == 3);
  const auto create = world.import(line("new", "1") + line("a", "1"), {"--create"});
  CHECK(create.status == 4);
  CHECK(has(create.err, "key \"a\" of bucket \"b\" exists, at revision 1"));
  const auto update =
      world.import(line("a", "1", ",\"revision\":1") + line("b", "1", ",\"revision\":1"), {"--update"});
  CHECK(update.status == 4);
  CHECK(world.client.last_revision("b") == 3);
}

TEST_CASE("no live value: over a marker too, and with --create") {
  NEEDS_BATCHES;
  World world;
  world.client.put("b", "gone", "1");
  world.client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  CHECK(
      world.import(line("gone", "2", ",\"if_revision\":0") + line("new", "2", ",\"if_revision\":0")).status ==
      0);
  CHECK(world.value("gone") == "2");
  world.client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  CHECK(world.import(line("gone", "3") + line("newer", "3"), {"--create"}).status == 0);
  CHECK(world.value("gone") == "3");
}

TEST_CASE("a CHECK is sent with a write that has no condition; too few of those are refused first") {
  NEEDS_BATCHES;
  World world;
  world.client.put("b", "lock", "mine");
  CHECK(world.import(check("lock", 1) + line("a", "1")).status == 0);
  CHECK(world.import(check("none", 0) + line("a", "2")).status == 0);
  CHECK(world.client.last("b", "lock").revision == 1);
  CHECK(world.client.last("b", "none").revision == 0);
  const auto before = world.client.last_revision("b");
  const auto stale = world.import(check("lock", 2) + line("a", "3"));
  CHECK(stale.status == 4);
  CHECK(has(stale.err, "key \"lock\" of bucket \"b\" is at revision 1, not 2"));
  const auto taken = world.import(check("lock", 0) + line("a", "3"));
  CHECK(taken.status == 4);
  for (const auto& input : {check("lock", 1), check("lock", 1) + line("a", "1", ",\"if_revision\":2"),
                            check("lock", 1) + check("none", 0) + line("a", "1")}) {
    const auto few = world.import(input);
    CHECK(few.status == 2);
    CHECK(has(few.err, "each CHECK needs a write that has no condition of its own"));
  }
  CHECK(world.import("{\"key\":\"lock\",\"operation\":\"CHECK\"}\n").status == 2);
  CHECK(world.client.last_revision("b") == before);
}

TEST_CASE("a key twice, 1,001 writes, a value over the limit: nothing is sent") {
  NEEDS_BATCHES;
  World world;
  const auto twice = world.import(line("a", "1") + line("b", "1") + line("a", "2"));
  CHECK(twice.status == 2);
  CHECK(has(twice.err, "line 3: key \"a\" is given twice"));
  CHECK(world.import(lines_of(1001, "v")).status == 2);
  CHECK(world.import(line("a", "1") + line("big", std::string(1'100'000, 'x'))).status == 1);
  CHECK(world.import(line("a", "1") + "{}\n").status == 2);
  CHECK(world.import(line("a", "1"), {"--keep-going"}).status == 2);
  CHECK(world.client.last_revision("b") == 0);
  CHECK(world.import(lines_of(1000, "v")).status == 0);
  CHECK(world.client.last_revision("b") == 1000);
  const TempDir folder;  // a pipe of so much takes the test itself long
  write_file(folder / "in", lines_of(20, std::string(900'000, 'x')));
  const auto large = world.server.natskv({"import", "b", "--atomic", "-F", folder / "in"});
  CHECK_MESSAGE(large.status == 0, large.err);
  CHECK(world.client.last_revision("b") == 1020);
}

TEST_CASE("a full bucket stores nothing of it") {
  NEEDS_BATCHES;
  World world;
  world.client.add_bucket("small", R"({"allow_atomic": true, "max_bytes": 3000})");
  const auto result = world.server.natskv({"import", "small", "--atomic"}, {.input = lines_of(100, "v")});
  CHECK(result.status == 1);
  CHECK(has(result.err, "the bucket is full; nothing was stored"));
  CHECK(has(result.err, "failed 100"));
  CHECK(world.client.messages("small") == 0);
}

// Most writes of a batch ask for no answer: it is sent again where the reason is missing.
TEST_CASE("a write in the middle that is refused: nothing is stored and the reason is said") {
  NEEDS_BATCHES;
  Server server({.config = R"(authorization { users = [
    {user: all, password: all},
    {user: some, password: some, permissions: {publish: {deny: "$KV.*.k.50"}}}
  ] })"});
  Client client(server.url_as("all:all"));
  client.add_bucket("b", atomic);
  client.add_bucket("narrow", R"({"allow_atomic": true, "max_msg_size": 1000})");
  const auto import = [&](const std::string& bucket, const std::string& user, const std::string& lines) {
    return natskv::test::natskv({"import", bucket, "--atomic", "-s", server.url_as(user)}, {.input = lines});
  };
  const auto refused = import("b", "some:some", lines_of(100, "v"));
  CHECK(refused.status == 6);
  CHECK(has(refused.err, "$KV.b.k.50"));
  CHECK(has(refused.err, "nothing was stored"));
  CHECK(client.messages("b") == 0);
  const auto large = import("narrow", "all:all", lines_of(50, "v") + line("large", std::string(2000, 'x')));
  CHECK(large.status == 1);
  CHECK(client.messages("narrow") == 0);
  CHECK(import("b", "all:all", lines_of(100, "v")).status == 0);
  CHECK(client.messages("b") == 100);
}

// A server takes 50 unfinished batches a stream (err_code 10210).
TEST_CASE("a batch too many is sent again, until there is room or --timeout is over") {
  NEEDS_BATCHES;
  World world;
  const auto send = [&](int batch, int sequence, Headers more) {
    more["Nats-Batch-Id"] = fmt::format("other-{}", batch);
    more["Nats-Batch-Sequence"] = std::to_string(sequence);
    return world.client.request(fmt::format("$KV.b.other.{}", batch), "v", more);
  };
  for (int batch = 0; batch < 50; ++batch) CHECK(send(batch, 1, {}).empty());
  const auto refused = world.import(lines_of(3, "v"), {"--timeout", "4s", "--trace"});
  CHECK(refused.status == 5);
  CHECK(occurrences(refused.err, "error 10210") <= 42);  // not as fast as the server refuses them
  CHECK(has(refused.err, "the server dropped the batch again and again; nothing was stored\n"));
  CHECK(world.client.messages("b") == 0);

  Process import(world.server.command({"import", "b", "--atomic", "--timeout", "20s", "--trace"},
                                      {.input = lines_of(3, "v")}));
  REQUIRE(import.read_err_until("error 10210"));
  send(0, 2, {{"Nats-Batch-Commit", "1"}});
  const auto stored = import.wait();
  CHECK_MESSAGE(stored.status == 0, stored.err);
  CHECK(world.value("k.2") == "v");
}

TEST_CASE("--skip-unchanged and --prune belong to the batch; --dry-run lists it") {
  NEEDS_BATCHES;
  World world;
  for (const char* key : {"same", "other", "stale"}) world.client.put("b", key, "1");
  const auto lines = line("same", "1") + line("other", "2");
  CHECK(world.import(lines, {"--prune"}).status == 2);
  const auto dry = world.import(lines, {"--prune", "--skip-unchanged", "--dry-run"});
  CHECK(dry.status == 0);
  CHECK(dry.out ==
        "same\tunchanged\thas this value at revision 1\nother\tput\treplaces revision 2\n"
        "stale\tdelete\tnot in standard input\n");
  CHECK(world.client.last_revision("b") == 3);
  const auto conflict = world.import(line("same", "2") + line("new", "1"), {"--create", "--dry-run"});
  CHECK(conflict.status == 4);
  CHECK(conflict.out.find("new\tput\tnew\n") != std::string::npos);
  CHECK(has(conflict.err, "warning: none of this would be stored, because not all of it could be\n"));
  CHECK(has(conflict.err, "conflicts 1\n"));
  CHECK_FALSE(has(conflict.err, "put 1"));
  const auto result = world.import(lines, {"--prune", "--skip-unchanged", "-f"});
  CHECK(result.status == 0);
  CHECK(result.err == "natskv: import: bucket \"b\": put 1, unchanged 1, deleted 1; revisions 4 to 5\n");
  CHECK(world.client.last("b", "stale").headers.at("KV-Operation") == "DEL");
  CHECK(world.import("", {"--prune", "-f"}).status == 2);
  const auto again = world.import(lines, {"--prune", "--skip-unchanged", "-f"});
  CHECK(again.err == "natskv: import: bucket \"b\": unchanged 2\n");
  // Only writes without a condition carry those of unchanged keys.
  const auto unchecked = world.import(lines + line("third", "3", ",\"if_revision\":0"), {"--skip-unchanged"});
  CHECK(has(unchecked.err, "put 1, unchanged 2; revisions 6 to 6; 2 unchanged keys were not checked"));
}

TEST_CASE("a bucket or a server that would store a part is refused before anything is sent") {
  Server server;
  Client client(server.url());
  client.add_bucket("plain");
  client.add_bucket("asked", R"({"allow_atomic": true})");
  const auto plain = server.natskv({"import", "plain", "--atomic"}, {.input = lines_of(3, "v")});
  CHECK(plain.status == 1);
  CHECK(has(plain.err, "bucket \"plain\" does not allow atomic batches\nhint: natskv edit plain --atomic"));
  CHECK(client.messages("plain") == 0);
  if (server_at_least(2, 12)) return;  // an older server drops the setting without a word
  CHECK(server.natskv({"import", "asked", "--atomic"}, {.input = lines_of(3, "v")}).status == 1);
  CHECK(client.messages("asked") == 0);
}

TEST_CASE("a mirror is refused") {
  NEEDS_BATCHES;
  World world;
  REQUIRE(world.server.natskv({"add", "m", "--mirror", "b", "-q"}).status == 0);
  const auto result = world.server.natskv({"import", "m", "--atomic"}, {.input = lines_of(2, "v")});
  CHECK(result.status == 1);
  CHECK(has(result.err, "is a mirror; an atomic import goes to its origin \"b\""));
}

// The connection is lost at many places of what the server says: what is stored is all or nothing, and the
// status tells.
TEST_CASE("a lost answer: 0 where the batch's id is found, else 7; otherwise nothing is stored") {
  NEEDS_BATCHES;
  World world;
  const TempDir folder;
  constexpr int count = 20;
  const auto through = [&](Proxy& proxy, const std::string& value, const char* timeout, bool comes_back) {
    write_file(folder / "in", lines_of(count, value));
    Process import(natskv_command(
        {"import", "b", "--atomic", "-F", folder / "in", "-s", proxy.url(), "--timeout", timeout}));
    if (comes_back) {
      CHECK(eventually([&] { return proxy.connections() > 1; }));
      proxy.limit({});
    }
    return import.wait(40);
  };
  std::int64_t total = 0;
  {
    Proxy proxy(world.server.port());
    REQUIRE(through(proxy, "first", "20s", false).status == 0);
    total = proxy.received();
  }
  std::string before = "first";
  int round = 0;
  for (const bool comes_back : {true, false}) {
    for (std::int64_t left : {1, 30, 60, 80, 200, 500, 900}) {
      const std::string value = fmt::format("round{}", ++round);
      CAPTURE(left);
      CAPTURE(comes_back);
      Proxy proxy(world.server.port());
      proxy.limit(total - left);
      const auto result = through(proxy, value, "1s", comes_back);
      CAPTURE(result.err);
      int stored = 0;
      for (int i = 0; i < count; ++i) {
        const auto now = world.value(fmt::format("k.{}", i));
        CHECK((now == value || now == before));
        stored += now == value ? 1 : 0;
      }
      CHECK((stored == 0 || stored == count));
      CHECK((result.status == 0 || result.status == 7 || result.status == 5));
      if (result.status == 0) CHECK(stored == count);
      if (result.status == 5) CHECK(stored == 0);
      if (result.status == 7) CHECK(has(result.err, "all of it may have been stored, or nothing"));
      if (stored == count) before = value;
    }
  }
}

TEST_CASE("three replicas, leaders that step down: whole or absent, and the status tells") {
  NEEDS_BATCHES;
  Cluster cluster;
  Client client(cluster.node(0).url());
  client.add_bucket("r", R"({"max_msgs_per_subject": 2, "allow_atomic": true, "num_replicas": 3})");
  cluster.settle("KV_r");
  std::string before;
  for (int round = 0; round < 6; ++round) {
    const std::string value = fmt::format("round{}", round);
    Process import(natskv_command({"import", "r", "--atomic", "-s", cluster.url()},
                                  {.input = lines_of(400, value), .limit = 60}));
    if (round % 2 == 1) client.api("STREAM.LEADER.STEPDOWN.KV_r");
    const auto result = import.wait(60);
    CAPTURE(result.err);
    CHECK((result.status == 0 || result.status == 7 || result.status == 5));
    cluster.settle("KV_r");
    const auto read = natskv::test::natskv(
        {"get", "r", "k.0", "k.399", "--consistent", "-o", "jsonl", "-s", cluster.url()});
    const bool stored = has(read.out, "\"value\":\"" + value + "\"");
    if (stored) CHECK_FALSE(has(read.out, "\"value\":\"" + before + "\""));
    if (result.status == 0) CHECK(stored);
    if (result.status == 5) CHECK_FALSE(stored);
    if (stored) before = value;
  }
  const auto stale =
      natskv::test::natskv({"import", "r", "--atomic", "-s", cluster.url()},
                           {.input = line("new", "1") + line("k.0", "x", ",\"if_revision\":1")});
  CHECK(stale.status == 4);
  CHECK(has(stale.err, "key \"k.0\""));
}
