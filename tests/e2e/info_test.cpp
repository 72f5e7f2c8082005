// info: a bucket's configuration and state, of one server and of a cluster.
#include "support/bucket.hpp"
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <stdexcept>
#include <string>
#include <utility>

using namespace natskv::test;
using Json = nlohmann::json;

TEST_CASE("values and keys, bytes and times are the stream's") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 3, "max_bytes": 100000, "max_msg_size": 5000})");
  client.put("b", "a", std::string(1000, 'x'));
  client.put("b", "a", std::string(1000, 'y'));
  client.put("b", "x~y:z", "v");
  const auto info = Json::parse(server.natskv({"info", "b", "-j"}).out);
  const auto state = stream_info(server.url(), "b")["state"];
  CHECK(info["values"] == 3);
  CHECK(info["keys"] == 2);
  CHECK(info["bytes"] == state["bytes"]);
  CHECK(info["history"] == 3);
  CHECK(info["max_value_bytes"] == 5000);
  CHECK(info["max_bucket_bytes"] == 100000);
  CHECK(info["created"].get<std::string>().size() == 30);
  CHECK(info["last_update"].get<std::string>().substr(0, 19) ==
        state["last_ts"].get<std::string>().substr(0, 19));
  CHECK(info["stream"] == "KV_b");
  CHECK(info["backing_store"] == "JetStream");
  CHECK_FALSE(info.contains("ttl_seconds"));
  // A server on its own names itself as leader, where it says so, and no cluster.
  const auto cluster = stream_info(server.url(), "b").value("cluster", Json::object());
  CHECK(info.value("cluster", Json::object()).value("leader", "") == cluster.value("leader", ""));
  CHECK_FALSE(info.value("cluster", Json::object()).contains("name"));
  CHECK_FALSE(info.contains("mirror"));
  for (const char* alias : {"status", "view"})
    CHECK(Json::parse(server.natskv({alias, "b", "-j"}).out) == info);
  const auto table = server.natskv({"info", "b", "-o", "table"});
  CHECK(table.out.find("Used:            2.1% of 97.7 KiB\n") != std::string::npos);
}

TEST_CASE("settings that natskv does not make are shown too, the server's own metadata is not") {
  Server server;
  if (!server_at_least(2, 10)) SKIP("this server keeps no metadata");
  Client(server.url()).add_bucket("b", R"({"metadata": {"x y": "1", "empty": ""}, "compression": "s2"})");
  const auto info = server.natskv({"info", "b", "-j"});
  CHECK(Json::parse(info.out)["metadata"] == Json({{"x y", "1"}, {"empty", ""}}));
  CHECK(info.out.find("_nats.") == std::string::npos);
  CHECK(server.natskv({"info", "b"}).out.find("compression\ts2\nmetadata.empty\t\nmetadata.x y\t1\n") !=
        std::string::npos);
}

TEST_CASE("text from the server can't drive a terminal") {
  Server server;
  Client(server.url()).add_bucket("b", R"({"description": "\u001b[31mred\nline"})");
  for (const char* format : {"table", "tsv", "json"}) {
    CHECK(server.natskv({"info", "b", "-o", format}).out.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("a bucket that is missing, and a format that it does not have") {
  Server server;
  const auto missing = server.natskv({"info", "none", "-j"});
  CHECK(missing.status == 3);
  CHECK(missing.out.empty());
  CHECK(missing.err ==
        "{\"error\":{\"exit\":3,\"code\":\"not_found\",\"bucket\":\"none\",\"message\":\"bucket \\\"none\\\" "
        "not found\",\"hint\":\"natskv ls lists the buckets\"}}\n");
  CHECK(server.natskv({"info", "b", "-o", "raw"}).status == 2);
  CHECK(server.natskv({"info", "a.b"}).status == 2);
  CHECK(server.natskv({"info"}).status == 2);
  CHECK(server.natskv({"info", "a", "b"}).status == 2);
}

TEST_CASE("in a cluster leader and replicas are shown, and placement puts them") {
  Cluster cluster;
  const auto on = [&](std::vector<std::string> words) {
    return natskv::test::natskv(std::move(words), {.env = {{"NATS_URL", cluster.url()}}});
  };
  const auto added = on({"add", "b", "--replicas", "3", "--cluster", "natskv", "--history", "2", "-j"});
  CHECK_MESSAGE(added.status == 0, added.err);
  CHECK(Json::parse(added.out)["replicas"] == 3);
  cluster.settle("KV_b");
  REQUIRE(on({"put", "b", "k", "v"}).status == 0);
  cluster.settle("KV_b");
  const auto info = Json::parse(on({"info", "b", "-j"}).out);
  CHECK(info["placement"] == Json({{"cluster", "natskv"}}));
  const auto leader = cluster.leader("KV_b");
  CHECK(info["cluster"]["name"] == "natskv");
  std::set<std::string> names{info["cluster"]["leader"].get<std::string>()};
  CHECK(info["cluster"]["replicas"].size() == 2);
  for (const auto& replica : info["cluster"]["replicas"]) {
    names.insert(replica["name"].get<std::string>());
    CHECK(replica["current"] == true);
    CHECK(replica["offline"] == false);
    CHECK(replica["lag"] == 0);
  }
  CHECK(names == std::set<std::string>{"n1", "n2", "n3"});
  const auto table = on({"info", "b", "-o", "table"}).out;
  CHECK(table.find("Cluster:") != std::string::npos);
  CHECK(table.find(", up to date\n") != std::string::npos);

  // A replica that is gone is seen to be.
  const auto gone = (leader + 1) % 3;
  cluster.node(gone).kill9();
  const auto name = "n" + std::to_string(gone + 1);
  const auto of = [&name](const Json& all) {
    for (const auto& replica : all["replicas"]) {
      if (replica["name"] == name)
        return std::pair(replica.value("current", false), replica.value("offline", false));
    }
    throw std::runtime_error("no replica " + name);
  };
  // Which of the two a server says, and when, is its own; between two equal answers natskv says the same.
  const auto away = [&] {
    const auto before = of(stream_info(cluster.node(leader).url(), "b")["cluster"]);
    const auto shown = of(Json::parse(on({"info", "b", "-j"}).out)["cluster"]);
    const auto after = of(stream_info(cluster.node(leader).url(), "b")["cluster"]);
    if (before == after) CHECK(shown == after);
    return before == after && shown != std::pair(true, false);
  };
  bool seen = false;
  for (int i = 0; i < 60 && !seen; ++i) {
    seen = away();
    if (!seen) run({.args = {"sleep", "0.5"}});
  }
  CHECK(seen);
  cluster.node(gone).restart();
  cluster.settle("KV_b");

  // The node that was killed may have been the one that changes go through.
  auto fewer = on({"edit", "b", "--replicas", "1"});
  for (int i = 0; i < 60 && (fewer.status == 5 || fewer.status == 7); ++i) {
    run({.args = {"sleep", "0.5"}});
    fewer = on({"edit", "b", "--replicas", "1"});
  }
  CHECK_MESSAGE(fewer.status == 0, fewer.err);
  CHECK(Json::parse(on({"info", "b", "-j"}).out)["replicas"] == 1);
  const auto more = on({"edit", "b", "--replicas", "3", "-j"});
  CHECK_MESSAGE(more.status == 0, more.err);
  CHECK(Json::parse(more.out)["changes"] == Json::array({{{"field", "replicas"}, {"old", 1}, {"new", 3}}}));
  cluster.settle("KV_b");
  // The server answers before all of its nodes have heard of it.
  CHECK(eventually([&] {
    return Json::parse(on({"info", "b", "-j"}).out)["cluster"]["replicas"].size() == 2;
  }));
  CHECK(on({"get", "b", "k"}).out == "v");

  // Placed by tags, which can be changed.
  const auto tagged = on({"add", "t", "--tags", "all", "--tags", "node:n2", "-j"});
  CHECK_MESSAGE(tagged.status == 0, tagged.err);
  CHECK(Json::parse(tagged.out)["placement"] == Json({{"tags", {"all", "node:n2"}}}));
  CHECK(cluster.leader("KV_t") == 1);
  CHECK(Json::parse(on({"info", "t", "-j"}).out)["cluster"]["leader"] == "n2");
  CHECK(on({"add", "c", "--tags", "all", "--tags", "node:n2", "--replicas", "3"}).status == 1);
  const auto nowhere = on({"add", "c", "--tags", "nowhere"});
  CHECK(nowhere.status == 1);
  CHECK(nowhere.err.find("natskv: add: bucket \"c\": ") == 0);
  CHECK(on({"add", "c", "--cluster", "elsewhere"}).status == 1);
  CHECK(on({"info", "c"}).status == 3);
}
