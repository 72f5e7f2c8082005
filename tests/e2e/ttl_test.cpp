// TTLs of single keys, and the markers that the server writes when one expires.
#include "support/bucket.hpp"
#include "support/client.hpp"
#include "support/eventually.hpp"
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

/// Waits until the key's last message carries this header.
bool marked(Server& server, const std::string& key, const std::string& header, const std::string& value) {
  Client client(server.url());
  return eventually([&] {
    const auto headers = client.last("b", key).headers;
    const auto at = headers.find(header);
    return at != headers.end() && at->second == value;
  });
}

}  // namespace

TEST_CASE("a bucket without TTLs of keys refuses one before anything is written, and says how to allow it") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  for (const Words& words :
       {Words{"create", "b", "k", "v", "--ttl", "1h"}, Words{"purge", "b", "k", "--ttl", "1h"}}) {
    const auto refused = server.natskv(words);
    CHECK(refused.status == 1);
    CHECK(refused.out.empty());
    CHECK_MESSAGE(refused.err.find("marker-ttl") != std::string::npos, refused.err);
  }
  CHECK(client.messages("b") == 0);
  for (const char* ttl : {"999ms", "0", "-1s", "soon", ""}) {
    CAPTURE(ttl);
    CHECK(server.natskv({"create", "b", "k", "v", "--ttl", ttl}).status == 2);
    CHECK(server.natskv({"purge", "b", "k", "--ttl", ttl}).status == 2);
  }
}

TEST_CASE("a key that expired is not found; its marker is shown as what it is, never as an empty value") {
  Server server;
  if (!server_at_least(2, 11)) SKIP("this server knows no TTL of keys");
  Client client(server.url());
  REQUIRE(server.natskv({"add", "b", "--marker-ttl", "1h"}).status == 0);
  // What does not expire while it is looked at.
  REQUIRE(server.natskv({"add", "c", "--marker-ttl", "1h"}).status == 0);
  CHECK(server.natskv({"create", "c", "k", "v", "--ttl", "1h"}).out == "1\n");
  CHECK(client.last("c", "k").headers.at("Nats-TTL") == "3600s");
  const auto entry = Json::parse(server.natskv({"get", "c", "k", "-j"}).out);
  CHECK(entry["ttl_seconds"] == 3600);
  CHECK(entry["value"] == "v");
  CHECK(entry["expires"].is_string());
  Process watch(server.command({"watch", "b", "-o", "jsonl"}));
  REQUIRE(server.natskv({"put", "b", "empty", ""}).status == 0);
  CHECK(server.natskv({"create", "b", "k", "v", "--ttl", "1s"}).out == "2\n");
  REQUIRE(marked(server, "k", "Nats-Marker-Reason", "MaxAge"));

  CHECK(server.natskv({"get", "b", "k"}).status == 3);
  CHECK(server.natskv({"get", "b", "k", "-j"}).status == 3);
  CHECK(server.natskv({"get", "b", "k", "--default", "d"}).out == "d");
  CHECK(server.natskv({"get", "b", "empty"}).status == 0);
  CHECK(server.natskv({"keys", "b"}).out == "empty\n");
  CHECK(server.natskv({"get", "b", ">", "-o", "tsv"}).out.find("empty\t1\t") == 0);
  const auto history = Json::parse(server.natskv({"history", "b", "k", "-j"}).out);
  REQUIRE_FALSE(history.empty());
  const auto& marker = history.back();
  CHECK(marker["operation"] == "PURGE");
  CHECK(marker["marker_reason"] == "MaxAge");
  CHECK_FALSE(marker.contains("value"));
  CHECK(watch.read_until("\"marker_reason\":\"MaxAge\""));
  CHECK(watch.out().find(R"("operation":"PURGE")") != std::string::npos);
  const auto deleted = Json::parse(server.natskv({"keys", "b", "--deleted", "-v", "-j"}).out);
  CHECK(deleted.size() == 2);
  // It can be created again, over the marker.
  CHECK(server.natskv({"create", "b", "k", "again"}).status == 0);
  CHECK(server.natskv({"get", "b", "k"}).out == "again");
}

TEST_CASE("a purge marker with a TTL goes away by itself") {
  Server server;
  if (!server_at_least(2, 11)) SKIP("this server knows no TTL of keys");
  Client client(server.url());
  REQUIRE(server.natskv({"add", "b", "--marker-ttl", "1h"}).status == 0);
  client.put("b", "later", "v");
  CHECK(server.natskv({"purge", "b", "later", "--ttl", "1h"}).status == 0);
  const auto marker = client.last("b", "later");
  CHECK(marker.headers.at("KV-Operation") == "PURGE");
  CHECK(marker.headers.at("Nats-TTL") == "3600s");
  client.put("b", "k", "v");
  CHECK(server.natskv({"purge", "b", "k", "--ttl", "1s"}).status == 0);
  constexpr std::uint64_t of_purge = 4;
  CHECK(eventually([&] { return client.last("b", "k").revision != of_purge; }));
  CHECK(server.natskv({"get", "b", "k"}).status == 3);
}

TEST_CASE("values that the bucket's own TTL removed leave a marker, too") {
  Server server;
  if (!server_at_least(2, 11)) SKIP("this server writes no markers");
  REQUIRE(server.natskv({"add", "b", "--ttl", "1s", "--marker-ttl", "1h"}).status == 0);
  REQUIRE(server.natskv({"put", "b", "k", "v"}).status == 0);
  REQUIRE(marked(server, "k", "Nats-Marker-Reason", "MaxAge"));
  CHECK(server.natskv({"get", "b", "k"}).status == 3);
  CHECK(server.natskv({"keys", "b"}).out.empty());
}

TEST_CASE("a TTL that the server would lengthen is refused before anything is written") {
  Server server;
  if (!server_at_least(2, 11)) SKIP("this server knows no TTL of keys");
  REQUIRE(server.natskv({"add", "b", "--history", "5", "--marker-ttl", "1h"}).status == 0);
  const auto refused = server.natskv({"create", "b", "k", "v", "--ttl", "1m"});
  CHECK(refused.status == 1);
  CHECK(refused.err ==
        "natskv: create: bucket \"b\" has markers that live 3600s and a history: the server would keep it "
        "that long, "
        "not 60s\nhint: natskv edit b --marker-ttl 60s allows it\n");
  CHECK(Client(server.url()).messages("b") == 0);
  REQUIRE(server.natskv({"edit", "b", "--marker-ttl", "60s"}).status == 0);
  CHECK(server.natskv({"create", "b", "k", "v", "--ttl", "1m"}).status == 0);
  CHECK(Client(server.url()).last("b", "k").headers.at("Nats-TTL") == "60s");
}
