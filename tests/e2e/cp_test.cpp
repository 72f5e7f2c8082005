// cp: a bucket's values into another.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

struct World {
  Server server;
  Client client{server.url()};
  World() {
    client.add_bucket("src", R"({"max_msgs_per_subject": 3})");
    client.add_bucket("dst", R"({"max_msgs_per_subject": 3})");
    client.put("src", "a", "old");
    client.put("src", "a", std::string("\0\xff", 2));
    client.put("src", "x.b", "2");
    client.put("src", "dead", "3");
    client.put("src", "dead", "", {{"KV-Operation", "DEL"}});
    client.put("dst", "extra", "e");
    client.put("dst", "x.b", "mine");
  }
  std::string keys() const { return server.natskv({"keys", "dst"}).out; }
};

}  // namespace

TEST_CASE("cp writes the latest values, and leaves the rest") {
  World world;
  const auto result = world.server.natskv({"cp", "src", "dst"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(has(result.err, "bucket \"dst\": put 2\n"));
  CHECK(world.client.last("dst", "a").data == std::string("\0\xff", 2));
  CHECK(world.client.last("dst", "x.b").data == "2");
  CHECK(world.client.last("dst", "dead").revision == 0);
  CHECK(world.client.last("dst", "extra").data == "e");
}

TEST_CASE("cp takes a pattern, --create keeps what is there") {
  World world;
  const auto result = world.server.natskv({"cp", "src", "dst", "--create"});
  CHECK(result.status == 4);
  CHECK(has(result.err, "key \"x.b\" of bucket \"dst\" exists, at revision 2"));
  CHECK(world.client.last("dst", "x.b").data == "mine");
  CHECK(world.client.last("dst", "a").data == std::string("\0\xff", 2));
  CHECK(world.server.natskv({"cp", "src", "dst", "x.>", "-q"}).status == 0);
  CHECK(world.client.last("dst", "x.b").data == "2");
}

TEST_CASE("cp --prune deletes what the source has not, forced only; --dry-run lists it") {
  World world;
  const auto refused = world.server.natskv({"cp", "src", "dst", "--prune"});
  CHECK(refused.status == 2);
  CHECK(
      refused.err ==
      "natskv: cp: pruning bucket \"dst\" needs confirmation, and this is not a terminal\nhint: --force does it "
      "without asking\n");
  const auto dry = world.server.natskv({"cp", "src", "dst", "--prune", "--dry-run"});
  CHECK(dry.status == 0);
  CHECK(dry.out == "a\tput\tnew\nx.b\tput\treplaces revision 2\nextra\tdelete\tnot in bucket \"src\"\n");
  CHECK(has(dry.err, "would put 2, delete 1"));
  CHECK(world.client.messages("dst") == 2);
  CHECK(world.server.natskv({"cp", "src", "dst", "--prune", "-f"}).status == 0);
  CHECK(world.keys() == "a\nx.b\n");
  CHECK(world.server.natskv({"diff", "src", "dst"}).status == 0);
}

TEST_CASE("cp --prune deletes nothing where a write failed") {
  World world;
  const auto result = world.server.natskv({"cp", "src", "dst", "--create", "--prune", "-f"});
  CHECK(result.status == 4);
  CHECK(has(result.err, "nothing was pruned"));
  CHECK(world.client.last("dst", "extra").data == "e");
}

TEST_CASE("cp into itself, from or to nothing is refused") {
  const World world;
  CHECK(world.server.natskv({"cp", "src", "src"}).status == 2);
  CHECK(world.server.natskv({"cp", "missing", "dst"}).status == 3);
  CHECK(world.server.natskv({"cp", "src", "missing"}).status == 3);
}

TEST_CASE("cp reaches another server by a context") {
  const World world;
  Server second;
  Client client(second.url());
  client.add_bucket("src");
  const TempDir folder;
  const auto context = folder / "other.json";
  write_file(context, "{\"url\":\"" + second.url() + "\"}");
  CHECK(world.server.natskv({"cp", "src", "src", "--to-context", context}).status == 0);
  CHECK(client.last("src", "x.b").data == "2");
  CHECK(world.server.natskv({"diff", "src", "src", "--to-context", context}).status == 0);
}

TEST_CASE("a time to live goes along, or fails its key where it can't") {
  if (!server_at_least(2, 11)) SKIP("this server has no per-key TTL");
  World world;
  world.client.add_bucket("from", R"({"allow_msg_ttl": true})");
  world.client.add_bucket("to", R"({"allow_msg_ttl": true})");
  world.client.put("from", "k", "v", {{"Nats-TTL", "3600s"}});
  CHECK(world.server.natskv({"cp", "from", "to"}).status == 0);
  CHECK(has(world.client.last("to", "k").headers.at("Nats-TTL"), "s"));
  const auto refused = world.server.natskv({"cp", "from", "dst"});
  CHECK(refused.status == 1);
  CHECK(has(refused.err, "has a time to live, but bucket \"dst\" has no per-key TTL"));
}

TEST_CASE("cp --prune deletes what was there at the question, and no key that was written since") {
  World world;
  world.client.put("dst", "old", "o");
  Terminal terminal(world.server.command({"cp", "src", "dst", "--prune"}));
  REQUIRE(terminal.read_until("delete 2 keys that the source does not have (extra and old)?"));
  world.client.put("dst", "extra", "again");
  world.client.put("dst", "young", "y");
  terminal.send("y\n");
  CHECK(terminal.wait().status == 4);
  CHECK(has(terminal.screen(),
            "key \"extra\" of bucket \"dst\" was written meanwhile, at revision 4; it stays"));
  CHECK(has(terminal.screen(), "key \"young\""));
  CHECK(has(terminal.screen(), "put 2, deleted 1, conflicts 2"));
  CHECK(world.client.last("dst", "extra").data == "again");
  CHECK(world.client.last("dst", "young").data == "y");
  CHECK(world.client.last("dst", "old").headers.at("KV-Operation") == "DEL");
}

TEST_CASE("a bucket that allows its consumers little is read all the same") {
  if (!server_at_least(2, 10)) SKIP("this server limits no consumers by the stream");
  World world;
  world.client.add_bucket("tight", R"({"consumer_limits": {"max_ack_pending": 5}})");
  for (int i = 0; i < 100; ++i) world.client.put("tight", "k" + std::to_string(i), "v");
  const auto result = world.server.natskv({"cp", "tight", "dst"});
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(has(result.err, "put 100"));
  CHECK(world.server.natskv({"keys", "tight", "--count"}).out == "100\n");
}

TEST_CASE("a KEY that the source does not hold is 3, and nothing is changed, pruned least of all") {
  World world;
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--dry-run"}, {"--prune", "-f"}, {"--skip-unchanged"}}) {
    std::vector<std::string> words{"cp", "src", "dst", "extra"};
    words.insert(words.end(), more.begin(), more.end());
    const auto result = world.server.natskv(words);
    CHECK(result.status == 3);
    CHECK(has(result.err, "key \"extra\" not found in bucket \"src\""));
  }
  CHECK(world.client.last("dst", "extra").data == "e");
  CHECK(world.server.natskv({"cp", "src", "dst", "dead"}).status == 3);
  CHECK(world.server.natskv({"cp", "src", "dst", "none.>"}).status == 0);
}

TEST_CASE("a key whose headers do not fit costs that key, and the summary counts it") {
  Server server({.config = "max_payload: 1024"});
  Client client(server.url());
  client.add_bucket("src");
  client.add_bucket("dst");
  client.put("src", "big", std::string(1024, 'v'));
  for (const char* key : {"s1", "s2"}) client.put("src", key, "x");
  const auto result = server.natskv({"cp", "src", "dst", "--create"});
  CHECK(result.status == 1);
  CHECK(has(result.err, "key \"big\" of bucket \"dst\""));
  CHECK(has(result.err, "bucket \"dst\": put 2, failed 1\n"));
  CHECK(client.messages("dst") == 2);
}

TEST_CASE("a full bucket is said once, with how many keys and the first, and nothing more is sent") {
  Server server;
  Client client(server.url());
  client.add_bucket("src");
  client.add_bucket("full", R"({"max_bytes": 2000})");
  std::string lines;
  for (int i = 0; i < 5000; ++i)
    lines += "{\"key\":\"k" + std::to_string(i) + "\",\"value\":\"" + std::string(30, 'v') + "\"}\n";
  REQUIRE(server.natskv({"import", "src", "-q"}, {.input = lines}).status == 0);
  const auto check = [&](const Result& result) {
    CAPTURE(result.err);
    CHECK(result.status == 1);
    const auto at = result.err.find("bucket \"full\": the bucket is full; ");
    REQUIRE(at != std::string::npos);
    CHECK(has(result.err, " keys were not written, first \"k"));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 3);  // with its hint, and the summary
    CHECK(std::stoi(result.err.substr(at + 35)) < 4500);
  };
  check(server.natskv({"cp", "src", "full"}));
  check(server.natskv({"import", "full"}, {.input = lines}));
  check(server.natskv({"import", "full", "--keep-going"}, {.input = lines}));
}

TEST_CASE("cp --skip-unchanged writes what differs") {
  World world;
  REQUIRE(world.server.natskv({"cp", "src", "dst", "-q"}).status == 0);
  world.client.put("src", "a", "new");
  const auto before = world.client.messages("dst");
  const auto dry = world.server.natskv({"cp", "src", "dst", "--skip-unchanged", "--dry-run", "-j"});
  CHECK(dry.out ==
        "[\n{\"key\":\"x.b\",\"action\":\"unchanged\",\"reason\":\"has this value at revision 4\"},\n"
        "{\"key\":\"a\",\"action\":\"put\",\"reason\":\"replaces revision 3\"}\n]\n");
  CHECK(
      dry.err ==
      "{\"summary\":{\"bucket\":\"dst\",\"put\":1,\"unchanged\":1,\"deleted\":0,\"conflicts\":0,\"failed\":0,"
      "\"unknown\":0}}\n");
  const auto result = world.server.natskv({"cp", "src", "dst", "--skip-unchanged", "-j"});
  CHECK(result.status == 0);
  CHECK(
      result.out ==
      "{\"bucket\":\"dst\",\"put\":1,\"unchanged\":1,\"deleted\":0,\"conflicts\":0,\"failed\":0,\"unknown\":0}\n");
  CHECK(world.client.messages("dst") == before + 1);
}

TEST_CASE("cp --create --dry-run lists the conflict, with its status") {
  World world;
  const auto dry = world.server.natskv({"cp", "src", "dst", "--create", "--dry-run"});
  CHECK(dry.status == 4);
  CHECK(dry.out == "a\tput\tnew\nx.b\tconflict\texists, at revision 2\n");
  CHECK(dry.err == "natskv: cp: bucket \"dst\": would put 1; conflicts 1\n");
}

TEST_CASE(
    "cp --history copies every revision and marker in order; --create-bucket takes the settings along") {
  World world;
  const auto dry = world.server.natskv({"cp", "src", "made", "--create-bucket", "--history", "--dry-run"});
  CHECK(dry.status == 0);
  CHECK(dry.out == "a\tput\tnew\nx.b\tput\tnew\ndead\tdelete\tDEL\n");
  CHECK(world.server.natskv({"info", "made"}).status == 3);
  const auto result = world.server.natskv({"cp", "src", "made", "--create-bucket", "--history"});
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(has(result.err, "created bucket \"made\""));
  CHECK(world.server.natskv({"history", "made", ">", "-o", "tsv"}).out.find("DEL") != std::string::npos);
  CHECK(world.client.messages("made") == world.client.messages("src"));
  CHECK(has(world.server.natskv({"info", "made", "-o", "tsv"}).out, "history\t3\n"));
  CHECK(world.server.natskv({"diff", "src", "made"}).status == 0);
  const auto again = world.server.natskv({"cp", "src", "made", "--create-bucket"});
  CHECK(again.status == 0);
  CHECK_FALSE(has(again.err, "created"));
  CHECK(world.server.natskv({"cp", "none", "made2", "--create-bucket"}).status == 3);
  CHECK(world.server.natskv({"info", "made2"}).status == 3);
}

TEST_CASE("what expired at the source is not written, nor its value kept for ever") {
  if (!server_at_least(2, 11)) SKIP("this server has no per-key TTL");
  World world;
  world.client.add_bucket("from", R"({"allow_msg_ttl": true, "subject_delete_marker_ttl": 60000000000})");
  const auto made = world.server.natskv({"cp", "from", "to", "--create-bucket", "-q"});
  CHECK(made.status == 0);
  world.client.put("from", "never", "v", {{"Nats-TTL", "never"}});
  world.client.put("from", "k", "v", {{"Nats-TTL", "3600s"}});
  CHECK(world.server.natskv({"cp", "from", "to", "-q"}).status == 0);
  CHECK(world.client.last("to", "never").headers.at("Nats-TTL") == "never");
  CHECK(has(world.client.last("to", "k").headers.at("Nats-TTL"), "s"));
}

TEST_CASE("of two servers a message says which") {
  const World world;
  Server second;
  const TempDir folder;
  const auto context = folder / "other.json";
  write_file(context, "{\"url\":\"" + second.url() + "\"}");
  const auto target = world.server.natskv({"cp", "src", "dst", "--to-context", context});
  CHECK(target.status == 3);
  CHECK(has(target.err, "context \"other\": bucket \"dst\" not found"));
  const auto source = world.server.natskv({"cp", "none", "dst", "--to-context", context, "--create-bucket"});
  CHECK(source.status == 3);
}

TEST_CASE("Ctrl-C ends a copy between two servers, whichever of them says nothing") {
  const World world;
  Server second;
  Client(second.url()).add_bucket("dst");
  for (const bool source : {true, false}) {
    CAPTURE(source);
    Proxy from(world.server.port()), to(second.port());
    const TempDir folder;
    write_file(folder / "other.json", "{\"url\":\"" + to.url() + "\"}");
    Proxy& silent = source ? from : to;
    silent.pause_after(source ? 600 : 400);  // connected by then
    // Without a --timeout that would end it.
    Process cp(natskv_command(
        {"cp", "src", "dst", "--to-context", folder / "other.json", "-s", from.url(), "--timeout", "10m"}));
    REQUIRE(eventually([&] { return silent.paused(); }));
    cp.read_for(0.3);
    cp.signal(SIGINT);
    CHECK(cp.wait().status == 130);
  }
}
