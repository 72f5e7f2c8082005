// cp: a bucket's values into another.
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <string>

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

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("cp writes the latest values, and leaves the rest") {
  World world;
  const auto result = world.server.natskv({"cp", "src", "dst"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(has(result.err, "bucket \"dst\": put 2, "));
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
  CHECK(refused.err ==
        "natskv: cp: pruning bucket \"dst\" asks first, and nobody can be asked here\nhint: --force does it "
        "without asking\n");
  const auto dry = world.server.natskv({"cp", "src", "dst", "--prune", "--dry-run"});
  CHECK(dry.status == 0);
  CHECK(has(dry.out, "extra\t1\tPUT"));
  CHECK(has(dry.err, "would be: put 2, unchanged 0, deleted 1"));
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
  CHECK(has(refused.err, "has a time to live, bucket \"dst\" has no per-key TTL"));
}

TEST_CASE("cp --prune deletes what was there at the question, and no key that was written since") {
  World world;
  world.client.put("dst", "old", "o");
  Terminal terminal(world.server.command({"cp", "src", "dst", "--prune"}));
  REQUIRE(terminal.read_until("delete 2 keys that the source does not hold?"));
  world.client.put("dst", "extra", "again");
  world.client.put("dst", "young", "y");
  terminal.send("y\n");
  CHECK(terminal.wait().status == 4);
  CHECK(has(terminal.screen(),
            "key \"extra\" of bucket \"dst\" was written meanwhile, at revision 4; it stays"));
  CHECK(has(terminal.screen(), "key \"young\""));
  CHECK(has(terminal.screen(), "put 2, unchanged 0, deleted 1, conflicts 2"));
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
  CHECK(has(result.err, "put 100,"));
  CHECK(world.server.natskv({"keys", "tight", "--count"}).out == "100\n");
}
