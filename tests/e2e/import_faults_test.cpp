// ctest: long races
// import where something breaks on the way: the server, the input, the user.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>

using namespace natskv::test;

namespace {

const int keys = std::getenv("NATSKV_SANITIZED") == nullptr ? 200'000 : 30'000;

std::string key_of(int i) { return "k." + std::to_string(i); }
std::string value_of(int i) { return "value-" + std::to_string(i) + std::string(100, 'x'); }

std::string lines_of(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i)
    lines += "{\"key\":\"" + key_of(i) + "\",\"value\":\"" + value_of(i) + "\"}\n";
  return lines;
}

std::map<std::string, std::string> held(const Server& server) {
  std::map<std::string, std::string> found;
  const auto result = server.natskv({"export", "b"});
  REQUIRE(result.status == 0);
  for (std::size_t at = 0; at < result.out.size();) {
    const auto end = result.out.find('\n', at);
    const auto entry = nlohmann::json::parse(result.out.substr(at, end - at));
    found[entry.at("key")] = entry.value("value", "");
    at = end + 1;
  }
  return found;
}

/// What the summary, the last line, counts under this word.
std::uint64_t count_of(const std::string& err, const std::string& word) {
  const auto at = err.find(word, err.rfind("bucket \"b\": "));
  return at == std::string::npos ? 0 : std::stoull(err.substr(at + word.size()));
}

/// Keys that messages name: conflicts and unknown outcomes.
std::set<std::string> reported(const std::string& err) {
  std::set<std::string> found;
  for (std::size_t at = err.find("key \""); at != std::string::npos; at = err.find("key \"", at)) {
    at += 5;
    found.insert(err.substr(at, err.find('"', at) - at));
  }
  return found;
}

}  // namespace

TEST_CASE("a server killed and restarted during an import, with another writer: the bucket equals the file") {
  Server server;
  const TempDir folder;
  write_file(folder / "in", lines_of(keys));
  std::mt19937 random(static_cast<unsigned>(::getpid()));
  for (int round = 0; round < 2; ++round) {
    {
      Client client(server.url());
      // More than are written: where a key has one too many, 2.9.10 drops the newest when it starts after a
      // SIGKILL (tests/faults/newest_lost shows that with a plain nats.c program).
      if (round == 0) client.add_bucket("b", R"({"max_msgs_per_subject": 10})");
    }
    const auto before = Client(server.url()).messages("b");
    Process import(server.command({"import", "b", "-F", folder / "in"}, {.limit = 120}));
    // A server that is killed before the import has connected ends it, by another rule.
    REQUIRE(eventually([&] { return Client(server.url()).messages("b") > before; }));
    std::set<std::string> written;
    for (int kill = 0; kill < 4; ++kill) {
      ::usleep(static_cast<useconds_t>(50'000 + random() % 800'000));
      try {
        Client other(server.url());
        for (int i = 0; i < 20; ++i) {
          const auto key = key_of(static_cast<int>(random() % keys));
          written.insert(key);
          other.put("b", key, "another's");
        }
      } catch (const std::runtime_error&) {  // the server was just starting
      }
      server.kill9();
      server.restart();
    }
    auto result = import.wait(120);
    CAPTURE(result.err);
    CHECK_FALSE(result.timed_out);
    if (result.status != 0 && result.status != 4) {
      // A server that lost what it had acknowledged says so, and is written to again.
      CHECK(has(result.err, "run the import again"));
      result = server.natskv({"import", "b", "-F", folder / "in"}, {.limit = 120});
      CHECK(result.status == 0);
    }
    const auto excused = reported(result.err);
    const auto all = held(server);
    CHECK(all.size() == static_cast<std::size_t>(keys));
    for (int i = 0; i < keys; ++i) {
      const auto key = key_of(i);
      const auto at = all.find(key);
      REQUIRE_MESSAGE(at != all.end(), key);
      if (at->second == value_of(i)) continue;
      // Written by the other one: behind our own write, or in its place, which was reported.
      const bool allowed = excused.contains(key) || written.contains(key);
      REQUIRE_MESSAGE(allowed, key);
      REQUIRE(at->second == "another's");
    }
  }
}

TEST_CASE("a compare-and-set whose answer was lost is never called written on the strength of equal bytes") {
  Server server;
  Client(server.url()).add_bucket("b");
  Process import(server.command({"import", "b", "--create", "--trace"}, {.open_stdin = true}));
  import.send("{\"key\":\"first\",\"value\":\"1\"}\n");
  REQUIRE(import.read_err_until("$KV.b.first "));  // with its answer
  server.pause();
  import.send("{\"key\":\"k\",\"value\":\"v\"}\n");
  ::usleep(300'000);
  server.kill9();
  server.restart();
  // Somebody wrote the same bytes meanwhile; or the import did, for all that can be known.
  try {
    Client(server.url()).put("b", "k", "v");
  } catch (const std::runtime_error&) {
  }
  import.close_stdin();
  const auto result = import.wait(40);
  CAPTURE(result.err);
  const bool settled = has(result.err, "put 1, ") && (result.status == 7 || result.status == 4);
  const bool before_the_other = has(result.err, "put 2, ") && result.status == 0;
  CHECK((settled || before_the_other));
}

TEST_CASE("a connection that is lost again while the lost writes are looked at: none stays unknown") {
  Server server;
  Client client(server.url());
  constexpr int count = 40;
  // After so many bytes of the server's: in the handshake, in an answer, between two of them.
  for (int bytes = 500; bytes <= 4'500; bytes += 250) {
    CAPTURE(bytes);
    const std::string bucket = "b" + std::to_string(bytes);
    client.add_bucket(bucket);
    Proxy proxy(server.port());
    Process import(natskv_command({"import", bucket, "-s", proxy.url()}, {.open_stdin = true}));
    import.send(lines_of(1));
    REQUIRE(eventually([&] { return client.messages(bucket) == 1; }));
    proxy.pause();  // what is sent now reaches nobody
    import.send(lines_of(count).substr(lines_of(1).size()));
    ::usleep(50'000);
    proxy.limit(bytes);
    proxy.cut();
    proxy.pause(false);
    for (int i = 0; i < 100 && proxy.connections() < 3; ++i) ::usleep(20'000);
    proxy.limit({});
    import.close_stdin();
    const auto result = import.wait(40);
    CAPTURE(result.err);
    CHECK(result.status == 0);
    CHECK(has(result.err, "put 40"));
    CHECK(client.messages(bucket) == count);
  }
}

TEST_CASE("a connection that is lost under the very first request: the import waits for it") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  Proxy proxy(server.port());
  // The handshake passes, the answer about the bucket does not.
  proxy.limit(600);
  Process import(natskv_command({"import", "b", "-s", proxy.url()}, {.input = lines_of(10)}));
  REQUIRE(eventually([&] { return proxy.connections() > 1; }));
  proxy.limit({});
  const auto result = import.wait(40);
  CAPTURE(result.err);
  CHECK(result.status == 0);
  CHECK(client.messages("b") == 10);
}

TEST_CASE("a server that does not come back: what was in flight is unknown, and it ends") {
  Server server;
  Client(server.url()).add_bucket("b");
  Proxy proxy(server.port());
  Process import(
      natskv_command({"import", "b", "--timeout", "5s", "--trace", "-s", proxy.url()}, {.open_stdin = true}));
  import.send(lines_of(10));
  // Each with its answer.
  for (int i = 0; i < 10; ++i) REQUIRE(import.read_err_until("$KV.b." + key_of(i) + " "));
  server.pause();
  for (int i = 10; i < 20; ++i) {
    const auto before = proxy.sent();
    import.send(lines_of(i + 1).substr(lines_of(i).size()));
    REQUIRE(eventually([&] { return proxy.sent() > before; }));
  }
  server.kill9();
  import.close_stdin();
  const auto result = import.wait(40);
  CAPTURE(result.err);
  CHECK(result.status == 7);
  CHECK(has(result.err, "put 10, unknown 10"));
  CHECK(has(result.err, "the first line that was not acknowledged is 11"));
}

TEST_CASE("Ctrl-C between two lines says what was written") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  Process import(server.command({"import", "b", "--trace"}, {.open_stdin = true}));
  import.send(lines_of(500));
  // How long answers are waited for after it is measured alone, in interrupted_test.cpp.
  REQUIRE(import.read_err_until("$KV.b.k.499 "));
  import.signal(SIGINT);
  const auto result = import.wait();
  CHECK(result.status == 130);
  CHECK(has(result.err, "put 500"));
  CHECK(has(result.err, "the first line that was not acknowledged is 501"));
}

TEST_CASE("Ctrl-C during a large import: all that is said to be written is, and nothing else") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  const TempDir folder;
  write_file(folder / "in", lines_of(100'000));
  Process import(server.command({"import", "b", "-F", folder / "in"}));
  REQUIRE(eventually([&] { return client.messages("b") > 0; }));
  import.signal(SIGINT);
  const auto result = import.wait();
  CHECK(result.status == 130);
  // A busy server does not answer all in time.
  const auto stored = client.messages("b");
  const auto put = count_of(result.err, "put "), unknown = count_of(result.err, "unknown ");
  CAPTURE(result.err);
  CHECK(stored < 100'000);
  CHECK(stored >= put);
  CHECK(stored <= put + unknown);
  CHECK(has(result.err, "; the first line that was not acknowledged is "));
}

TEST_CASE("a bucket that is full fails the line that did not fit") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_bytes": 20000, "discard": "new"})");
  const auto result = server.natskv({"import", "b"}, {.input = lines_of(2000)});
  CHECK(result.status == 1);
  CHECK(has(result.err, "the bucket is full"));
  const auto put = result.err.substr(result.err.find("put ") + 4);
  CHECK(has(result.err, "that was not acknowledged is " + std::to_string(std::stoi(put) + 1) + "\n"));
}

TEST_CASE("a refused permission costs its line only") {
  Server server({.config = R"(authorization { users = [
    {user: all, password: all},
    {user: some, password: some, permissions: {publish: {deny: "$KV.b.k.7"}}}
  ] })"});
  Client client(server.url_as("all:all"));
  client.add_bucket("b");
  const auto result = natskv::test::natskv({"import", "b", "--keep-going", "-s", server.url_as("some:some")},
                                           {.input = lines_of(50)});
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(has(result.err, "line 8: key \"k.7\""));
  CHECK(has(result.err, "put 49, failed 1"));
  CHECK(client.messages("b") == 49);
}

TEST_CASE("a file that changes between check and send is noticed") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "other", "v");
  const TempDir folder;
  // The pause after the check is the prompt's.
  write_file(folder / "in", lines_of(10));
  Terminal import(server.command({"import", "b", "--prune", "-F", folder / "in"}));
  REQUIRE(import.read_until("delete 1 key"));
  write_file(folder / "in", lines_of(11));
  import.send("y\n");
  const auto result = import.wait();
  CHECK(result.status == 1);
  CHECK(import.screen().find("changed while it was read") != std::string::npos);
  CHECK(client.last("b", "other").data == "v");
  CHECK(client.messages("b") == 1);
}
