// lock: what a user of flock sees, and that two never run.
#include "support/bucket.hpp"
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/gone.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

// A lock is lost when its natskv has no turn for 5/12 of its lease: this outlasts what a busy machine does.
constexpr int patient = 8;

// A bucket whose locks last so many seconds: by per-key TTL, or by its own where the server knows no other.
struct Bucket {
  explicit Bucket(int lease = 30) {
    if (server_at_least(2, 11)) {
      client.add_bucket("locks", R"({"allow_msg_ttl": true, "subject_delete_marker_ttl": 60000000000})");
      ttl = {"--ttl", std::to_string(lease) + "s"};
    } else {
      client.add_bucket("locks", expiring(lease));
    }
  }
  [[nodiscard]] static std::string expiring(int lease, const std::string& more = {}) {
    const auto time = std::to_string(lease) + "000000000";
    return R"({"max_age": )" + time + R"(, "duplicate_window": )" + time + more + "}";
  }
  [[nodiscard]] std::vector<std::string> words(std::vector<std::string> options,
                                               const std::vector<std::string>& command) const {
    options.insert(options.begin(), {"lock", "locks", "k"});
    options.insert(options.end(), ttl.begin(), ttl.end());
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return options;
  }
  [[nodiscard]] Run command(std::vector<std::string> options, const std::vector<std::string>& command,
                            Run rest = {}) const {
    return server.command(words(std::move(options), command), std::move(rest));
  }
  [[nodiscard]] Result run(std::vector<std::string> options, const std::vector<std::string>& words) const {
    return natskv::test::run(command(std::move(options), words));
  }
  // Whether somebody holds it, as its server says.
  [[nodiscard]] bool held() { return client.last("locks", "k").headers.contains("Natskv-Holder"); }

  Server server;
  Client client{server.url()};
  TempDir folder;
  std::vector<std::string> ttl;
};

// A COMMAND that says its pid and a child's, and ends only by a signal.
const std::vector<std::string> waits{"sh", "-c", "sleep 600 & echo $$ $!; wait"};

struct Pids {
  explicit Pids(const std::string& line) { std::sscanf(line.c_str(), "%d %d", &command, &child); }
  pid_t command = -1, child = -1;
};

}  // namespace

TEST_CASE("COMMAND runs with a token that grows, its status is passed on, and the lock is given back") {
  Bucket bucket;
  const std::vector<std::string> show{
      "sh", "-c",
      "echo $NATSKV_LOCK_BUCKET/$NATSKV_LOCK_KEY $NATSKV_LOCK_TOKEN ${NATSKV_REVISION-none}; exit 3"};
  const auto first = run(bucket.command({}, show, {.env = {{"NATSKV_REVISION", "7"}}}));
  CHECK(first.status == 3);
  CHECK(first.out == "locks/k 1 none\n");
  CHECK(first.err == "");
  CHECK_FALSE(bucket.held());
  const auto second = bucket.run({}, show);
  CHECK(second.out == "locks/k 3 none\n");
  CHECK(bucket.run({}, {"sh", "-c", "kill -KILL $$"}).status == 128 + SIGKILL);
}

TEST_CASE("The entry says who holds the lock, with a random word of its own") {
  Bucket bucket;
  const std::string file = bucket.folder / "token";
  Process holder(bucket.command({"--value", "10.0.0.7:80"}, waits));
  REQUIRE(holder.read_until("\n"));
  const auto entry = bucket.client.last("locks", "k");
  CHECK(entry.data == "10.0.0.7:80");
  CHECK(entry.headers.at("Natskv-Holder").size() == 32);
  if (server_at_least(2, 11)) CHECK(entry.headers.at("Nats-TTL") == "30s");
  holder.signal(SIGTERM);
  CHECK(holder.wait().status == 143);
  CHECK_FALSE(bucket.held());
}

TEST_CASE(
    "--try and --within give up with 4 and name the holder, escaped; -E and --own-exit-code change it") {
  Bucket bucket;
  Process holder(bucket.command({"--value", "a\x1b[2J"}, waits));
  REQUIRE(holder.read_until("\n"));
  const auto tried = bucket.run({"--try"}, {"echo", "never"});
  CHECK(tried.status == 4);
  CHECK(tried.out == "");
  CAPTURE(tried.err);
  CHECK(tried.err.starts_with(R"(natskv: lock: key "k" in bucket "locks" is held by "a\x1B[2J" for )"));
  CHECK(tried.err.ends_with("s at most; COMMAND was not run\n"));
  CHECK(bucket.run({"--within", "300ms"}, {"true"}).status == 4);
  CHECK(bucket.run({"--try", "-E", "75"}, {"true"}).status == 75);
  CHECK(bucket.run({"--try", "--own-exit-code", "99"}, {"true"}).status == 99);
  CHECK(bucket.run({"--try", "--own-exit-code", "99"}, {"natskv-no-such-program"}).status == 127);
}

TEST_CASE("A foreign value without a holder is another client's, and is not shown") {
  Bucket bucket;
  bucket.client.put("locks", "k", "secret");
  const auto tried = bucket.run({"--try"}, {"true"});
  CHECK(tried.status == 4);
  CHECK(tried.err.find("is held by another client") != std::string::npos);
  CHECK(tried.err.find("secret") == std::string::npos);
}

TEST_CASE("A waiter gets the lock when it is given back, and says for whom it waits") {
  Bucket bucket;
  Process holder(bucket.command({"--value", "first"}, waits));
  REQUIRE(holder.read_until("\n"));
  Process waiter(bucket.command({}, {"echo", "mine"}));
  REQUIRE(waiter.read_err_until("waiting for key \"k\" in bucket \"locks\", which \"first\" holds\n"));
  CHECK(waiter.out() == "");
  holder.signal(SIGTERM);
  CHECK(waiter.wait().out == "mine\n");
  CHECK(holder.wait().status == 143);
}

TEST_CASE("While natskv waits a signal ends it, and nothing is run") {
  Bucket bucket;
  Process holder(bucket.command({}, waits));
  REQUIRE(holder.read_until("\n"));
  for (const auto& [number, status] : {std::pair{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}}) {
    Process waiter(bucket.command({}, {"echo", "never"}));
    REQUIRE(waiter.read_err_until("waiting for"));
    waiter.signal(number);
    const auto result = waiter.wait();
    CHECK(result.status == status);
    CHECK(result.out == "");
  }
}

TEST_CASE("The lock is renewed as long as COMMAND runs, and SIGTERM is COMMAND's") {
  Bucket bucket(patient);
  Process holder(
      bucket.command({}, {"sh", "-c",
                          "trap 'echo told; while ! [ -e $0 ]; do sleep 0.05; done; exit 6' TERM; echo up; "
                          "while :; do sleep 0.05; done",
                          bucket.folder / "go"}));
  REQUIRE(holder.read_until("up\n"));
  // Every third of the lease: so four times are longer than it.
  const auto renewed = [&](std::uint64_t times) {
    return eventually([&] { return bucket.held() && bucket.client.last("locks", "k").revision > times; });
  };
  CHECK(renewed(2));
  holder.signal(SIGTERM);
  REQUIRE(holder.read_until("told\n"));
  CHECK(renewed(4));  // COMMAND still runs
  write_file(bucket.folder / "go", "");
  CHECK(holder.wait().status == 6);
  CHECK_FALSE(bucket.held());
}

TEST_CASE("A lock that is broken stops COMMAND: 4, and 3 where the bucket was removed") {
  Bucket bucket(patient);
  SUBCASE("deleted") {
    Process holder(bucket.command(
        {},
        {"sh", "-c", "trap 'echo told; exit 0' TERM; echo up; while :; do sleep 0.05; done 2> /dev/null"}));
    REQUIRE(holder.read_until("up\n"));
    CHECK(bucket.server.natskv({"purge", "locks", "k"}).status == 0);
    const auto result = holder.wait();
    CHECK(result.status == 4);
    CHECK(result.out == "up\ntold\n");
    CHECK(
        result.err ==
        "natskv: lock: lost the lock on key \"k\" in bucket \"locks\": it has expired or was deleted; COMMAND was "
        "stopped\n");
  }
  SUBCASE("taken by another") {
    Process holder(bucket.command({}, waits));
    REQUIRE(holder.read_until("\n"));
    bucket.client.put("locks", "k", "mine now");
    const auto result = holder.wait();
    CHECK(result.status == 4);
    CHECK(result.err.find("another client has taken it; COMMAND was stopped\n") != std::string::npos);
    CHECK(bucket.client.last("locks", "k").data == "mine now");
  }
  SUBCASE("bucket removed") {
    Process holder(bucket.command({}, waits));
    REQUIRE(holder.read_until("\n"));
    bucket.client.delete_bucket("locks");
    const auto result = holder.wait();
    CHECK(result.status == 3);
    CHECK(result.err.find("bucket \"locks\" was removed; COMMAND was stopped\n") != std::string::npos);
  }
}

TEST_CASE("Where the server hangs COMMAND and its children have ended before the lease has: 5") {
  Bucket bucket(patient);
  Process holder(bucket.command({}, {"sh", "-c", "trap '' TERM; sleep 600 & echo $$ $!; wait; wait"}));
  REQUIRE(holder.read_until("\n"));
  const Pids pids(holder.out());
  bucket.server.pause();
  const auto result = holder.wait(20);
  bucket.server.resume();
  CHECK(result.status == 5);
  CHECK(result.err.find("it could not be renewed in time; COMMAND was stopped\n") != std::string::npos);
  CHECK(gone(pids.command));
  CHECK(gone(pids.child));
}

TEST_CASE("A server that is back within the lease takes nothing away") {
  Bucket bucket;
  Process holder(bucket.command({}, {"sh", "-c", "echo up; read line; exit 8"}, {.open_stdin = true}));
  REQUIRE(holder.read_until("up\n"));
  bucket.server.restart();
  REQUIRE(holder.read_err_until("connection restored"));
  holder.send("x\n");
  const auto result = holder.wait();
  CHECK(result.status == 8);
  CHECK(result.err.find("natskv: lock: warning: connection lost\n") != std::string::npos);
}

TEST_CASE("kill -9 of natskv: COMMAND ends at once, and another gets the lock when the lease is over") {
  Bucket bucket(2);
  Process holder(bucket.command({}, waits));
  REQUIRE(holder.read_until("\n"));
  const Pids pids(holder.out());
  holder.signal(SIGKILL);
  CHECK(gone(pids.command));
  CHECK(gone(pids.child));
  const auto next = bucket.run({}, {"echo", "next"});
  CHECK(next.out == "next\n");
}

TEST_CASE("A natskv that is stopped: the keeper ends COMMAND before another can run, and natskv says 5") {
  Bucket bucket(2);
  Process holder(bucket.command({}, {"sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1; done"}));
  REQUIRE(holder.read_until("\n"));
  const Pids pids(holder.out());
  holder.pause();
  // The next holder says whether the first one's COMMAND lives; a busy machine may give the keeper no turn.
  const auto next = bucket.run(
      {}, {"sh", "-c",
           "for i in 1 2 3; do grep -q 'State:.[^Z]' /proc/$0/status 2>/dev/null || exec echo ended; "
           "sleep 1; done; echo alive",
           std::to_string(pids.command)});
  CHECK(next.out == "ended\n");
  holder.resume();
  const auto result = holder.wait();
  CHECK((result.status == 5 || result.status == 4));
}

TEST_CASE("On a terminal Ctrl-C is COMMAND's, and the lock is given back") {
  Bucket bucket;
  Terminal terminal(
      bucket.command({}, {"sh", "-c", "trap 'exit 9' INT; echo up; while :; do sleep 0.05; done"}));
  REQUIRE(terminal.read_until("up"));
  terminal.send("\x03");
  CHECK(terminal.wait().status == 9);
  CHECK_FALSE(bucket.held());
}

TEST_CASE("What COMMAND leaves is stopped before the lock is given back") {
  Bucket bucket;
  const auto result = bucket.run({}, {"sh", "-c", "sleep 600 & exit 2"});
  CHECK(result.status == 2);
  CHECK(result.err == "natskv: lock: warning: COMMAND ended and left a process running, which was stopped\n");
}

TEST_CASE("Wrong command lines are found before anything is connected to") {
  const auto fails = [](std::vector<std::string> words, const std::string& text) {
    words.insert(words.begin(), {"-s", "nats://127.0.0.1:1", "lock", "b", "k"});
    const auto result = natskv::test::natskv(words);
    CHECK(result.status == 2);
    CAPTURE(result.err);
    CHECK(result.err.find(text) != std::string::npos);
  };
  fails({}, "COMMAND is missing");
  fails({"--"}, "COMMAND is missing");
  fails({"--ttl", "0", "--", "true"}, "--ttl is 2s to 1h, in whole seconds");
  fails({"--ttl", "2500ms", "--", "true"}, "--ttl is 2s to 1h, in whole seconds");
  fails({"--ttl", "2d", "--", "true"}, "--ttl is 2s to 1h, in whole seconds");
  fails({"--ttl", "9s", "--grace", "4s", "--", "true"}, "--grace is at most a third of --ttl");
  fails({"--try", "--within", "1s", "--", "true"}, "--try");
  CHECK(natskv::test::natskv({"-s", "nats://127.0.0.1:1", "lock", "b", "k", "--", "natskv-no-such-program"})
            .status == 127);
  CHECK(natskv::test::natskv({"-s", "nats://127.0.0.1:1", "lock", "b", "k", "--", "/"}).status == 126);
  CHECK(natskv::test::natskv({"-s", "nats://127.0.0.1:1", "lock", "b", "k", "--", "true"}).status == 5);
}

TEST_CASE("A bucket that can't keep a lock is refused with the command that helps, and nothing is written") {
  Bucket bucket;
  bucket.client.add_bucket("plain");
  const auto plain = bucket.server.natskv({"lock", "plain", "k", "--", "true"});
  CHECK(plain.status == 1);
  CHECK(plain.err ==
        std::string("natskv: lock: bucket \"plain\" cannot hold a lock: its keys do not expire\nhint: ") +
            (server_at_least(2, 11) ? "natskv edit plain --marker-ttl 1m lets keys expire\n"
                                    : "natskv add locks --ttl 30s makes a bucket whose keys all expire\n"));
  CHECK(bucket.client.messages("plain") == 0);
  CHECK(bucket.server.natskv({"lock", "none", "k", "--", "true"}).status == 3);
}

TEST_CASE("A free lock costs four messages: settings, a look, the entry, the purge marker") {
  Bucket bucket;
  const auto result = bucket.server.natskv(bucket.words({"--trace"}, {"true"}));
  CHECK(result.status == 0);
  std::vector<std::string> subjects;
  std::istringstream said(result.err);
  for (std::string line; std::getline(said, line);) {
    if (line.starts_with("trace: $")) subjects.push_back(line.substr(7, line.find(' ', 7) - 7));
  }
  CHECK(subjects == std::vector<std::string>{"$JS.API.STREAM.INFO.KV_locks",
                                             "$JS.API.STREAM.MSG.GET.KV_locks", "$KV.locks.k",
                                             "$KV.locks.k"});
}

TEST_CASE("Who may not write is told so with 6; who may not watch waits all the same") {
  const Server server({.config = R"(authorization { users: [
    { user: all, password: p },
    { user: nowrite, password: p, permissions: { publish: { deny: ["$KV.>"] } } },
    { user: nowatch, password: p, permissions: { publish: { deny: ["$JS.API.CONSUMER.>"] } } } ] })"});
  Client client(server.url_as("all:p"));
  client.add_bucket("locks",
                    server_at_least(2, 11) ? R"({"allow_msg_ttl": true})" : Bucket::expiring(patient));
  const auto as = [&](const std::string& user, const std::vector<std::string>& command) {
    std::vector<std::string> words{"-s", server.url_as(user + ":p"), "lock", "locks", "k"};
    if (server_at_least(2, 11)) words.insert(words.end(), {"--ttl", std::to_string(patient) + "s"});
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return natskv_command(words);
  };
  CHECK(run(as("nowrite", {"echo", "never"})).status == 6);
  Process holder(as("all", {"sh", "-c", "echo up; sleep 1"}));
  REQUIRE(holder.read_until("up\n"));
  CHECK(run(as("nowatch", {"echo", "mine"})).out == "mine\n");
  CHECK(holder.wait().status == 0);
}

TEST_CASE("In a bucket with a history no older lease comes back") {
  Bucket bucket(patient);
  const bool per_key = server_at_least(2, 11);
  bucket.client.add_bucket("old", per_key ? R"({"max_msgs_per_subject": 5, "allow_msg_ttl": true})"
                                          : Bucket::expiring(patient, R"(, "max_msgs_per_subject": 5)"));
  bucket.client.put("old", "k", "older");
  CHECK(bucket.server.natskv({"purge", "old", "k"}).status == 0);
  std::vector<std::string> words{"lock", "old", "k"};
  words.insert(words.end(), bucket.ttl.begin(), bucket.ttl.end());
  words.insert(words.end(), {"--", "sleep", "6"});  // renewed twice
  CHECK(bucket.server.natskv(words).status == 0);
  CHECK(bucket.server.natskv({"get", "old", "k"}).status == 3);
  CHECK(bucket.client.messages("old") == 1);  // the marker
}

TEST_CASE("A full bucket's lock is given back without a marker" * doctest::skip(!server_at_least(2, 11))) {
  Bucket bucket;
  bucket.client.add_bucket("full",
                           R"({"allow_msg_ttl": true, "max_msgs_per_subject": 5, "max_bytes": 1000})");
  const std::string fill =
      "for i in 1 2 3 4 5 6 7 8 9; do \"$0\" -q put full f$i 0123456789012345678901234567890123456789; "
      "done; exit 0";
  const auto result = bucket.server.natskv(
      {"lock", "full", "k", "--ttl", "30s", "--", "sh", "-c", fill, natskv_command({}).args[0]});
  CHECK(result.status == 0);
  CHECK(result.err.find("not released") == std::string::npos);
  CHECK(bucket.client.last("full", "k").revision == 0);
}
