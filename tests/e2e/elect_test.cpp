// elect: one of many leads, and another when that one is gone.
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

struct Election {
  Election() {
    if (server_at_least(2, 11)) {
      client.add_bucket("locks", R"({"allow_msg_ttl": true})");
      ttl = {"--ttl", "20s"};  // a slow machine's leader must not lose it
    } else {
      client.add_bucket("locks", R"({"max_age": 20000000000, "duplicate_window": 20000000000})");
    }
  }
  [[nodiscard]] Run candidate(const std::string& address, const std::string& script) const {
    std::vector<std::string> words{"elect", "locks", "leader", "--value", address};
    words.insert(words.end(), ttl.begin(), ttl.end());
    words.insert(words.end(), {"--", "sh", "-c", script});
    return server.command(words);
  }
  Server server;
  Client client{server.url()};
  std::vector<std::string> ttl;
};

}  // namespace

TEST_CASE("The leader ends with COMMAND's status, and the next one leads") {
  Election election;
  Process first(election.candidate("one", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"));
  REQUIRE(first.read_until("up\n"));
  Process second(election.candidate("two", "echo leads; exit 6"));
  REQUIRE(second.read_err_until("which \"one\" holds\n"));
  CHECK(election.client.last("locks", "leader").data == "one");
  first.signal(SIGTERM);
  CHECK(first.wait().status == 5);
  const auto result = second.wait();
  CHECK(result.out == "leads\n");
  CHECK(result.status == 6);
}

TEST_CASE("Who lost the leadership stops COMMAND and campaigns again, with a greater token") {
  Election election;
  Process leader(election.candidate("one", "echo token $NATSKV_LOCK_TOKEN; exec sleep 600"));
  REQUIRE(leader.read_until("token 1\n"));
  // Revision 2: at once, before it renews its own.
  election.client.put("locks", "leader", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
  REQUIRE(leader.read_err_until("it has expired or was deleted; COMMAND was stopped\n"));
  REQUIRE(leader.read_until("token 3\n"));
  leader.signal(SIGTERM);
  CHECK(leader.wait().status == 143);
}

TEST_CASE("A bucket that is removed ends the election with 3") {
  Election election;
  Process leader(election.candidate("one", "echo up; exec sleep 600"));
  REQUIRE(leader.read_until("up\n"));
  election.client.delete_bucket("locks");
  CHECK(leader.wait().status == 3);
}
