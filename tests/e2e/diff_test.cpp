// diff: added, removed, changed.
#include "support/client.hpp"
#include "support/memory.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace natskv::test;

namespace {

struct World {
  Server server;
  Client client{server.url()};
  World() {
    for (const char* bucket : {"a", "b"}) {
      client.add_bucket(bucket, R"({"max_msgs_per_subject": 3})");
      for (const char* key : {"same", "x.gone", "x.changed"}) client.put(bucket, key, "1");
    }
    client.put("b", "x.changed", "2");
    client.put("b", "x.gone", "", {{"KV-Operation", "DEL"}});
    client.put("b", "new", std::string("\0", 1));
  }
};

}  // namespace

TEST_CASE("diff shows what was added, changed and removed, with both revisions") {
  const World world;
  const auto result = world.server.natskv({"diff", "a", "b"});
  CHECK(result.status == 1);
  CHECK(result.out == "changed\tx.changed\t3\t4\nadded\tnew\t\t6\nremoved\tx.gone\t2\t\n");
  CHECK(result.err == "natskv: diff: 1 added, 1 removed, 1 changed\n");
  CHECK(world.server.natskv({"diff", "a", "b", "x.changed", "--values"}).out ==
        "changed\tx.changed\t3\t4\t1\t2\n");
  CHECK(world.server.natskv({"diff", "b", "a"}).out ==
        "added\tx.gone\t\t2\nchanged\tx.changed\t4\t3\nremoved\tnew\t6\t\n");
  CHECK(world.server.natskv({"diff", "a", "b", "x.*", "-o", "jsonl"}).out ==
        "{\"change\":\"changed\",\"key\":\"x.changed\",\"revision_a\":3,\"revision_b\":4}\n"
        "{\"change\":\"removed\",\"key\":\"x.gone\",\"revision_a\":2}\n");
}

TEST_CASE("diff is like diff: 0 the same, and trouble is not 1") {
  const World world;
  const auto same = world.server.natskv({"diff", "a", "b", "same"});
  CHECK(same.status == 0);
  CHECK(same.out.empty());
  CHECK(world.server.natskv({"diff", "a", "a", "-j"}).out == "[]\n");
  CHECK(world.server.natskv({"diff", "a", "missing"}).status == 3);
  CHECK(world.server.natskv({"diff", "a"}).status == 2);
  Run full = world.server.command({"diff", "a", "b"});
  full.out_file = "/dev/full";
  CHECK(run(full).status == 2);
  CHECK(natskv::test::natskv({"diff", "a", "b", "-s", "127.0.0.1:1"}).status == 5);
}

TEST_CASE("diff reaches another server by a context") {
  const World world;
  Server second;
  Client client(second.url());
  client.add_bucket("a");
  client.put("a", "same", "1");
  const TempDir folder;
  const auto context = folder / "other.json";
  write_file(context, "{\"url\":\"" + second.url() + "\"}");
  const auto result = world.server.natskv({"diff", "a", "a", "--to-context", context});
  CHECK(result.status == 1);
  CHECK(result.out == "removed\tx.gone\t2\t\nremoved\tx.changed\t3\t\n");
}

TEST_CASE("two large buckets are copied, compared and pruned in bounded memory") {
  World world;
  world.client.add_bucket("big1");
  world.client.add_bucket("big2");
  constexpr int keys = 100'000;
  const Run patient{.limit = 120};
  // As raw messages, with an acknowledged one now and then: as fast as the server takes them.
  fill(world.client, "big1", "k", keys, std::string(1024, 'v'));
  const auto copied = world.server.natskv({"cp", "big1", "big2"}, patient);
  CHECK(copied.status == 0);
  CHECK(copied.err.find("put 100000\n") != std::string::npos);
  check_within(copied, 32);
  world.client.put("big2", "k77", "other");
  world.client.put("big2", "extra", "x");
  const auto compared = world.server.natskv({"diff", "big1", "big2"}, patient);
  CHECK(compared.status == 1);
  CHECK(compared.out == "changed\tk77\t78\t100001\nadded\textra\t\t100002\n");
  check_within(compared, 32);
  world.client.add_bucket("small");
  world.client.put("small", "k5", "kept");
  const auto pruned = world.server.natskv({"cp", "small", "big2", "--prune", "--force"}, patient);
  CHECK(pruned.status == 0);
  CHECK(pruned.err.find("put 1, deleted 100000\n") != std::string::npos);
  check_within(pruned, 32);
  CHECK(world.server.natskv({"keys", "big2"}, patient).out == "k5\n");
}
