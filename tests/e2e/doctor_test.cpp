// doctor: what works and what does not, in order, with the status of the first failure.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/identities.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace natskv::test;
using Words = std::vector<std::string>;

namespace {

// "settings=ok resolve=ok …"
std::string results(const Result& result) {
  std::string text;
  for (const auto& row : nlohmann::json::parse(result.out)) {
    text += (text.empty() ? "" : " ") + row.at("check").get<std::string>() + "=" +
            row.at("result").get<std::string>();
  }
  return text;
}

// The detail of one step; of a failed one with its hint.
std::string detail(const Result& result, const std::string& check) {
  for (const auto& row : nlohmann::json::parse(result.out)) {
    if (row.at("check") == check) return row.value("detail", "") + " | " + row.value("hint", "");
  }
  return "no row";
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("everything works, and nothing is written") {
  const Server server({.name = "n1"});
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "k", "v");
  const auto result = server.natskv({"doctor", "b", "--key", "k", "-j", "--timeout", "9s"});
  CHECK(result.status == 0);
  CHECK(results(result) ==
        "settings=ok resolve=ok tcp=ok tls=skipped authentication=ok server=ok latency=ok jetstream=ok "
        "bucket=ok read=ok "
        "list=ok watch=ok write=ok configuration=ok key ttl=off lock=off atomic=off");
  CHECK(result.out.find("timeout 9000ms (--timeout)") != std::string::npos);
  CHECK(result.out.find("(NATS_URL)") != std::string::npos);
  CHECK(result.out.find("name n1") != std::string::npos);
  CHECK(result.out.find("key \\\"k\\\": revision 1") != std::string::npos);
  CHECK(client.last_revision("b") == 1);
  CHECK(server.natskv({"doctor", "--key", "k"}).status == 2);
}

TEST_CASE("of lock it says what lock says") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_age": 1000000000, "duplicate_window": 1000000000})");
  client.add_bucket("c", R"({"max_age": 30000000000, "duplicate_window": 30000000000})");
  CHECK(detail(server.natskv({"doctor", "c", "-j"}), "lock") == "locks use the bucket's TTL of 30s | ");
  const auto too_short = detail(server.natskv({"doctor", "b", "-j"}), "lock");
  CHECK(holds(too_short, "its TTL of 1s is not between 2s and 3600s"));
  if (!server_at_least(2, 11)) {
    CHECK(holds(too_short, "natskv add locks --ttl 30s"));
    return;
  }
  CHECK(holds(too_short, "natskv edit b --ttl 0 --marker-ttl 1m"));
  CHECK(server.natskv({"edit", "b", "--ttl", "0", "--marker-ttl", "1m", "-f"}).status == 0);
  CHECK(server.natskv({"lock", "b", "k", "--", "true"}).status == 0);
  client.add_bucket(
      "d",
      R"({"max_msgs_per_subject": 3, "allow_msg_ttl": true, "subject_delete_marker_ttl": 7200000000000})");
  CHECK(server.natskv({"lock", "d", "k", "--", "true"}).status == 1);
  CHECK(holds(detail(server.natskv({"doctor", "d", "-j"}), "lock"), "markers that live 7200s"));
}

TEST_CASE("the first failure decides, what hangs on it is skipped") {
  const auto refused =
      natskv::test::natskv({"doctor", "b", "-j", "-s", "127.0.0.1:" + std::to_string(free_ports(1).at(0))});
  CHECK(refused.status == 5);
  CHECK(results(refused) ==
        "settings=ok resolve=ok tcp=failed tls=skipped authentication=skipped server=skipped latency=skipped "
        "jetstream=skipped bucket=skipped read=skipped list=skipped watch=skipped write=skipped "
        "configuration=skipped key ttl=skipped lock=skipped atomic=skipped");
  const auto unknown = natskv::test::natskv({"doctor", "-j", "-s", "no-such-host.invalid"});
  CHECK(unknown.status == 5);
  CHECK(results(unknown).find("resolve=failed") != std::string::npos);
  const Listener silent;
  const auto mute = natskv::test::natskv({"doctor", "-j", "-s", silent.url(), "--timeout", "500ms"});
  CHECK(mute.status == 5);
  CHECK(results(mute).find("tcp=ok tls=failed") != std::string::npos);
  // One that greets and then says nothing more, and one whose TLS handshake hangs.
  FakeServer greets(
      {{Step::Kind::send,
        "INFO {\"server_id\":\"x\",\"version\":\"2.9.0\",\"max_payload\":1000,\"headers\":true}\r\n"}});
  const auto table = natskv::test::natskv({"doctor", "-o", "tsv", "-s", greets.url(), "--timeout", "500ms"});
  CHECK(table.status == 5);
  CHECK(table.err.empty());
  // In which the greeting has to come.
  const auto half = natskv::test::natskv({"doctor", "-o", "json", "-s", greets.url(), "--timeout", "4s"});
  CHECK(half.status == 5);
  CHECK(half.err.empty());
  CHECK(results(half) ==
        "settings=ok resolve=ok tcp=ok tls=skipped authentication=failed server=skipped latency=skipped "
        "jetstream=skipped");
  CHECK(half.out.find("no answer from " + greets.url() + " within 4s") != std::string::npos);
  CHECK(natskv::test::natskv({"doctor", "-j", "--context", "none"}).status == 3);
  const Server locked({.config = "authorization { token: s3cret }"});
  const auto denied = locked.natskv({"doctor", "-j"});
  CHECK(denied.status == 6);
  CHECK(results(denied).find("authentication=failed") != std::string::npos);
  const Server plain({.jetstream = false});
  const auto none = plain.natskv({"doctor", "-j"});
  CHECK(none.status == 5);
  CHECK(results(none).find("jetstream=failed") != std::string::npos);
}

TEST_CASE("a missing bucket is 3, a key that may not be written fails only that check") {
  const Server server({.config = R"(accounts: { A: { jetstream: enabled, users: [
      { user: all, password: x },
      { user: some, password: x, permissions: { publish: { deny: ["$KV.b.secret.>"] } } } ] } })"});
  CHECK(server.natskv({"add", "b", "-q", "--user", "all", "--password", "x"}).status == 0);
  const auto missing = server.natskv({"doctor", "none", "-j", "--user", "all", "--password", "x"});
  CHECK(missing.status == 3);
  CHECK(results(missing).find("bucket=failed read=skipped") != std::string::npos);
  const auto denied =
      server.natskv({"doctor", "b", "--key", "secret.x", "-j", "--user", "some", "--password", "x"});
  CHECK(denied.status == 6);
  CHECK(results(denied).find("bucket=ok read=ok list=ok watch=ok write=failed") != std::string::npos);
  CHECK(server.natskv({"doctor", "b", "-j", "--user", "some", "--password", "x"}).status == 0);
}

TEST_CASE("what is found is said: certificate, user and account, version, limits") {
  const TempDir folder;
  if (const auto why = make_certificates(folder); !why.empty()) SKIP(why);
  const Server server(
      {.config = "tls { cert_file: \"" + folder / "server.pem" + "\", key_file: \"" + folder / "server.key" +
                 "\" }\naccounts: { ACC: { jetstream: { max_mem: 1M, max_file: 2M, max_streams: 3 }, "
                 "users: [ { user: al, password: x } ] } }"});
  const auto result =
      server.natskv({"doctor", "-j", "--tlsca", folder / "ca.pem", "--user", "al", "--password", "x"});
  CAPTURE(result.out);
  CHECK(result.status == 0);
  const auto tls = detail(result, "tls");
  CHECK(tls.starts_with("TLSv1.3; certificate for localhost, 127.0.0.1, from CN=test-ca, "));
  CHECK((holds(tls, "29 days left") || holds(tls, "30 days left")));
  const auto as = detail(result, "authentication");
  CHECK(holds(as, "user al"));
  if (server_at_least(2, 10))
    CHECK(holds(as, "account ACC"));
  else
    CHECK(holds(as, "the server does not say which account"));
  const auto [major, minor] = server_version();
  CHECK(holds(detail(result, "server"),
              "nats-server " + std::to_string(major) + "." + std::to_string(minor) + "."));
  CHECK(detail(result, "jetstream") == "0 of 3 streams, 0 B storage of 1.9 MiB, 0 B memory of 976.6 KiB | ");
}

TEST_CASE("a user who may have one connection is examined as a whole") {
  if (!server_at_least(2, 10)) SKIP("a server before 2.10 bounds no account's connections");
  const Server server({.config = R"(accounts: { A: { jetstream: enabled, limits: { max_connections: 1 },
    users: [ { user: a, password: b } ] } })"});
  REQUIRE(server.natskv({"add", "b", "--user", "a", "--password", "b", "-q"}).status == 0);
  const auto result = server.natskv({"doctor", "b", "--user", "a", "--password", "b", "-j"});
  CHECK_MESSAGE(results(result).find("authentication=ok server=ok latency=ok jetstream=ok bucket=ok") !=
                    std::string::npos,
                result.out);
}

TEST_CASE("who signs is said from the JWT or the seed, whether the server tells it or not") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  const Server server({.config = read_file(folder / "server.conf")});
  Result result;
  REQUIRE(eventually([&] {
    result = server.natskv({"doctor", "-j", "--creds", folder / "alice.creds"});
    return result.status == 0;
  }));
  CHECK(detail(result, "authentication").starts_with("by creds (user alice, account A"));
  std::string key = read_file(folder / "nkey.public");
  const Server other({.config = "authorization { users: [ { nkey: " + key + " } ] }"});
  key.erase(key.find_last_not_of(" \n") + 1);
  CHECK(detail(other.natskv({"doctor", "-j", "--nkey", folder / "nkey.seed"}), "authentication")
            .starts_with("by nkey (" + key + ")"));
}

TEST_CASE("a consumer that may not be made fails list and watch, each with its reason") {
  const Server server({.config = R"(accounts: { A: { jetstream: enabled, users: [
      { user: all, password: x },
      { user: some, password: x, permissions: { publish: { deny: ["$JS.API.CONSUMER.>"] } } } ] } })"});
  CHECK(server.natskv({"add", "b", "-q", "--user", "all", "--password", "x"}).status == 0);
  const auto result = server.natskv({"doctor", "b", "-j", "--user", "some", "--password", "x"});
  CHECK(result.status == 6);
  CHECK(holds(results(result), "bucket=ok read=ok list=failed watch=failed write=ok"));
  for (const char* step : {"list", "watch"}) CHECK(holds(detail(result, step), "$JS.API.CONSUMER."));
}

TEST_CASE("what a listing would be refused is found: all keys, or the one that is named") {
  const Server server({.config = R"(accounts: { A: { jetstream: enabled, users: [
      { user: all, password: x },
      { user: part, password: x, permissions: { publish: {
          allow: ["$JS.API.STREAM.INFO.KV_b", "$JS.API.DIRECT.GET.KV_b.>", "$JS.ACK.>", "$KV.b.>",
                  "$JS.API.CONSUMER.*.KV_b.*.$KV.b.dev.>", "$JS.API.CONSUMER.INFO.KV_b.>"] } } } ] } })"});
  for (const Words& words : {Words{"add", "b"},
                             {"put", "b", "dev.a", "1"},
                             {"put", "b", "other", "2"},
                             {"put", "b", "gone", "3"},
                             {"del", "b", "gone"}}) {
    auto all = words;
    all.insert(all.end(), {"-q", "--user", "all", "--password", "x"});
    REQUIRE(server.natskv(all).status == 0);
  }
  const auto whole = server.natskv({"doctor", "b", "-j", "--user", "all", "--password", "x"});
  CHECK(whole.status == 0);
  CHECK(detail(whole, "list") == "listed 2 keys | ");
  CHECK(detail(whole, "watch") == "watched all keys | ");
  const auto refused = server.natskv({"doctor", "b", "-j", "--user", "part", "--password", "x"});
  CHECK(refused.status == 6);
  CHECK(holds(results(refused), "list=failed watch=failed"));
  CHECK(holds(detail(refused, "list"), " | all keys were asked for; --key asks for one that you may list"));
  const auto named =
      server.natskv({"doctor", "b", "--key", "dev.a", "-j", "--user", "part", "--password", "x"});
  CHECK(holds(results(named), "read=ok list=ok watch=ok"));
  CHECK(detail(named, "list") == "listed key \"dev.a\": 1 found | ");
}

TEST_CASE("a server that falls silent behind its greeting has the time-out, no more") {
  FakeServer server(FakeServer::handshake());
  const auto result = natskv::test::natskv(
      {"-s", "127.0.0.1:" + std::to_string(server.port()), "--timeout", "4s", "doctor", "-j"});
  CAPTURE(result.out);
  CHECK(result.status == 5);
  CHECK(detail(result, "latency").starts_with("no answer from nats://127.0.0.1"));
}
