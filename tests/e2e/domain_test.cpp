// A bucket behind a leaf node (JetStream domain) and one of another account (API prefix): every path.
#include "support/client.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace natskv::test;

namespace {

// Binds, gets, puts, lists, marks, many at once: kvStore_*, API requests, direct gets, pipelines, consumers.
void use(const Server& server, const std::vector<std::string>& more) {
  const auto go = [&](std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.end(), more.begin(), more.end());
    const auto result = server.natskv(words, {.input = input});
    CAPTURE(words[0]);
    CAPTURE(result.err);
    CHECK(result.status == 0);
    return result.out;
  };
  CHECK(go({"put", "b", "k", "v1"}) == "1\n");
  CHECK(go({"get", "b", "k"}) == "v1");
  CHECK(go({"update", "b", "k", "v2", "1"}) == "2\n");
  CHECK(go({"create", "b", "l", "w"}) == "3\n");
  CHECK(go({"get", "b", "k", "l", "-o", "tsv"}).find("l\t3\t") != std::string::npos);
  CHECK(go({"get", "b", "k", "--revision", "1"}) == "v1");
  CHECK(go({"get", "b", "k", "--consistent"}) == "v2");
  CHECK(go({"keys", "b"}) == "k\nl\n");
  CHECK(go({"history", "b", "k", "-o", "tsv"}).find("k\t1\tPUT") == 0);
  CHECK(go({"watch", "b", "--initial", "-o", "tsv"}).find("l\t3\tPUT") != std::string::npos);
  CHECK(go({"del", "b", "l"}) == "4\n");
  CHECK(go({"purge", "b", "k", "l"}) == "5\n6\n");
  CHECK(go({"info", "b", "-o", "tsv"}).find("bucket\tb") != std::string::npos);
  go({"doctor", "b"});
  go({"import", "b"}, R"({"key":"m","value":"1"})");
  CHECK(go({"put", "b", "m", "2"}) == "8\n");
  CHECK(go({"revert", "b", "m", "7"}) == "9\n");
  CHECK(go({"export", "b"}).find(R"("key":"m","revision":9,"operation":"PUT")") != std::string::npos);
  CHECK(go({"ls", "--names"}) == "b\n");
  CHECK(go({"edit", "b", "--history", "6"}) == "history\t5\t6\n");
  go({"compact", "b", "--force", "--older-than", "0"});
  CHECK(go({"history", "b", ">"}).find("k\t") == std::string::npos);
  CHECK(go({"del", "b", "*", "--force"}) == "10\n");
  go({"add", "c"});
  go({"purge", "b", "--all", "--force"});
  CHECK(go({"keys", "b", "--deleted"}).empty());
  go({"rm", "c", "--force"});
}

}  // namespace

TEST_CASE("a JetStream domain behind a leaf node") {
  const int leaf_port = free_ports(1).at(0);
  const Server hub({.config = "leafnodes { host: 127.0.0.1, port: " + std::to_string(leaf_port) + " }",
                    .jetstream_config = "domain: hub",
                    .name = "hub"});
  const Server leaf(
      {.config = "leafnodes { remotes: [ { url: \"nats://127.0.0.1:" + std::to_string(leaf_port) + "\" } ] }",
       .jetstream_config = "domain: leaf",
       .name = "leaf"});
  Client(hub.url()).add_bucket("b", R"({"max_msgs_per_subject":5,"allow_direct":true})");
  for (int i = 0; i < 100 && leaf.natskv({"keys", "b", "--js-domain", "hub", "--timeout", "1s"}).status != 0;
       ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(leaf.natskv({"keys", "b"}).status == 3);
  use(leaf, {"--js-domain", "hub"});
  const TempDir folder;
  write_file(folder / "c.json", R"({"jetstream_domain":"hub"})", 0600);
  CHECK(leaf.natskv({"keys", "b", "--context", folder / "c.json"}).status == 0);
  CHECK(leaf.natskv({"keys", "b", "--js-domain", "nowhere", "--timeout", "1s"}).status == 5);
  CHECK(leaf.natskv({"keys", "b", "--js-domain", "hub", "--js-api-prefix", "x"}).status == 2);
}

TEST_CASE("a mirror in a leaf's domain is written to from the hub") {
  const int leaf_port = free_ports(1).at(0);
  Server hub({.config = "leafnodes { host: 127.0.0.1, port: " + std::to_string(leaf_port) + " }",
              .jetstream_config = "domain: hub",
              .name = "hub"});
  const Server leaf(
      {.config = "leafnodes { remotes: [ { url: \"nats://127.0.0.1:" + std::to_string(leaf_port) + "\" } ] }",
       .jetstream_config = "domain: leaf",
       .name = "leaf"});
  REQUIRE(hub.natskv({"add", "c", "--history", "3", "-q"}).status == 0);
  const auto eventually = [&](std::vector<std::string> words) {
    for (int i = 0; i < 100; ++i) {
      if (hub.natskv(words).status == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  };
  REQUIRE(eventually({"add", "c", "--mirror", "c", "--mirror-domain", "hub", "--js-domain", "leaf", "-q",
                      "--timeout", "1s"}));
  const auto there = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--js-domain", "leaf", "--timeout", "20s"});
    return hub.natskv(words);
  };
  CHECK(there({"put", "c", "p", "1"}).out == "1\n");
  CHECK(there({"update", "c", "p", "2", "1"}).out == "2\n");
  CHECK(there({"create", "c", "n", "1"}).out == "3\n");
  CHECK(hub.natskv({"keys", "c"}).out == "p\nn\n");
  // An origin that is down takes nothing, and so nothing is in doubt.
  REQUIRE(leaf.natskv({"add", "s", "-q"}).status == 0);
  REQUIRE(leaf.natskv({"put", "s", "k", "1", "-q"}).status == 0);
  hub.kill9();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"put", "c", "k", "1"}, {"import", "c"}, {"cp", "s", "c"}}) {
    const auto result = leaf.natskv(words, {.input = R"({"key":"k","value":"1"})"
                                                     "\n"});
    CAPTURE(words[0]);
    CHECK(result.status == 5);
    CHECK_MESSAGE(result.err.find("its origin \"c\" in JetStream domain \"hub\" does not exist or cannot be "
                                  "reached; nothing was written") != std::string::npos,
                  result.err);
  }
}

TEST_CASE("another account's bucket through an API prefix") {
  const Server server({.config = R"(accounts: {
    OWNER: { jetstream: enabled, users: [ { user: owner, password: x } ], exports: [
      { service: "$JS.API.>" , response_type: stream }, { service: "$KV.b.>" }, { stream: "deliver.>" },
      { service: "$JS.FC.>" }, { service: "$JS.ACK.>" } ] },
    GUEST: { users: [ { user: guest, password: x } ], imports: [
      { service: { account: OWNER, subject: "$JS.API.>" }, to: "theirs.>" },
      { service: { account: OWNER, subject: "$JS.FC.>" } },
      { stream: { account: OWNER, subject: "deliver.>" } },
      { service: { account: OWNER, subject: "$KV.b.>" }, to: "theirs.$KV.b.>" } ] } })"});
  const auto as = [&](const char* user, std::vector<std::string> words) {
    words.insert(words.end(), {"--user", user, "--password", "x"});
    return server.natskv(words);
  };
  CHECK(as("owner", {"add", "b", "--history", "5", "-q"}).status == 0);
  CHECK(as("guest", {"get", "b", "k"}).status != 0);
  use(server,
      {"--js-api-prefix", "theirs", "--inbox-prefix", "deliver", "--user", "guest", "--password", "x"});
  CHECK(as("owner", {"put", "b", "k", "v"}).status == 0);
  CHECK(as("guest", {"get", "b", "k", "--js-api-prefix", "theirs."}).out == "v");
  const TempDir folder;
  write_file(folder / "c.json",
             R"({"user":"guest","password":"x","jetstream_api_prefix":"theirs","inbox_prefix":"deliver"})",
             0600);
  CHECK(server.natskv({"keys", "b", "--context", folder / "c.json"}).out == "k\n");
  // What another account's consumer delivers reaches only imported subjects: a listing that stays without a
  // message ends, whatever its consumer is told to be.
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"keys", "b"}, {"history", "b", "k"}, {"get", "b", "*"}}) {
    CAPTURE(words[0]);
    auto all = words;
    all.insert(all.end(), {"--js-api-prefix", "theirs", "--timeout", "4s"});
    const auto deaf = as("guest", all);
    CHECK_FALSE(deaf.timed_out);
    if (words[0] == "get" && server_at_least(2, 11)) {  // answered by one request, without a delivery
      CHECK(deaf.status == 0);
      CHECK(deaf.out.ends_with("\tv\n"));
      continue;
    }
    CHECK(deaf.status == 5);
    CHECK(deaf.err.find("nothing that it delivers arrives") != std::string::npos);
  }
}
