// run: a program that becomes of natskv, with a bucket as its environment.
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

struct Config {
  Config() {
    client.add_bucket("config");
    client.put("config", "greeting", "hello");
  }
  [[nodiscard]] Run command(std::vector<std::string> options, const std::vector<std::string>& command,
                            Run rest = {}) const {
    options.insert(options.begin(), {"run", "config"});
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return server.command(std::move(options), std::move(rest));
  }
  Server server;
  Client client{server.url()};
};

}  // namespace

TEST_CASE("natskv becomes COMMAND: its process, its status, its descriptors and signals") {
  Config config;
  const auto result = run(config.command({}, {"sh", "-c", "echo $GREETING; exit 5"}));
  CHECK(result.status == 5);
  CHECK(result.out == "hello\n");
  CHECK(result.err == "");
  Process process(config.command({}, {"sh", "-c", "echo $$; exec sleep 600"}));
  REQUIRE(process.read_until("\n"));
  CHECK(process.out() == std::to_string(process.pid()) + "\n");
  process.signal(SIGTERM);
  CHECK(process.wait().status == 128 + SIGTERM);
  const auto state = run(config.command({}, {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}));
  CHECK(state.out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  const std::vector<std::string> list{"ls", "/proc/self/fd"};
  CHECK(run(config.command({}, list)).out == run({.args = list}).out);
}

TEST_CASE("natskv's secrets are not passed on, and with --pristine nothing is") {
  Config config;
  const Run secrets{.env = {{"NATS_TOKEN", "t"}, {"NATSKV_KEY", "k"}, {"NATSKV_LOCK_TOKEN", "7"}}};
  const std::vector<std::string> show{"sh", "-c",
                                      "echo ${NATS_TOKEN-none} ${NATSKV_KEY-none} $NATSKV_LOCK_TOKEN"};
  CHECK(run(config.command({}, show, secrets)).out == "none none 7\n");
  CHECK(run(config.command({"--keep-nats"}, show, secrets)).out == "t none 7\n");
  CHECK(run(config.command({"--pristine"}, {"env"})).out == "GREETING=hello\n");
}

TEST_CASE("COMMAND that cannot be run is 126 or 127, found before a server is asked") {
  Config config;
  const auto nowhere = [](const std::string& program) {
    return natskv::test::natskv({"-s", "nats://127.0.0.1:1", "run", "b", "--", program}).status;
  };
  CHECK(nowhere("natskv-no-such-program") == 127);
  CHECK(nowhere("/") == 126);
  CHECK(nowhere("true") == 5);
  CHECK(natskv::test::natskv({"run", "b"}).status == 2);
  // One variable may have 128 KiB.
  config.client.put("config", "large", std::string(200'000, 'x'));
  const auto large = run(config.command({}, {"true"}));
  CHECK(large.status == 126);
  CHECK(large.err == "natskv: run: cannot execute \"true\": Argument list too long\n");
  CHECK(run(config.command({"none"}, {"echo", "never"})).status == 3);
}
