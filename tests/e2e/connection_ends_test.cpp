// A server that ends the connection, and says why: credentials that end, a line that is too long.
#include "support/buckets.hpp"
#include "support/identities.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

#include <optional>
#include <string>

using namespace natskv::test;

namespace {

std::string users(const char* password) {
  return fmt::format(R"(authorization {{ users = [
    {{user: all, password: p}}, {{user: w, password: {}}} ] }})",
                     password);
}

const std::string long_key(5000, 'k');

std::string line(const std::string& key) { return "{\"key\":\"" + key + "\",\"value\":\"v\"}\n"; }

}  // namespace

TEST_CASE("a connection that ends in this moment is not one too many") {
  if (!server_at_least(2, 10)) SKIP("a server before 2.10 bounds no account's connections");
  const Server server({.config = R"(accounts: { A: { jetstream: enabled, limits: { max_connections: 1 },
    users: [ { user: a, password: b } ] } })"});
  const std::string refusal = "maximum account active connections exceeded";
  std::optional<Client> other(server.url_as("a:b"));
  const auto refused = server.natskv({"ls", "-s", server.url_as("a:b")});
  CHECK(refused.status == 5);
  CHECK(has(refused.err, refusal));
  const auto logged = server.log().size();
  Process ls(server.command({"ls", "-q", "-s", server.url_as("a:b")}));
  REQUIRE(eventually([&] { return has(server.log().substr(logged), refusal); }));
  other.reset();
  const auto result = ls.wait(20);
  CAPTURE(result.err);
  CHECK(result.status == 0);
}

TEST_CASE("a watch whose password is changed ends with 6 and the reason") {
  Server server({.config = users("old")});
  Client client(server.url_as("all:p"));
  client.add_bucket("b");
  client.put("b", "k", "v");
  Process watch(natskv_command({"watch", "b", "-s", server.url_as("w:old"), "-o", "tsv"}));
  REQUIRE(watch.read_until("k\t"));
  server.reload(users("new"));
  const auto result = watch.wait(20);
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(has(result.err, "refused the credentials"));
}

TEST_CASE("a watch goes on with the credentials that its file holds when the old ones end") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  const Server server({.config = read_file(folder / "server.conf")});
  REQUIRE(eventually([&] {
    return server.natskv({"add", "b", "-q", "--creds", folder / "alice.creds"}).status == 0;
  }));
  // short.creds end soon: only the bucket has to be there before.
  Process watch(
      server.command({"watch", "b", "--count", "2", "-o", "tsv", "--creds", folder / "short.creds"}));
  REQUIRE(server.natskv({"put", "b", "k", "1", "--creds", folder / "alice.creds"}).status == 0);
  REQUIRE(watch.read_until("k\t"));
  write_file(folder / "short.creds", read_file(folder / "alice.creds"), 0600);
  REQUIRE(watch.read_err_until("connection restored", 40));
  REQUIRE(server.natskv({"put", "b", "k", "2", "--creds", folder / "alice.creds"}).status == 0);
  const auto result = watch.wait(20);
  CAPTURE(result.err);
  CHECK(result.status == 0);
}

TEST_CASE("a watch whose file holds an expired JWT when the server comes back ends with 6") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  Server server({.config = read_file(folder / "server.conf")});
  write_file(folder / "own.creds", read_file(folder / "alice.creds"), 0600);
  REQUIRE(eventually([&] {
    return server.natskv({"add", "b", "-q", "--creds", folder / "alice.creds"}).status == 0;
  }));
  REQUIRE(server.natskv({"put", "b", "k", "1", "--creds", folder / "alice.creds"}).status == 0);
  Process watch(server.command({"watch", "b", "-o", "tsv", "--creds", folder / "own.creds"}, {.limit = 60}));
  REQUIRE(watch.read_until("k\t"));
  write_file(folder / "own.creds", read_file(folder / "expired.creds"), 0600);
  server.restart();
  const auto result = watch.wait(30);
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(has(result.err, "the JWT expired at "));
}

TEST_CASE("a key that is too long for the server is that key's failure, 2") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  for (const auto& words : {std::vector<std::string>{"put", "b", long_key, "v"},
                            {"create", "b", long_key, "v"},
                            {"del", "b", long_key}}) {
    const auto result = server.natskv(words);
    CAPTURE(words[0]);
    CAPTURE(result.err);
    CHECK(result.status == 2);
    CHECK(has(result.err, "the key of 5000 B in bucket \"b\" is too long for the server"));
  }
  CHECK(client.messages("b") == 0);
}

TEST_CASE("a line of an import whose key is too long costs nothing but itself") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  const std::string lines = line("a") + line(long_key) + line("c");
  const auto result = server.natskv({"import", "b", "--keep-going"}, {.input = lines});
  CAPTURE(result.err);
  CHECK(result.status == 2);
  CHECK(has(result.err, "line 2: the key of 5000 B"));
  CHECK_FALSE(has(result.err, "may have been stored"));
  CHECK(client.messages("b") == 2);
  const auto stops = server.natskv({"import", "b"}, {.input = line("d") + line(long_key)});
  CAPTURE(stops.err);
  CHECK(stops.status == 2);
  CHECK(has(stops.err, "the first line that was not acknowledged is 2"));
  CHECK(client.last("b", "d").revision > 0);
}

TEST_CASE("an import whose server goes away before the first line comes has changed nothing: 5") {
  Server server;
  Client(server.url()).add_bucket("b");
  Proxy proxy(server.port());
  Process import(
      natskv_command({"import", "b", "--trace", "--timeout", "5s", "-s", proxy.url()}, {.open_stdin = true}));
  // It has asked about the bucket all that it asks before the first line.
  REQUIRE(eventually([&] {
    import.read_for(0.02);
    return occurrences(import.err(), "STREAM.INFO") == 2;
  }));
  server.kill9();
  REQUIRE(eventually([&] { return proxy.connections() > 1; }));  // it has noticed, and tries again
  import.send(line("late"));
  import.close_stdin();
  const auto result = import.wait(40);
  CAPTURE(result.err);
  CHECK(result.status == 5);
}

TEST_CASE("a last acknowledged key that was purged during an outage is not called lost") {
  Server server;
  Client(server.url()).add_bucket("b");
  Process import(server.command({"import", "b", "--trace"}, {.open_stdin = true}));
  import.send(line("first") + line("last"));
  REQUIRE(import.read_err_until("trace: $KV.b.last "));  // with the acknowledgement
  Client(server.url()).api("STREAM.PURGE.KV_b", R"({"filter":"$KV.b.last"})");
  server.restart();
  import.send(line("more"));
  import.close_stdin();
  const auto result = import.wait(40);
  CAPTURE(result.err);
  CHECK(result.status == 0);
  CHECK(Client(server.url()).messages("b") == 2);
}
