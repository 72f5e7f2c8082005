// What goes wrong between natskv and the server: each with its own exit status, and within its time.
#include "support/buckets.hpp"
#include "support/tcp.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <csignal>

using namespace natskv::test;

namespace {

Result with(const std::string& url, const std::vector<std::string>& words, Run run = {}) {
  run.env["NATS_URL"] = url;
  return natskv::test::natskv(words, std::move(run));
}

const std::vector<std::vector<std::string>> one_key_commands{
    {"get", "b", "k"},
    {"put", "b", "k", "v"},
    {"create", "b", "k", "v"},
    {"update", "b", "k", "v", "1"},
    {"del", "b", "k"},
    {"purge", "b", "k"},
    {"revert", "b", "k", "1"},
    {"rm", "b", "-f"},
    {"purge", "b", "--all", "-f"},
    {"get", "b", "k", "l"},
    {"get", "b", "a.*"},
    {"del", "b", "k", "l"},
    {"del", "b", "a.*", "-f"},
};

}  // namespace

TEST_CASE("no server: 5, with the address and a hint") {
  for (const auto& words : one_key_commands) {
    CHECK(all(nowhere(words)) ==
          fmt::format(
              "5||natskv: {}: no server answers at nats://127.0.0.1:1\nhint: start one (natskv sandbox), or "
              "name another with --server or NATS_URL\n",
              words[0]));
  }
}

TEST_CASE("a name that does not resolve: 5, said so") {
  const auto result = with("nats://no-such-host.invalid:4222", {"get", "b", "k"});
  CHECK(result.status == 5);
  CHECK(result.err.starts_with("natskv: get: cannot resolve \"no-such-host.invalid\": "));
}

TEST_CASE("a silent listener: 5 within the timeout, for every command") {
  const Listener silent;
  for (auto words : one_key_commands) {
    CAPTURE(words[0]);
    words.insert(words.begin(), {"--timeout", "200ms"});
    const auto result = with(silent.url(), words, {.limit = 10});
    CHECK_FALSE(result.timed_out);
    CHECK(result.status == 5);
    CHECK(result.err == fmt::format("natskv: {}: no answer from {} within 200ms\n", words[2], silent.url()));
  }
}

TEST_CASE("a server that greets and then never answers: reads are 5, writes that were sent are 7") {
  const FakeServer fake(FakeServer::handshake());
  for (auto words : one_key_commands) {
    CAPTURE(fmt::format("{} {}", words[0], words[2]));
    words.insert(words.begin(), {"--timeout", "300ms"});
    const auto result = with(fake.url(), words, {.limit = 10});
    CHECK_FALSE(result.timed_out);
    // None gets further than asking for the bucket but these, which ask nothing before they act.
    CHECK((result.status == 5 || result.status == 7));
    CHECK(result.err.find("no answer from") != std::string::npos);
    CHECK(lines(result.err) <= 3);
  }
}

TEST_CASE("a server that went away behind its greeting is not one that expects TLS first") {
  const auto script = FakeServer::handshake();
  const FakeServer fake(script);
  Proxy proxy(fake.port());
  proxy.limit(static_cast<std::int64_t>(script.front().text.size()) + 2);  // and nobody is greeted any more
  const auto result = with(proxy.url(), {"get", "b", "k"}, {.limit = 10});
  CHECK(result.status == 5);
  CHECK(has(result.err, "closed the connection: "));
  CHECK_FALSE(has(result.err, "--tlsfirst"));
}

TEST_CASE("a server without JetStream: 5, said so, at once") {
  const Server server({.jetstream = false});
  for (const auto& words : one_key_commands) {
    CAPTURE(fmt::format("{} {}", words[0], words[2]));
    const auto result = server.natskv(words, {.limit = 10});
    CHECK(result.status == 5);
    CHECK(result.err ==
          fmt::format("natskv: {}: JetStream is not available at {} (bucket \"b\")\nhint: start the "
                      "server with -js, or check --js-domain and --js-api-prefix\n",
                      words[0], server.url()));
  }
}

TEST_CASE("an account without JetStream: 6, said so, at once") {
  const Server server({.config = R"(accounts {
    A { users: [{user: a, password: p}], jetstream: enabled }
    B { users: [{user: b, password: p}] }
  })"});
  for (auto words : one_key_commands) {
    CAPTURE(fmt::format("{} {}", words[0], words[2]));
    words.insert(words.begin(), {"--user", "b", "--password", "p"});
    const auto result = server.natskv(words, {.limit = 10});
    CHECK(result.status == 6);
    CHECK(result.err ==
          fmt::format("natskv: {}: JetStream is not enabled for this account (bucket \"b\")\n", words[4]));
  }
}

TEST_CASE("a wrong or missing password: 6, never quoted") {
  const Server server({.config = "authorization { user: u, password: right }"});
  for (const auto& words : one_key_commands) {
    auto wrong = words;
    wrong.insert(wrong.begin(), {"--user", "u", "--password", "wr0ng"});
    for (const auto& line : {wrong, words}) {
      const auto result = server.natskv(line);
      CHECK(result.status == 6);
      const char* what = line == wrong ? " refused the credentials: " : " requires credentials: ";
      CHECK(result.err.find(what) != std::string::npos);
      CHECK(result.err.find("wr0ng") == std::string::npos);
      CHECK(lines(result.err) == 2);
    }
  }
  CHECK(with(fmt::format("nats://u:right@127.0.0.1:{}", server.port()), {"get", "nosuch", "k"}).status == 3);
}

TEST_CASE("permissions: a refused key is 6 at once, and of several the others go on") {
  const Server server({.config = R"(accounts { A { jetstream: enabled, users: [
    {user: admin, password: p},
    {user: u, password: p, permissions: {
      publish: {deny: ["$KV.b.secret.>", "$JS.API.DIRECT.GET.KV_b.$KV.b.secret.>", "$JS.API.STREAM.PURGE.>"]}}}] } })"});
  Client client(fmt::format("nats://admin:p@127.0.0.1:{}", server.port()));
  client.add_bucket("b");
  client.put("b", "secret.k", "v");
  client.put("b", "open", "v");
  const auto as_user = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--user", "u", "--password", "p", "--timeout", "20s"});
    const auto result = server.natskv(words, {.limit = 15});  // under the timeout: it may not be waited out
    CHECK_FALSE(result.timed_out);
    return result;
  };
  const std::string refused =
      "key \"secret.k\" of bucket \"b\": Permissions Violation for Publish to \"$KV.b.secret.k\"\n";
  CHECK(all(as_user({"put", "b", "secret.k", "w"})) == "6||natskv: put: " + refused);
  CHECK(all(as_user({"update", "b", "secret.k", "w", "1"})) == "6||natskv: update: " + refused);
  CHECK(all(as_user({"create", "b", "secret.k", "w"})) == "6||natskv: create: " + refused);
  CHECK(all(as_user({"del", "b", "secret.k"})) == "6||natskv: del: " + refused);
  CHECK(all(as_user({"purge", "b", "secret.k"})) == "6||natskv: purge: " + refused);
  CHECK(as_user({"get", "b", "secret.k"}).status == 6);
  CHECK(as_user({"purge", "b", "--all", "-f"}).status == 6);
  CHECK(client.last("b", "secret.k").revision == 1);

  auto several = as_user({"del", "b", "open", "secret.k", "more"});
  CHECK(all(several) == "6|3\n4\n|natskv: del: " + refused);
  client.put("b", "open", "v");
  CHECK(all(as_user({"del", "b", ">", "-f"})) ==
        "6|6\n|natskv: del: " + refused + "natskv: del: deleted 1 key\n");
  CHECK(client.last("b", "secret.k").data == "v");
}

TEST_CASE("a user who may not ask the leader creates and changes by what may be read") {
  const Server server({.config = R"(accounts { A { jetstream: enabled, users: [
    {user: admin, password: p},
    {user: u, password: p, permissions: {publish: {deny: ["$JS.API.STREAM.MSG.GET.>"]}}}] } })"});
  Client client(fmt::format("nats://admin:p@127.0.0.1:{}", server.port()));
  client.add_bucket("b", R"({"max_msgs_per_subject": 5, "allow_direct": true})");
  const auto as = [&](std::vector<std::string> words, Run rest = {}) {
    words.insert(words.begin(), {"--user", "u", "--password", "p"});
    return all(server.natskv(words, std::move(rest)));
  };
  const auto create = [&](const std::string& value) { return as({"create", "b", "k", value}); };
  CHECK(create("v") == "0|1\n|");
  CHECK(create("w") == "4||natskv: create: key \"k\" of bucket \"b\" exists, at revision 1\n");
  client.put("b", "k", "", {{"KV-Operation", "DEL"}});
  CHECK(create("w") == "0|3\n|");
  // What is written on the condition of what was read.
  CHECK(as({"modify", "b", "k", "--", "tr", "w", "x"}) == "0|4\n|");
  CHECK(as({"touch", "b", "k"}) == "0|5\n|");
  CHECK(as({"edit-value", "b", "k"}, {.env = {{"EDITOR", "sed -i s/x/y/"}}}) == "0|6\n|");
  CHECK(client.last("b", "k").data == "y");
  CHECK(as({"get", "b", "k", "--consistent"}).starts_with("6|"));
}

TEST_CASE("reading is refused: 6, by stream information, direct gets and inboxes") {
  const auto status = [](const std::string& permissions, const std::vector<std::string>& words) {
    const Server server(
        {.config = "accounts { A { jetstream: enabled, users: [{user: admin, password: p}, {user: "
                   "u, password: p, permissions: {" +
                   permissions + "}}] } }"});
    Client client(fmt::format("nats://admin:p@127.0.0.1:{}", server.port()));
    client.add_bucket("b");
    client.put("b", "k", "v");
    auto line = words;
    line.insert(line.begin(), {"--user", "u", "--password", "p", "--timeout", "20s"});
    const auto result = server.natskv(line, {.limit = 15});
    CHECK_FALSE(result.timed_out);
    CHECK((result.err.find("Permissions Violation for") != std::string::npos) == (result.status != 0));
    return result.status;
  };
  CHECK(status(R"(publish: {deny: ["$JS.API.>"]})", {"get", "b", "k"}) == 6);
  CHECK(status(R"(publish: {deny: ["$JS.API.>"]})", {"get", "b", ">"}) == 6);
  CHECK(status(R"(publish: {deny: ["$JS.API.DIRECT.>"]})", {"get", "b", "k"}) == 6);
  CHECK(status(R"(publish: {deny: ["$JS.API.DIRECT.>"]})", {"get", "b", "k", "l"}) == 6);
  // Newer servers give many keys in one answer, without a consumer.
  CHECK(status(R"(publish: {deny: ["$JS.API.CONSUMER.>"]})", {"get", "b", ">"}) ==
        (server_at_least(2, 11) ? 0 : 6));
  CHECK(status(R"(publish: {deny: ["$JS.API.CONSUMER.>"]})", {"keys", "b"}) == 6);
  CHECK(status(R"(subscribe: {deny: ["_INBOX.>"]})", {"get", "b", "k"}) == 6);
  CHECK(status(R"(subscribe: {deny: ["_INBOX.>"]})", {"get", "b", "k", "l"}) == 6);
  CHECK(status(R"(subscribe: {deny: ["_INBOX.>"]})", {"put", "b", "k", "l"}) == 6);
}

TEST_CASE("a write without an answer is 7: it may have been stored, and it was") {
  // A stream that acknowledges nothing.
  const TestBucket b(R"({"no_ack": true})");
  std::uint64_t revision = 0;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"put", "k", "v"},
                                                {"update", "k", "w", "1"},
                                                {"create", "n", "v"},
                                                {"del", "k"},
                                                {"purge", "k", "l"}}) {
    CAPTURE(words[0]);
    auto rest = words;
    rest.erase(rest.begin());
    rest.insert(rest.end(), {"-j", "--timeout", "4s"});  // for what comes before the write, too
    const auto result = b(words[0], rest);
    CHECK(result.status == 7);
    CHECK((result.out.empty() || result.out == "[]\n"));
    CHECK(result.err.find("the write may have been stored\",\"hint\":") != std::string::npos);
    CHECK(result.err.find(
              fmt::format("{{\"error\":{{\"exit\":7,\"code\":\"unknown\",\"bucket\":\"{}\",\"key\":\"{}\"",
                          b.name(), words[1])) != std::string::npos);
    CHECK(b.last_revision() > revision);
    revision = b.last_revision();
  }
}

TEST_CASE("a server that is paused or killed in the middle") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "k", "v");
  for (const bool killed : {false, true}) {
    CAPTURE(killed);
    Proxy proxy(server.port());
    proxy.pause_after(300);  // it is asking for the value
    Process process(natskv_command({"--timeout", "2s", "-s", proxy.url(), "get", "b", "k"}));
    REQUIRE(eventually([&] { return proxy.paused(); }));
    if (killed)
      server.kill9();
    else
      server.pause();
    proxy.pause(false);
    const auto result = process.wait();
    CHECK(result.status == 5);
    CHECK_FALSE(result.timed_out);
    if (!killed) server.resume();
  }
}

// A put of another may elect the new leader meanwhile: then it answers.
TEST_CASE("get of a bucket whose leader is gone is answered by a replica") {
  Cluster cluster;
  REQUIRE(eventually([&] {
    return with(cluster.node(0).url(), {"add", "b", "--replicas", "3", "-q"}).status == 0;
  }));
  REQUIRE(with(cluster.node(0).url(), {"put", "b", "k", "v"}).status == 0);
  const auto info = nlohmann::json::parse(with(cluster.node(0).url(), {"info", "b", "-j"}).out);
  const std::string leader = info.at("cluster").at("leader");
  const auto index = static_cast<std::size_t>(leader.back() - '1');
  cluster.settle("KV_b");  // each replica has it
  cluster.node(index).kill9();
  // Half of the time for the leader, half for a replica.
  const auto result = with(cluster.node((index + 1) % 3).url(), {"get", "b", "k", "--timeout", "7s"});
  CAPTURE(result.err);
  CHECK(result.status == 0);
  CHECK(result.out == "v");
}

TEST_CASE("signals end a command that waits: 130 and 143, with nothing on stdout") {
  const FakeServer fake(FakeServer::handshake());
  for (const int number : {SIGINT, SIGTERM}) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"get", "b", "k", "--timeout", "60s"},
          {"put", "b", "k", "v", "--timeout", "60s"}}) {
      Run run;
      run.env["NATS_URL"] = fake.url();
      const int before = fake.connections();
      Process process(natskv_command(words, std::move(run)));
      REQUIRE(eventually([&] { return fake.connections() == before + 1; }));
      process.read_for(0.1);
      process.signal(number);
      const auto result = process.wait();
      CHECK_FALSE(result.timed_out);
      CHECK(result.status == 128 + number);
      CHECK(result.out.empty());
    }
  }
  Listener silent;
  Run run;
  run.env["NATS_URL"] = silent.url();
  Process process(natskv_command({"get", "b", "k", "--timeout", "60s"}, std::move(run)));
  process.read_for(0.2);
  process.signal(SIGINT);
  CHECK(process.wait().status == 130);
}

TEST_CASE("a signal while a value is read from stdin ends it too") {
  Process process(natskv_command({"put", "b", "k"}, {.open_stdin = true}));
  process.send("part");
  process.read_for(0.1);
  process.signal(SIGINT);
  const auto result = process.wait();
  CHECK_FALSE(result.timed_out);
  CHECK(result.status == 130);
}

TEST_CASE("errors as JSON: one line with the code of each status") {
  const TestBucket b;
  b.put("k", "v");
  const auto error = [](const Result& result) {
    const auto at = result.err.find("{\"error\":");
    return at == std::string::npos ? result.err : result.err.substr(at, result.err.find(",\"message\"") - at);
  };
  CHECK(error(kv({"put", b.name(), "k", "v", "-j", "--if-revision", "x"})) ==
        R"({"error":{"exit":2,"code":"usage")");
  CHECK(error(kv({"get", b.name(), "none", "-o", "jsonl"})) ==
        fmt::format(R"({{"error":{{"exit":3,"code":"not_found","bucket":"{}","key":"none")", b.name()));
  CHECK(error(kv({"get", "nosuch", "k", "-j"})) ==
        R"({"error":{"exit":3,"code":"not_found","bucket":"nosuch")");
  CHECK(error(kv({"create", b.name(), "k", "v", "-j"})) ==
        fmt::format(R"({{"error":{{"exit":4,"code":"conflict","bucket":"{}","key":"k","revision":1)",
                    b.name()));
  CHECK(error(nowhere({"get", "b", "k", "-j"})) == R"({"error":{"exit":5,"code":"unreachable")");
  CHECK(error(kv({"put", b.name(), "k", "-j"}, {.input = std::string(2'000'000, 'x')})) ==
        fmt::format(R"({{"error":{{"exit":1,"code":"failure","bucket":"{}","key":"k")", b.name()));
  CHECK(kv({"get", b.name(), "none", "-o", "tsv"}).err.find("{\"error\"") == std::string::npos);
  const Server guarded({.config = "authorization {user: a, password: b}"});
  CHECK(error(guarded.natskv({"get", "b", "k", "-j"})) == R"({"error":{"exit":6,"code":"not_allowed")");
}
