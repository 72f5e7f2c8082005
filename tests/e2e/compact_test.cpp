#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>

#include <string>
#include <tuple>

using namespace natskv::test;

namespace {

const Headers del{{"KV-Operation", "DEL"}};

struct Bucket {
  Server server;
  Client client{server.url()};
  Bucket() {
    client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
    client.put("b", "live", "1");
    for (const char* value : {"x", "y", "z"}) client.put("b", "gone", value);
    client.put("b", "gone", "", del);
    client.put("b", "purged", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
    client.put("b", "again", "", del);
    client.put("b", "again", "2");
  }
};

/// k.0 … k.<count-1>, each deleted.
void mark(const Server& server, int count) {
  std::string lines;
  for (int i = 0; i < count; ++i)
    lines += "{\"key\":\"k." + std::to_string(i) + "\",\"operation\":\"DEL\"}\n";
  REQUIRE(server.natskv({"import", "b", "-q"}, {.input = lines, .limit = 60}).status == 0);
}

}  // namespace

TEST_CASE("compact drops markers with the history under them, and nothing else") {
  Bucket b;
  const auto result = b.server.natskv({"compact", "b", "--older-than", "0", "--force"});
  CHECK(result.status == 0);
  CHECK(result.out == "");
  CHECK(result.err == "natskv: compact: bucket \"b\": dropped 2 markers, 5 revisions in all\n");
  CHECK(b.server.natskv({"keys", "b", "--deleted"}).out == "live\nagain\n");
  CHECK(b.client.messages("b") == 3);
  CHECK(b.client.last("b", "again").data == "2");
  const auto again = b.server.natskv({"compact", "b", "--older-than", "0", "-f", "-q"});
  CHECK(again.status == 0);
  CHECK(again.err == "");
}

TEST_CASE("compact keeps markers younger than half an hour, and says so") {
  Bucket b;
  const auto result = b.server.natskv({"compact", "b", "-f"});
  CHECK(result.status == 0);
  CHECK(result.err == "natskv: compact: bucket \"b\": no markers older than 30m to drop\n");
  CHECK(b.client.messages("b") == 8);
  run({.args = {"sleep", "6.1"}});  // so long may it take until natskv looks
  b.client.put("b", "young", "kept", {});
  b.client.put("b", "young", "", del);
  CHECK(b.server.natskv({"compact", "b", "-f", "--older-than", "6s"}).status == 0);
  CHECK(b.server.natskv({"keys", "b", "--deleted"}).out == "live\nagain\nyoung\n");
  // With what is under it.
  const auto history = b.server.natskv({"history", "b", "young", "-o", "tsv"}).out;
  CHECK(history.find("\tPUT\t") != std::string::npos);
  CHECK(history.find("\tDEL\t") != std::string::npos);
}

TEST_CASE("off a terminal compact refuses without --force, and a piped yes is no answer") {
  Bucket b;
  const auto result = b.server.natskv({"compact", "b", "--older-than", "0"}, {.input = "y\n"});
  CHECK(result.status == 2);
  CHECK(result.err.find("--force") != std::string::npos);
  CHECK(b.client.messages("b") == 8);
  CHECK(b.server.natskv({"compact", "b", "-f", "--older-than", "soon"}).status == 2);
  CHECK(b.server.natskv({"compact", "none", "-f"}).status == 3);
}

TEST_CASE("on a terminal compact asks, naming what would go") {
  Bucket b;
  for (const auto& [answer, status, left] : {std::tuple{"n\n", 1, 8U}, {"\n", 1, 8U}, {"y\n", 0, 3U}}) {
    CAPTURE(answer);
    Terminal terminal(b.server.command({"compact", "b", "--older-than", "0"}));
    REQUIRE(terminal.read_until("Drop 2 markers of bucket \"b\" at " + b.server.url() +
                                " (gone and purged) and the history under them?"));
    terminal.send(answer);
    CHECK(terminal.wait().status == status);
    CHECK(terminal.sane());
    CHECK(b.client.messages("b") == left);
  }
}

TEST_CASE("a marker that came after the question is not what was agreed to") {
  Bucket b;
  Terminal terminal(b.server.command({"compact", "b", "--older-than", "0"}));
  REQUIRE(terminal.read_until("Drop 2 markers"));
  b.client.put("b", "live", "", del);
  b.client.put("b", "gone", "back");
  terminal.send("y\n");
  CHECK(terminal.wait().status == 0);
  CHECK(b.server.natskv({"keys", "b", "--deleted"}).out == "again\nlive\ngone\n");
  CHECK(b.client.last("b", "gone").data == "back");
}

TEST_CASE("keys that are written again while compact runs keep their new values") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5, "storage": "memory"})");
  constexpr int keys = 3000;  // 2.9 looks through all between a key's first revision and its marker
  mark(server, keys);
  Writers writers(server.url(), "b", "k.", keys);
  while (writers.written() == 0) run({.args = {"sleep", "0.02"}});
  const auto result =
      server.natskv({"compact", "b", "--older-than", "0", "-f", "--timeout", "60s"}, {.limit = 90});
  CHECK_MESSAGE(result.status == 0, result.err);
  while (writers.written() < keys) run({.args = {"sleep", "0.02"}});
  writers.stop();
  client.put("b", "end", "v");
  CHECK(server.natskv({"keys", "b", "k.*", "--count"}).out == "3000\n");
}

TEST_CASE("all markers go, however many there are") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  mark(server, 30'000);
  client.put("b", "live", "v");
  const auto result =
      server.natskv({"compact", "b", "--older-than", "0", "-f", "--timeout", "60s"}, {.limit = 90});
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(result.err == "natskv: compact: bucket \"b\": dropped 30000 markers, 30000 revisions in all\n");
  CHECK(client.messages("b") == 1);
}

// The names of what goes are kept while it is listed, 8 MiB of them at a time.
TEST_CASE("all go, also in several batches") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  const std::string name(2900, 'x');
  constexpr int keys = 3200;
  std::string lines;
  for (int i = 0; i < keys; ++i)
    lines += "{\"key\":\"k." + name + std::to_string(i) + "\",\"value\":\"v\"}\n";
  REQUIRE(server.natskv({"import", "b", "-q"}, {.input = lines, .limit = 60}).status == 0);
  client.put("b", "live", "v");
  const auto purged = server.natskv({"purge", "b", "k.*", "-f"}, {.limit = 60});
  CHECK(purged.status == 0);
  CHECK(purged.err == "natskv: purge: purged 3200 keys\n");
  CHECK(client.last_revision("b") == 2 * keys + 1);
  const auto result = server.natskv({"compact", "b", "--older-than", "0", "-f"}, {.limit = 60});
  CHECK(result.status == 0);
  CHECK(result.err == "natskv: compact: bucket \"b\": dropped 3200 markers, 3200 revisions in all\n");
  CHECK(client.messages("b") == 1);
}

// Without it each purge reads 4 MB of the stream's file again: 150,000 markers took an hour, and timed out.
TEST_CASE("an old server is asked to keep in memory what is purged from, where the user may ask it") {
  Server server({.config = R"(authorization { users = [
    {user: all, password: all},
    {user: some, password: some, permissions: {publish: {deny: "$JS.API.STREAM.MSG.GET.>"}}}
  ] })"});
  Client client(server.url_as("all:all"));
  client.add_bucket("b");
  const auto compact = [&](const std::string& user) {
    for (int i = 0; i < 20; ++i) client.put("b", "k" + std::to_string(i), "", del);
    const auto result = natskv::test::natskv(
        {"compact", "b", "--older-than", "0", "-f", "--trace", "-s", server.url_as(user)});
    CHECK(result.status == 0);
    CHECK(result.err.find("dropped 20 markers, 20 revisions in all\n") != std::string::npos);
    return occurrences(result.err, "STREAM.MSG.GET.KV_b");
  };
  CHECK(compact("all:all") == (server_at_least(2, 10) ? 0 : 2));
  CHECK(compact("some:some") <= 2);
}
