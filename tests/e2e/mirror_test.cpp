// Mirrors and sources: read like buckets, written to at their origin, shown with their lag.
#include "support/bucket.hpp"
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// Waits until the copy holds so many messages.
void caught_up(Server& server, const std::string& bucket, std::uint64_t messages) {
  for (int i = 0; i < 600; ++i) {
    if (Client(server.url()).messages(bucket) == messages) return;
    run({.args = {"sleep", "0.05"}});
  }
  throw std::runtime_error(bucket + " does not catch up");
}

std::string out(const Server& server, Words words) { return server.natskv(std::move(words)).out; }

}  // namespace

TEST_CASE("a mirror is read as a bucket, by its own name") {
  Server server;
  Client client(server.url());
  client.add_bucket("o", R"({"max_msgs_per_subject": 5})");
  client.put("o", "app.x", "1");
  client.put("o", "app.x", "2");
  client.put("o", "app.y", "3");
  client.put("o", "gone", "", {{"KV-Operation", "DEL"}});
  REQUIRE(server.natskv({"add", "m", "--mirror", "o", "--history", "5"}).status == 0);
  caught_up(server, "m", 4);
  CHECK(out(server, {"get", "m", "app.x"}) == "2");
  CHECK(out(server, {"get", "m", "app.x", "--revision", "1"}) == "1");
  CHECK(out(server, {"get", "m", "app.x", "--consistent"}) == "2");
  CHECK(server.natskv({"get", "m", "gone"}).status == 3);
  CHECK(server.natskv({"get", "m", "never"}).status == 3);
  CHECK(out(server, {"keys", "m"}) == "app.x\napp.y\n");
  CHECK(out(server, {"keys", "m", "*.y"}) == "app.y\n");
  CHECK(out(server, {"ls", "m", "--deleted"}) == "app.x\napp.y\ngone\n");
  const auto history = Json::parse(out(server, {"history", "m", "app.x", "-j"}));
  REQUIRE(history.size() == 2);
  CHECK(history[0]["bucket"] == "m");
  CHECK(history[0]["value"] == "1");
  CHECK(history[1]["revision"] == 2);
  const auto records = Json::parse(out(server, {"get", "m", "app.y", "app.x", "-j"}));
  CHECK(records[0]["value"] == "3");
  CHECK(records[1]["value"] == "2");
  CHECK(Json::parse(out(server, {"get", "m", "app.*", "-j"})).size() == 2);
  Process watch(server.command({"watch", "m", "app.*", "-o", "jsonl"}));
  REQUIRE(watch.read_until("\"3\""));
  client.put("o", "app.z", "new");
  CHECK(watch.read_until("\"app.z\""));
  CHECK(watch.out().find("$KV") == std::string::npos);
}

TEST_CASE("what is written to a mirror goes to its origin, under the origin's subject") {
  Server server;
  Client client(server.url());
  client.add_bucket("o", R"({"max_msgs_per_subject": 5})");
  REQUIRE(server.natskv({"add", "m", "--mirror", "o", "--history", "5"}).status == 0);
  CHECK(out(server, {"put", "m", "k", "one"}) == "1\n");
  CHECK(client.last("o", "k").data == "one");
  caught_up(server, "m", 1);
  CHECK(out(server, {"update", "m", "k", "two", "1"}) == "2\n");
  CHECK(client.last("o", "k").data == "two");
  CHECK(server.natskv({"update", "m", "k", "three", "1"}).status == 4);
  caught_up(server, "m", 2);
  CHECK(server.natskv({"create", "m", "k", "x"}).status == 4);
  CHECK(out(server, {"create", "m", "l", "x"}) == "3\n");
  caught_up(server, "m", 3);
  CHECK(server.natskv({"del", "m", "l"}).status == 0);
  CHECK(client.last("o", "l").headers.at("KV-Operation") == "DEL");
  caught_up(server, "m", 4);
  CHECK(server.natskv({"get", "m", "l"}).status == 3);
  CHECK(out(server, {"keys", "m"}) == "k\n");
}

TEST_CASE("a mirror whose origin is gone stores nothing, and says so: 5") {
  Server server;
  Client client(server.url());
  client.add_bucket("o");
  client.add_bucket("s");
  client.put("o", "k", "one");
  client.put("s", "k", "two");
  REQUIRE(server.natskv({"add", "m", "--mirror", "o", "-q"}).status == 0);
  caught_up(server, "m", 1);
  REQUIRE(server.natskv({"rm", "o", "-f"}).status == 0);
  const std::string why =
      "key \"k\" of bucket \"m\": it is a mirror, and its origin \"o\" does not exist or cannot be reached; "
      "nothing was written\n";
  for (const std::vector<std::string>& words : {std::vector<std::string>{"put", "m", "k", "v"},
                                                {"create", "m", "k", "v"},
                                                {"update", "m", "k", "v", "1"},
                                                {"del", "m", "k"},
                                                {"del", "m", "*", "-f"},
                                                {"purge", "m", "k"},
                                                {"import", "m"},
                                                {"cp", "s", "m"}}) {
    CAPTURE(words[0]);
    const auto result = server.natskv(words, {.input = R"({"key":"k","value":"v"})"
                                                       "\n"});
    if (words[0] == "create") {  // the mirror still has it
      CHECK(result.status == 4);
      continue;
    }
    CHECK(result.status == 5);
    // A server before 2.10 does not even list it.
    const bool listed = words.back() != "-f" || server_at_least(2, 10);
    CHECK_MESSAGE(result.err.find(listed ? why : "its origin \"o\" does not exist or cannot be reached") !=
                      std::string::npos,
                  result.err);
  }
  CHECK(out(server, {"get", "m", "k"}) == "one");
}

TEST_CASE("a mirror's own stream is not emptied, for it answers for its origin") {
  Server server;
  Client client(server.url());
  client.add_bucket("o", R"({"max_msgs_per_subject": 5})");
  client.put("o", "k", "v");
  client.put("o", "gone", "", {{"KV-Operation", "DEL"}});
  REQUIRE(server.natskv({"add", "m", "--mirror", "o", "--history", "5"}).status == 0);
  caught_up(server, "m", 2);
  const std::string reason =
      "bucket \"m\" mirrors bucket \"o\"; what is removed here is not removed there\nhint: natskv ";
  for (const auto& [words, there] : {std::pair{Words{"purge", "m", "--all", "-f"}, "purge o --all"},
                                     {Words{"purge", "m", "--all", "--dry-run", "-f"}, "purge o --all"},
                                     {Words{"compact", "m", "-f", "--older-than", "0"}, "compact o"}}) {
    CAPTURE(there);
    const auto refused = server.natskv(words);
    CHECK(refused.status == 1);
    CHECK(refused.out.empty());
    CHECK(refused.err == "natskv: " + words[0] + ": " + reason + there + "\n");
    CHECK(client.messages("m") == 2);
  }
  // On a terminal nobody is asked first.
  Terminal terminal(server.command({"purge", "m", "--all"}));
  CHECK(terminal.wait().status == 1);
  CHECK(terminal.screen().find("[y/N]") == std::string::npos);
  CHECK(client.messages("m") == 2);
}

TEST_CASE("a key of a mirror whose origin is full is not purged from the mirror") {
  if (!server_at_least(2, 10)) SKIP("this server takes markers in a full bucket");
  Server server;
  Client client(server.url());
  client.add_bucket("o", R"({"max_bytes": 2000})");
  for (int i = 0; i < 2; ++i) client.put("o", "k" + std::to_string(i), "v");
  const auto fill = [&](const std::string& value) {
    try {
      for (int i = 0; i < 100; ++i) client.put("o", "f" + std::to_string(i), value);
    } catch (const std::exception&) {  // full
    }
  };
  fill(std::string(200, 'x'));
  fill("");
  const auto stored = client.messages("o");
  REQUIRE(server.natskv({"add", "m", "--mirror", "o"}).status == 0);
  caught_up(server, "m", stored);
  for (const auto& words :
       {Words{"purge", "m", "k0"}, Words{"purge", "m", "k0", "k1"}, Words{"purge", "m", "k0", "-f"}}) {
    const auto refused = server.natskv(words);
    CHECK(refused.status == 1);
    CHECK_MESSAGE(refused.err.find("key \"k0\" of bucket \"m\": the bucket is full\nhint: natskv purge o k0 "
                                   "purges it at its origin, without a marker\n") != std::string::npos,
                  refused.err);
    CHECK(refused.err.find("purged without a marker") == std::string::npos);
    CHECK(client.messages("m") == stored);
  }
  CHECK(server.natskv({"purge", "o", "k0"}).status == 0);
}

TEST_CASE("a mirror that keeps less than its origin is warned of, for it answers reads of it") {
  Server server;
  Client client(server.url());
  client.add_bucket("o", R"({"max_msgs_per_subject": 5, "max_bytes": 100000, "max_msg_size": 1000})");
  const auto plain = server.natskv({"add", "m", "--mirror", "o"});
  CHECK(plain.status == 0);
  CHECK(
      plain.err ==
      "natskv: add: warning: bucket \"o\" keeps more than mirror \"m\" would, which may answer reads of it: "
      "--history (5 there)\n");
  const auto all = server.natskv({"add", "n", "--mirror", "o", "--history", "4", "--ttl", "1h",
                                  "--max-value-size", "999", "--max-bucket-size", "99999"});
  CHECK(all.err.find(": --history (5 there), --ttl (unlimited there), --max-value-size (1000 B there), "
                     "--max-bucket-size (100000 B there)\n") != std::string::npos);
  const auto same =
      server.natskv({"add", "s", "--mirror", "o", "--history", "5", "--max-bucket-size", "100000"});
  CHECK(same.status == 0);
  CHECK(same.err.empty());
  const auto edited = server.natskv({"edit", "s", "--history", "2"});
  CHECK(edited.status == 0);
  CHECK(edited.err.find("warning: bucket \"o\" keeps more than mirror \"s\" would") != std::string::npos);
  CHECK(server.natskv({"edit", "s", "--description", "d"}).err.empty());
  // Where the server asks only the origin itself, less is a choice.
  client.add_bucket("alone", R"({"max_msgs_per_subject": 5, "allow_direct": false})");
  CHECK(server.natskv({"add", "a", "--mirror", "alone"}).err.empty());
}

TEST_CASE("a key that expired at its origin is not found in a mirror, and not by one") {
  Server server;
  if (!server_at_least(2, 11)) SKIP("this server knows no TTL of keys");
  Client client(server.url());
  // No limit markers: nothing tells a mirror of the end of a key.
  client.add_bucket("o", R"({"allow_msg_ttl": true})");
  REQUIRE(server.natskv({"add", "m", "--mirror", "o"}).err.empty());
  CHECK(server.natskv({"create", "m", "k", "v", "--ttl", "5s"}).status == 0);
  // Not how many it has, which is 1 for a moment only.
  REQUIRE(eventually([&] { return client.last_revision("m") == 1; }));
  caught_up(server, "m", 0);
  CHECK(server.natskv({"get", "m", "k"}).status == 3);
  CHECK(out(server, {"keys", "m"}).empty());
  // The same words are the same mirror.
  const auto again = server.natskv({"add", "m", "--mirror", "o"});
  CHECK(again.status == 0);
  CHECK(again.err.find("exists already, with this configuration") != std::string::npos);
  // A mirror that is older than its origin's TTLs takes them later.
  client.add_bucket("p");
  REQUIRE(server.natskv({"add", "n", "--mirror", "p"}).status == 0);
  CHECK(stream_config(server.url(), "n").value("allow_msg_ttl", false) == false);
  REQUIRE(server.natskv({"edit", "p", "--marker-ttl", "1s"}).status == 0);
  CHECK(server.natskv({"add", "n", "--mirror", "p"}).status == 0);
  CHECK(server.natskv({"add", "n", "--mirror", "p", "--update"}).status == 0);
  CHECK(stream_config(server.url(), "n")["allow_msg_ttl"] == true);
}

TEST_CASE("whether a key written to a mirror may have a TTL is its origin's") {
  Server server;
  Client client(server.url());
  client.add_bucket("o");
  REQUIRE(server.natskv({"add", "m", "--mirror", "o"}).status == 0);
  const std::string none =
      "bucket \"o\" has no per-key TTL\nhint: natskv edit o --marker-ttl 1s enables it (nats-server 2.11 or "
      "newer)\n";
  const std::vector<Words> writes{{"create", "m", "k", "v", "--ttl", "60s"},
                                  {"purge", "m", "k", "--ttl", "60s"},
                                  {"purge", "m", "k", "l", "--ttl", "60s"}};
  for (const auto& words : writes) {
    const auto refused = server.natskv(words);
    CHECK(refused.status == 1);
    CHECK(refused.err == "natskv: " + words[0] + ": " + none);
  }
  CHECK(client.messages("o") == 0);
  if (!server_at_least(2, 11)) SKIP("writes with a TTL: this server has no TTLs of messages");
  REQUIRE(server.natskv({"edit", "o", "--marker-ttl", "1s"}).status == 0);
  for (const auto& words : writes) CHECK_MESSAGE(server.natskv(words).status == 0, words[0]);
  CHECK(server.natskv({"import", "m"}, {.input = R"({"key":"i","value":"v","ttl_seconds":60})"}).status == 0);
  CHECK(client.last("o", "i").headers.contains("Nats-TTL"));
}

TEST_CASE("info of a mirror says where it comes from and how far behind it is") {
  Server server;
  Client client(server.url());
  client.add_bucket("o");
  for (int i = 0; i < 10; ++i) client.put("o", "k" + std::to_string(i), "v");
  REQUIRE(server.natskv({"add", "m", "--mirror", "o"}).status == 0);
  caught_up(server, "m", 10);
  const auto info = Json::parse(out(server, {"info", "m", "-j"}));
  CHECK(info["values"] == 10);
  CHECK(info["mirror"]["bucket"] == "o");
  CHECK(info["mirror"]["lag"] == 0);
  CHECK(info["mirror"]["last_seen_seconds"].is_number());
  CHECK_FALSE(info["mirror"].contains("domain"));
  CHECK(out(server, {"info", "m", "-o", "table"}).find("Mirror:        o, up to date, heard from ") !=
        std::string::npos);
}

TEST_CASE("info says that a mirror or a source is broken, and tells no lag that nobody knows") {
  Server server;
  REQUIRE(server.natskv({"add", "m", "--mirror", "none"}).status == 0);
  const auto shows = [&](const std::string& bucket, const Words& words) {
    for (int i = 0; i < 200; ++i) {
      if (stream_info(server.url(), bucket).dump().find("stream not found") != std::string::npos)
        return out(server, words);
      run({.args = {"sleep", "0.05"}});
    }
    throw std::runtime_error("the server does not say that " + bucket + " is broken");
  };
  CHECK(Json::parse(shows("m", {"info", "m", "-j"}))["mirror"] ==
        Json({{"bucket", "none"}, {"error", "stream not found"}}));
  CHECK(
      out(server, {"info", "m", "-o", "table"}).find("Mirror:        none, not copied: stream not found\n") !=
      std::string::npos);
  CHECK(out(server, {"info", "m"}).find("mirror.error\tstream not found\n") != std::string::npos);
  if (!server_at_least(2, 10)) SKIP("the source: this server transforms no subjects");
  REQUIRE(server.natskv({"add", "s", "--source", "none"}).status == 0);
  CHECK(Json::parse(shows("s", {"info", "s", "-j"}))["sources"] ==
        Json::array({{{"bucket", "none"}, {"error", "stream not found"}}}));
}

TEST_CASE("sources bring the keys of other buckets under the bucket's own name") {
  Server server;
  if (!server_at_least(2, 10)) SKIP("this server transforms no subjects");
  Client client(server.url());
  client.add_bucket("x");
  client.add_bucket("y");
  client.put("x", "a", "from x");
  client.put("y", "b", "from y");
  REQUIRE(server.natskv({"add", "all", "--source", "x", "--source", "y"}).status == 0);
  caught_up(server, "all", 2);
  CHECK(out(server, {"get", "all", "a"}) == "from x");
  CHECK(out(server, {"get", "all", "b"}) == "from y");
  CHECK(Json::parse(out(server, {"keys", "all", "-j"})).size() == 2);
  CHECK(server.natskv({"put", "all", "own", "v"}).status == 0);
  CHECK(client.last("x", "own").revision == 0);
  CHECK(out(server, {"get", "all", "own"}) == "v");
  const auto info = Json::parse(out(server, {"info", "all", "-j"}));
  REQUIRE(info["sources"].size() == 2);
  CHECK(info["sources"][0]["bucket"] == "x");
  CHECK(info["sources"][0]["lag"] == 0);
  CHECK(info["sources"][1]["bucket"] == "y");
}

TEST_CASE("--no-mirror makes a bucket of its own where the server can, and says what stays behind") {
  Server server;
  Client client(server.url());
  client.add_bucket("o");
  client.put("o", "k", "v");
  REQUIRE(server.natskv({"add", "m", "--mirror", "o"}).status == 0);
  caught_up(server, "m", 1);
  const auto before = stream_config(server.url(), "m");
  const auto edited = server.natskv({"edit", "m", "--no-mirror", "--force"});
  if (!server_at_least(2, 12)) {
    CHECK(edited.status == 1);
    CHECK(edited.err.find("natskv: edit: bucket \"m\": ") == 0);
    CHECK(stream_config(server.url(), "m") == before);
    return;
  }
  CHECK(edited.status == 0);
  CHECK(edited.err.find("warning: what was copied stays stored under $KV.o.>") != std::string::npos);
  CHECK(server.natskv({"put", "m", "own", "v"}).status == 0);
  CHECK(client.last("o", "own").revision == 0);
  CHECK(out(server, {"get", "m", "own"}) == "v");
  CHECK(out(server, {"keys", "m"}) == "own\n");
}

TEST_CASE("a mirror of a bucket in another domain") {
  // hub and leaf, each with JetStream of its own; the leaf mirrors the hub's bucket.
  Server hub(
      {.config = "leafnodes { listen: \"127.0.0.1:-1\" }", .jetstream_config = "domain: hub", .name = "hub"});
  const auto log = hub.log();
  const std::string mark = "Listening for leafnode connections on 127.0.0.1:";
  REQUIRE(log.find(mark) != std::string::npos);
  const auto port = log.substr(log.find(mark) + mark.size(), 5);
  Server leaf({.config = "leafnodes { remotes: [ { url: \"nats://127.0.0.1:" +
                         std::to_string(std::stoi(port)) + "\" } ] }",
               .jetstream_config = "domain: leaf",
               .name = "leaf"});
  Client client(hub.url());
  client.add_bucket("o");
  client.put("o", "k", "v");
  bool linked = false;
  for (int i = 0; i < 200 && !linked; ++i) {
    linked = leaf.natskv({"info", "o", "--js-domain", "hub", "--timeout", "1s"}).status == 0;
    if (!linked) run({.args = {"sleep", "0.05"}});
  }
  REQUIRE(linked);
  const auto added = leaf.natskv({"add", "m", "--mirror", "o", "--mirror-domain", "hub"});
  CHECK_MESSAGE(added.status == 0, added.err);
  CHECK(added.err.empty());
  caught_up(leaf, "m", 1);
  CHECK(out(leaf, {"get", "m", "k"}) == "v");
  CHECK(out(leaf, {"keys", "m"}) == "k\n");
  const auto info = Json::parse(out(leaf, {"info", "m", "-j"}));
  CHECK(info["mirror"]["bucket"] == "o");
  CHECK(info["mirror"]["domain"] == "hub");
  CHECK(info["mirror"]["lag"] == 0);
  const auto written = leaf.natskv({"put", "m", "w", "at the origin"});
  CHECK_MESSAGE(written.out == "2\n", written.err);
  CHECK(client.last("o", "w").data == "at the origin");
}
