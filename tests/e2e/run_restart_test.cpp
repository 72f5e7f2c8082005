// ctest: races
// run --restart: COMMAND again when its environment is another one, and only then.
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

// Says what it was started with, and that it was told to stop.
const std::vector<std::string> serves{
    "sh", "-c",
    "trap 'echo stop; exit 0' TERM; trap 'echo reload' HUP; echo start $GREETING ${NEW-none}; "
    "while :; do sleep 0.05; done 2> /dev/null"};

struct Config {
  explicit Config(const char* settings = "{}") {
    client.add_bucket("config", settings);
    client.put("config", "greeting", "hello");
  }
  [[nodiscard]] Run command(std::vector<std::string> options, const std::vector<std::string>& command) const {
    options.insert(options.begin(), {"run", "config", "--restart", "--debounce", "300ms"});
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return server.command(std::move(options));
  }
  void del(const std::string& key) { client.put("config", key, "", {{"KV-Operation", "DEL"}}); }
  /// Changes of which natskv sees only what all of them make, however long they take.
  template <class Changes>
  void at_once(Process& process, Changes&& changes) {
    process.pause();
    changes();
    process.resume();
  }

  Server server;
  Client client{server.url()};
};

}  // namespace

TEST_CASE("COMMAND is stopped and started again with another environment, and with no other") {
  Config config;
  Process process(config.command({}, serves));
  REQUIRE(process.read_until("start hello none\n"));
  // The same bytes, and a change that is taken back: nothing.
  config.client.put("config", "greeting", "hello");
  process.read_for(0.6);
  config.at_once(process, [&] {
    config.client.put("config", "greeting", "other");
    config.client.put("config", "greeting", "hello");
  });
  process.read_for(0.6);
  // The same variable of another key.
  config.at_once(process, [&] {
    config.client.put("config", "Greeting", "hello");
    config.del("greeting");
  });
  process.read_for(0.6);
  config.at_once(process, [&] {
    config.del("Greeting");
    config.client.put("config", "greeting", "hello");
  });
  process.read_for(0.6);
  config.at_once(process, [&] {
    config.client.put("config", "new", "1");
    config.client.put("config", "greeting", "hi");
  });
  REQUIRE(process.read_until("start hi 1\n"));
  config.del("new");
  REQUIRE(process.read_until("start hi none\n"));
  process.signal(SIGTERM);
  const auto result = process.wait();
  CHECK(result.status == 0);
  CHECK(result.out == "start hello none\nstop\nstart hi 1\nstop\nstart hi none\nstop\n");
  const std::string note = "natskv: run: the environment has changed; COMMAND is restarted\n";
  CHECK(result.err == note + note);
}

TEST_CASE("an environment that cannot be used is reported, and COMMAND keeps the one it has") {
  Config config;
  Process process(config.command({}, serves));
  REQUIRE(process.read_until("start hello none\n"));
  config.client.put("config", "GREETING", "twice");
  REQUIRE(process.read_err_until("would both be GREETING; COMMAND keeps its environment\n"));
  config.client.put("config", "path", "/tmp");
  config.del("GREETING");
  REQUIRE(process.read_err_until("would set PATH"));
  config.del("path");
  config.del("greeting");
  REQUIRE(process.read_err_until("has no keys; COMMAND keeps its environment\n"));
  process.read_for(0.3);
  CHECK(process.out() == "start hello none\n");
  config.client.put("config", "greeting", "hi");
  REQUIRE(process.read_until("start hi none\n"));
}

TEST_CASE("COMMAND's own end is natskv's, and what it leaves is stopped") {
  Config config;
  auto result = run(config.command({}, {"sh", "-c", "exit 6"}));
  CHECK(result.status == 6);
  CHECK(result.err.empty());
  CHECK(run(config.command({}, {"sh", "-c", "kill -KILL $$"})).status == 137);
  CHECK(run(config.command({}, {"sh", "-c", "sleep 600 & exit 2"})).status == 2);
  CHECK(natskv::test::natskv({"-s", "nats://127.0.0.1:1", "run", "b", "--restart", "--", "true"}).status ==
        5);
  CHECK(config.server.natskv({"run", "none", "--restart", "--", "true"}).status == 3);
  CHECK(config.server.natskv({"run", "config", "none", "--restart", "--", "true"}).status == 3);
  CHECK(config.server.natskv({"run", "config", "--debounce", "1s", "--", "true"}).status == 2);
  CHECK(config.server.natskv({"run", "config", "--grace", "1s", "--", "true"}).status == 2);
  CHECK(config.server.natskv({"run", "config", "--restart", "--", "natskv-no-such-program"}).status == 127);
}

TEST_CASE("SIGHUP is COMMAND's own; a COMMAND that ignores SIGTERM is killed after --grace") {
  Config config;
  {
    Process process(config.command({}, serves));
    REQUIRE(process.read_until("start hello none\n"));
    process.signal(SIGHUP);
    REQUIRE(process.read_until("reload\n"));
    config.client.put("config", "greeting", "hi");
    REQUIRE(process.read_until("start hi none\n"));
    process.signal(SIGTERM);
    CHECK(process.wait().status == 0);
  }
  Process deaf(config.command({"--grace", "100ms"},
                              {"sh", "-c", "trap '' TERM; echo $GREETING; while :; do sleep 0.05; done"}));
  REQUIRE(deaf.read_until("hi\n"));
  config.client.put("config", "greeting", "again");
  REQUIRE(deaf.read_until("again\n"));
}

TEST_CASE("the server or the bucket is gone: COMMAND goes on, and changes are seen when it is back") {
  Config config;
  Process process(config.command({}, serves));
  REQUIRE(process.read_until("start hello none\n"));
  SUBCASE("the server restarts") {
    config.server.stop();
    REQUIRE(process.read_err_until("lost"));
    config.server.restart();
    REQUIRE(process.read_err_until("connection restored"));
    Client(config.server.url()).put("config", "greeting", "hi");
    REQUIRE(process.read_until("start hi none\n"));
  }
  SUBCASE("the server hangs, and COMMAND has its signals all the same") {
    config.server.pause();
    REQUIRE(process.read_err_until("no answer"));
    process.signal(SIGHUP);
    REQUIRE(process.read_until("reload\n"));
    process.signal(SIGTERM);
    CHECK(process.wait().status == 0);
    config.server.resume();
  }
  SUBCASE("the bucket is removed, and another one made") {
    config.client.delete_bucket("config");
    REQUIRE(process.read_err_until("COMMAND goes on\n"));
    CHECK(process.out() == "start hello none\n");
    config.client.add_bucket("config");
    config.client.put("config", "greeting", "hi");
    REQUIRE(process.read_until("start hi none\n"));
  }
  SUBCASE("a change that came while the line was away") {
    config.server.restart();
    Client(config.server.url()).put("config", "greeting", "hi");
    REQUIRE(process.read_until("start hi none\n"));
  }
}
