// The harness itself: a test that cannot fail because its tools lie is worse than none.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

using namespace natskv::test;

TEST_CASE("a program gets its bytes and gives them back, NUL and all") {
  const std::string bytes("a\0b\xff\n\n", 6);
  const auto result = run({.args = {"cat"}, .input = bytes});
  CHECK(escaped(result.out) == "a\\x00b\\xFF\n\n");
  CHECK(result.out == bytes);
  CHECK(result.status == 0);
  CHECK_FALSE(result.timed_out);
}

TEST_CASE("more than a pipe holds goes through, both ways at once") {
  const std::string big(3'000'000, 'x');
  CHECK(run({.args = {"cat"}, .input = big}).out == big);
}

TEST_CASE("both outputs, the exit status and a signal are told apart") {
  const auto result = run({.args = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
  CHECK(result.status == 3);
  CHECK(run({.args = {"sh", "-c", "kill -TERM $$"}}).status == 143);
}

TEST_CASE("the environment is clean, stdin is empty, and what is given arrives") {
  setenv("NATS_URL", "nats://example.invalid", 1);
  const auto result =
      run({.args = {"sh", "-c", "cat; env | cut -d= -f1 | sort | tr '\\n' ' '; echo $TZ $LC_ALL $X"},
           .env = {{"X", "y"}, {"TERM", {}}}});
  unsetenv("NATS_URL");
  CHECK(result.out.find("NATS") == std::string::npos);
  CHECK(result.out.find("TERM") == std::string::npos);
  CHECK(result.out.find("XDG_CONFIG_HOME") != std::string::npos);
  CHECK(result.out.find("UTC C.UTF-8 y\n") != std::string::npos);
}

TEST_CASE("a program over its limit is killed with its children") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  const auto result = run({.args = {"sh", "-c", "sleep 60 & sleep 60"}, .out_fd = ends[1], .limit = 0.3});
  CHECK(result.timed_out);
  CHECK(result.status == 128 + SIGKILL);
  close(ends[1]);
  char byte = 0;
  CHECK(read(ends[0], &byte, 1) == 0);  // nobody is left who holds the other end
  close(ends[0]);
}

TEST_CASE("a program that does not exist is an exception") {
  CHECK_THROWS_AS(run({.args = {"no-such-program-at-all"}}), std::runtime_error);
  CHECK_THROWS_AS(run({.args = {"/dev/null"}}), std::runtime_error);
}

TEST_CASE("descriptors can be closed, full, or without a reader") {
  CHECK(run({.args = {"sh", "-c", "echo x"}, .out_file = "/dev/full"}).status != 0);
  CHECK(run({.args = {"sh", "-c", "echo x"}, .close_stdout = true}).status != 0);
  Process process({.args = {"sh", "-c", "echo x; read line; exec yes"}, .open_stdin = true});
  REQUIRE(process.read_until("x\n"));
  process.close_stdout();
  process.send("go\n");
  CHECK(process.wait().status == 128 + SIGPIPE);
}

TEST_CASE("a running program can be talked to and signalled") {
  Process process({.args = {"cat"}, .open_stdin = true});
  process.send("one\n");
  CHECK(process.read_until("one\n"));
  CHECK(process.running());
  process.pause();
  process.send("two\n");
  CHECK_FALSE(process.read_until("two", 0.1));
  process.resume();
  CHECK(process.read_until("two\n"));
  process.close_stdin();
  const auto result = process.wait();
  CHECK(result.out == "one\ntwo\n");
  CHECK(result.status == 0);
  CHECK(process.wait().status == 0);
}

TEST_CASE("a terminal is one, of its size, and the chosen ones are none") {
  Terminal terminal(
      {.args = {"sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty size && read x && echo got $x"}},
      {.rows = 30, .cols = 100});
  CHECK(terminal.read_until("30 100\r\n"));
  terminal.send("word\n");
  CHECK(terminal.read_until("got word\r\n"));
  CHECK(terminal.wait().status == 0);
  CHECK(terminal.sane());
  Terminal spoilt({.args = {"stty", "-echo"}});
  CHECK(spoilt.wait().status == 0);
  CHECK_FALSE(spoilt.sane());

  Terminal mixed(
      {.args = {"sh", "-c", "test -t 0 || exit 9; test -t 1 && exit 8; test -t 2 || exit 7; echo data"}},
      {.out = false});
  const auto result = mixed.wait();
  CHECK(result.status == 0);
  CHECK(result.out == "data\n");
  CHECK(mixed.screen().empty());
}

TEST_CASE("Ctrl-C on the terminal is a signal") {
  Terminal terminal({.args = {"sh", "-c", "echo ready; exec sleep 60"}});
  REQUIRE(terminal.read_until("ready"));
  terminal.send("\x03");
  CHECK(terminal.wait().status == 130);
}

TEST_CASE("two servers run side by side and know nothing of each other") {
  Server one;
  Server two;
  CHECK(one.port() != two.port());
  Client(one.url()).add_bucket("b");
  CHECK(Client(one.url()).put("b", "k", "v") == 1);
  CHECK(Client(two.url()).api("STREAM.INFO.KV_b").find("10059") != std::string::npos);
}

TEST_CASE("a server that is killed comes back at its port with its data") {
  Server server;
  const auto port = server.port();
  const std::string bytes("\0\xff", 2);
  {
    Client client(server.url());
    client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
    client.put("b", "x~y:z", bytes, {{"My-Header", "1"}});
  }
  server.kill9();
  CHECK_FALSE(server.running());
  CHECK_THROWS_AS(Client(server.url()), std::runtime_error);
  server.restart();
  CHECK(server.port() == port);
  Client client(server.url());
  const auto stored = client.last("b", "x~y:z");
  CHECK(stored.revision == 1);
  CHECK(stored.data == bytes);
  CHECK(stored.headers == Headers{{"My-Header", "1"}});
  CHECK(client.last("b", "none").revision == 0);
  CHECK(client.messages("b") == 1);
  CHECK(client.last_revision("b") == 1);
}

TEST_CASE("a paused server does not answer, a resumed one does") {
  Server server;
  Client client(server.url());
  server.pause();
  CHECK_THROWS_AS(client.api("INFO", {}, 0.2), std::runtime_error);
  server.resume();
  CHECK(client.api("INFO").find("account_info_response") != std::string::npos);
}

TEST_CASE("a server takes a configuration, and a new one") {
  Server server({.config = "authorization { token: one }"});
  CHECK_THROWS_AS(Client(server.url()), std::runtime_error);
  const auto port = std::to_string(server.port());
  CHECK_NOTHROW(Client("nats://one@127.0.0.1:" + port));
  server.reload("authorization { token: two }");
  CHECK_NOTHROW(Client("nats://two@127.0.0.1:" + port));
  CHECK_THROWS_AS(Server({.config = "nonsense {"}), std::runtime_error);
}

TEST_CASE("a server can be without JetStream") {
  Server server({.jetstream = false});
  CHECK_THROWS_AS(Client(server.url()).api("INFO"), std::runtime_error);
}

TEST_CASE("a cluster keeps a stream while one of its nodes is down") {
  Cluster cluster;
  Client(cluster.url()).add_bucket("b", R"({"num_replicas": 3})");
  const auto first = cluster.leader("KV_b");
  cluster.settle("KV_b");
  CHECK(Client(cluster.url()).put("b", "k", "v") == 1);
  cluster.node(first).kill9();
  const auto second = cluster.leader("KV_b");
  CHECK(second != first);
  CHECK(Client(cluster.node(second).url()).put("b", "k", "w") == 2);
  cluster.node(first).restart();
  cluster.settle("KV_b");
  CHECK(Client(cluster.node(first).url()).last("b", "k").data == "w");
}

TEST_CASE("a proxy passes, pauses, limits and cuts") {
  Server server;
  Proxy proxy(server.port());
  {
    Client client(proxy.url());
    CHECK_NOTHROW(client.api("INFO"));
    proxy.pause();
    CHECK_THROWS_AS(client.api("INFO", {}, 0.2), std::runtime_error);
    proxy.pause(false);
    CHECK_NOTHROW(client.api("INFO"));
  }
  CHECK(proxy.received() > 0);
  Client client(proxy.url());
  proxy.mute();
  CHECK_THROWS_AS(client.api("INFO", {}, 0.2), std::runtime_error);
  proxy.mute(false);
  proxy.refuse();
  proxy.cut();
  CHECK_THROWS_AS(Client(proxy.url()), std::runtime_error);
  proxy.refuse(false);
  proxy.limit(10);
  CHECK_THROWS_AS(Client(proxy.url()), std::runtime_error);
  proxy.limit({});
  proxy.delay(0.02);
  CHECK_NOTHROW(Client(proxy.url()).api("INFO"));
}

TEST_CASE("a fake server plays its script, a silent one says nothing") {
  FakeServer fake(FakeServer::handshake());
  Client client(fake.url());
  CHECK_THROWS_AS(client.api("INFO", {}, 0.2), std::runtime_error);
  CHECK(eventually([&] { return fake.received().find("$JS.API.INFO") != std::string::npos; }));
  CHECK(fake.connections() == 1);
  FakeServer rude({{Step::Kind::send, "-ERR 'Authorization Violation'\r\n"}, {Step::Kind::close}});
  CHECK_THROWS_AS(Client(rude.url()), std::runtime_error);
  Listener silent;
  CHECK_THROWS_AS(Client(silent.url(), 0.2), std::runtime_error);
}

TEST_CASE("the version of the server is known") {
  CHECK(server_version().first == 2);
  CHECK(server_at_least(2, 0));
  CHECK_FALSE(server_at_least(99, 0));
}

TEST_CASE("programs are found in PATH only") {
  CHECK(program("sh").find("/sh") != std::string::npos);
  CHECK(program("no-such-program-at-all").empty());
}

TEST_CASE("files and folders") {
  std::string path;
  {
    TempDir folder;
    path = folder.path().string();
    write_file(folder / "f", "bytes", 0600);
    CHECK(read_file(folder / "f") == "bytes");
    CHECK_THROWS_AS(read_file(folder / "none"), std::runtime_error);
  }
  CHECK_THROWS_AS(read_file(path + "/f"), std::runtime_error);
}
