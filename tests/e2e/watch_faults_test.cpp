// ctest: long races
// watch while servers, connections and buckets come and go.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <map>
#include <sstream>
#include <string>

using namespace natskv::test;

namespace {

struct Shown {
  std::map<std::string, std::uint64_t> latest;  // of each key
  int events = 0;
  bool ordered = true;  // revisions only grow
};

Shown shown(const std::string& tsv) {
  Shown all;
  std::uint64_t before = 0;
  std::istringstream stream(tsv);
  for (std::string line; std::getline(stream, line); ++all.events) {
    const auto tab = line.find('\t');
    const auto revision = std::stoull(line.substr(tab + 1));
    if (revision <= before) all.ordered = false;
    before = all.latest[line.substr(0, tab)] = revision;
  }
  return all;
}

constexpr const char* begun = "trace: $JS.API.CONSUMER.CREATE.";  // with its answer

bool says(const Process& process, const std::string& text) {
  return process.err().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a server that is killed and restarted under a watch and a writer: nothing repeated, all latest") {
  Server server;
  {
    Client client(server.url());
    client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
    fill(client, "b", "k.", 200, "v");
  }
  Process watch(server.command({"watch", "b"}, {.limit = 90}));
  REQUIRE(watch.read_until("k.199\t"));
  for (int round = 0; round < 2; ++round) {
    {
      Writers writers(server.url(), "b", "k.", 200);
      watch.read_for(0.4);
      server.kill9();
    }
    REQUIRE(watch.read_err_until("lost, trying to reconnect"));
    server.restart();
    Writers writers(server.url(), "b", "k.", 200);
    watch.read_for(1);
    // All keys anew: an old server may have lost some's newest revision.
    REQUIRE(eventually([&] { return writers.written() >= 500; }));
  }
  Client client(server.url());
  const auto last = client.put("b", "k.end", "v");
  REQUIRE(watch.read_until("k.end\t" + std::to_string(last)));
  CHECK(says(watch, "connection restored"));
  watch.signal(SIGINT);
  const auto result = watch.wait();
  CHECK(result.status == 130);
  const auto all = shown(result.out);
  CHECK(all.ordered);
  int stale = 0;
  for (int i = 0; i < 200; ++i) {
    const auto key = "k." + std::to_string(i);
    if (all.latest.at(key) != client.last("b", key).revision) ++stale;
  }
  CHECK(stale == 0);
}

TEST_CASE("what an outage cost is said from which revision to which") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 3})");
  client.put("b", "k", "1");
  Proxy proxy(server.port());
  Process all(natskv_command({"watch", "b", "-s", proxy.url()}));
  Process one(natskv_command({"watch", "b", "k", "-s", proxy.url()}));
  Process other(natskv_command({"watch", "b", "none", "--trace", "-s", proxy.url()}));
  REQUIRE(all.read_until("k\t1"));
  REQUIRE(one.read_until("k\t1"));
  REQUIRE(other.read_err_until(begun));
  proxy.refuse();
  proxy.cut();
  REQUIRE(all.read_err_until("lost"));
  REQUIRE(other.read_err_until("lost"));
  for (int i = 2; i <= 10; ++i) client.put("b", "k", std::to_string(i));
  proxy.refuse(false);
  CHECK(all.read_until("k\t10"));
  CHECK(one.read_until("k\t10"));
  CHECK(all.read_err_until("bucket \"b\": revisions 2 to 7 are no longer kept and were missed\n"));
  CHECK(one.read_err_until("those of the revisions 2 to 10 that are no longer kept were missed\n"));
  CHECK(shown(all.out()).events == 4);
  CHECK(shown(all.out()).ordered);
  // Nobody can say whether there was one of its key among them.
  CHECK(other.read_err_until("those of the revisions 2 to 10 that are no longer kept were missed\n"));
}

TEST_CASE(
    "what a purge took away in an outage is said to who watches one key; where nothing went, nothing is") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
  // What a watch of these words says of an outage.
  const auto said = [&](const std::vector<std::string>& words, const auto& meanwhile) {
    client.put("b", "k", "shown");
    Proxy proxy(server.port());
    std::vector<std::string> command{"watch", "b", "-s", proxy.url()};
    command.insert(command.end(), words.begin(), words.end());
    Process watch(natskv_command(command));
    REQUIRE(watch.read_until("shown"));
    proxy.refuse();
    proxy.cut();
    REQUIRE(watch.read_err_until("lost"));
    meanwhile();
    proxy.refuse(false);
    REQUIRE(watch.read_err_until("connection restored"));
    return watch.err();
  };
  const auto on_server = [&](std::vector<std::string> command) {
    REQUIRE(server.natskv(std::move(command)).status == 0);
  };
  for (const auto& words : {std::vector<std::string>{"k"}, {"k", "--history"}, {"k", "zzz"}}) {
    CAPTURE(words);
    CHECK(said(words, [&] { client.put("b", "other", "kept"); }).find("missed") == std::string::npos);
    const auto with_marker = said(words, [&] {
      client.put("b", "k", "unseen");
      on_server({"purge", "b", "k"});
    });
    CHECK(with_marker.find("that are no longer kept were missed\n") != std::string::npos);
    const auto without = said(words, [&] {
      client.put("b", "k", "unseen");
      on_server({"del", "b", "k"});
      client.put("b", "other", "later");
      on_server({"compact", "b", "--older-than", "0", "--force"});
    });
    CHECK(without.find("that are no longer kept were missed\n") != std::string::npos);
  }
}

TEST_CASE("a bucket that is deleted under a watch ends it, connected or not") {
  Server server;
  Client client(server.url());
  for (const bool connected : {true, false}) {
    CAPTURE(connected);
    client.add_bucket("b");
    client.put("b", "k", "v");
    Proxy proxy(server.port());
    Process watch(natskv_command({"watch", "b", "-s", proxy.url()}));
    REQUIRE(watch.read_until("k\t1"));
    if (!connected) {
      proxy.refuse();
      proxy.cut();
      REQUIRE(watch.read_err_until("lost"));
    }
    client.delete_bucket("b");
    proxy.refuse(false);
    const auto result = watch.wait();
    CHECK(result.status == 3);
    CHECK(result.err.ends_with("natskv: watch: bucket \"b\" was deleted\n"));
  }
}

TEST_CASE("a bucket that is recreated is said, and starts from its current values") {
  Server server;
  Client client(server.url());
  for (const bool connected : {true, false}) {
    CAPTURE(connected);
    client.add_bucket("b");
    for (int i = 0; i < 5; ++i) client.put("b", "old", "v");
    Proxy proxy(server.port());
    Process watch(natskv_command({"watch", "b", "-s", proxy.url()}));
    REQUIRE(watch.read_until("old\t5"));
    if (!connected) {
      proxy.refuse();
      proxy.cut();
      REQUIRE(watch.read_err_until("lost"));
    }
    watch.pause();  // it may not look between the two
    client.delete_bucket("b");
    client.add_bucket("b");
    client.put("b", "new", "v");
    watch.resume();
    proxy.refuse(false);
    CHECK(watch.read_err_until("bucket \"b\" was recreated; starting from its current values\n"));
    CHECK(watch.read_until("new\t1\t"));
    client.put("b", "later", "v");
    CHECK(watch.read_until("later\t2\t"));
    watch.signal(SIGINT);
    CHECK(watch.wait().status == 130);
    client.delete_bucket("b");
  }
}

TEST_CASE("a bucket whose last revision went back is said, and starts from its current values") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "k", "one");
  const auto store = server.folder() / "store", before = server.folder() / "before";
  server.stop();
  std::filesystem::copy(store, before, std::filesystem::copy_options::recursive);
  server.restart();
  Process watch(natskv_command({"watch", "b", "-s", server.url()}));
  REQUIRE(watch.read_until("one\n"));
  REQUIRE(eventually([&] { return server.natskv({"put", "b", "k", "two"}).status == 0; }));
  REQUIRE(watch.read_until("two\n"));
  server.stop();
  std::filesystem::remove_all(store);
  std::filesystem::rename(before, store);
  server.restart();
  CHECK(watch.read_err_until(
      "bucket \"b\": its last revision is now 1, but 2 was shown; starting from its current values\n"));
  CHECK(watch.read_until("one\n"));
  watch.signal(SIGINT);
  CHECK(watch.wait().status == 130);
}

TEST_CASE("a bucket that is emptied during an outage is said") {
  Server server;
  Client client(server.url());
  for (const bool refilled : {true, false}) {
    CAPTURE(refilled);
    client.add_bucket("b");
    for (const char* key : {"a", "b", "c"}) client.put("b", key, "v");
    Proxy proxy(server.port());
    Process watch(natskv_command({"watch", "b", "-s", proxy.url()}));
    REQUIRE(watch.read_until("c\t3"));
    proxy.refuse();
    proxy.cut();
    REQUIRE(watch.read_err_until("lost"));
    client.api("STREAM.PURGE.KV_b");
    if (refilled) client.put("b", "d", "v");
    proxy.refuse(false);
    CHECK(watch.read_err_until("bucket \"b\" was emptied"));
    client.put("b", "e", "v");
    CHECK(watch.read_until("e\t"));
    CHECK(shown(watch.out()).events == (refilled ? 5 : 4));
    client.delete_bucket("b");
  }
}

TEST_CASE("a server that hangs longer than its heartbeats is waited for") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "k", "v");
  Process watch(server.command({"watch", "b"}));
  REQUIRE(watch.read_until("k\t1"));
  server.pause();
  CHECK(watch.read_err_until("no answer from "));
  server.resume();
  CHECK(watch.read_err_until("connection restored"));
  client.put("b", "k", "w");
  CHECK(watch.read_until("k\t2"));
  CHECK(shown(watch.out()).events == 2);
}

TEST_CASE("watch gives up after --max-disconnect, dead server or hung") {
  for (const bool dead : {true, false}) {
    CAPTURE(dead);
    Server server;
    Client client(server.url());
    client.add_bucket("b");
    client.put("b", "k", "v");
    Process watch(server.command({"watch", "b", "--max-disconnect", "4s"}));
    REQUIRE(watch.read_until("k\t1"));
    if (dead)
      server.kill9();
    else
      server.pause();
    const auto result = watch.wait();
    CHECK(result.status == 5);
    CHECK(result.err.find("bucket \"b\": no connection for 4s\n") != std::string::npos);
    if (!dead) server.resume();
  }
}

TEST_CASE("signals and a reader that went away end a watch whose server is gone") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "k", "v");
  const auto start = [&] { return server.command({"watch", "b"}); };
  Process interrupted(start()), terminated(start()), unread(start());
  for (Process* watch : {&interrupted, &terminated, &unread}) REQUIRE(watch->read_until("k\t1"));
  server.kill9();
  for (Process* watch : {&interrupted, &terminated, &unread}) REQUIRE(watch->read_err_until("lost"));
  interrupted.signal(SIGINT);
  terminated.signal(SIGTERM);
  unread.close_stdout();
  CHECK(interrupted.wait().status == 130);
  CHECK(terminated.wait().status == 143);
  CHECK(unread.wait().status == 141);
}

TEST_CASE("an outage during the initial load: every key's latest, nothing older behind it") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5, "storage": "memory"})");
  constexpr int keys = 20000;
  for (int i = 0; i < 3; ++i) fill(client, "b", "k.", keys, "v");
  Proxy proxy(server.port());
  proxy.limit(700'000);
  Process watch(natskv_command({"watch", "b", "--initial", "-s", proxy.url()}, {.limit = 60}));
  const bool lost = watch.read_err_until("lost");
  CAPTURE(watch.err());
  CAPTURE(watch.out().size());
  REQUIRE(lost);
  proxy.limit({});
  const auto result = watch.wait(60);
  CHECK(result.status == 0);
  const auto all = shown(result.out);
  CHECK(all.ordered);
  CHECK(all.events == keys);
  CHECK(all.latest.size() == keys);
}

TEST_CASE("permissions that are taken away under a watch are a refusal") {
  const auto users = [](const std::string& more) {
    return "authorization { users: [ {user: u, password: u" + more + "}, {user: a, password: a} ] }";
  };
  Server server({.config = users("")});
  const auto url = [&](const std::string& user) {
    return "nats://" + user + ":" + user + "@127.0.0.1:" + std::to_string(server.port());
  };
  Client(url("a")).add_bucket("b");
  Proxy proxy(server.port());
  Process watch(natskv_command(
      {"watch", "b", "--trace", "-s", "nats://u:u@127.0.0.1:" + std::to_string(proxy.port())}));
  REQUIRE(watch.read_err_until(begun));
  server.reload(users(R"(, permissions: {publish: {deny: "$JS.API.>"}})"));
  proxy.cut();  // a subscription that was allowed stays
  const auto result = watch.wait();
  CHECK(result.status == 6);
  CHECK(result.err.find("Permissions Violation") != std::string::npos);
}

TEST_CASE("a watch that is refused while it starts does not connect again") {
  auto script = FakeServer::handshake();
  script.push_back({Step::Kind::expect, "STREAM.INFO.KV_b"});
  script.push_back(
      {Step::Kind::send, "-ERR 'Permissions Violation for Publish to \"$JS.API.STREAM.INFO.KV_b\"'\r\n"});
  FakeServer server(script);
  const auto result =
      natskv::test::natskv({"-s", "127.0.0.1:" + std::to_string(server.port()), "watch", "b"});
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(server.connections() == 1);
}
