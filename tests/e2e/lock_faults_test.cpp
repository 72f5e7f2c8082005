// ctest: timing
// lock: rows of its table of faults that need a broken line, a full bucket, or two processes hurt at once;
// and what it costs in messages, as somebody else counts them.
#include "nats/check.hpp"
#include "nats/handle.hpp"
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/job_shell.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace natskv::test;

namespace {

// A natskv that has no turn for 5/12 of it loses its lock.
constexpr int lease = 6;
const std::string lease_text = std::to_string(lease) + "s";

// Locks of that time, by per-key TTL or by the bucket's where the server knows no other.
struct Locks {
  explicit Locks(const std::string& settings = {}) { add("locks", settings); }
  void add(const std::string& bucket, const std::string& settings) {
    client.add_bucket(bucket, "{" + ttl() + settings + "}");
  }
  [[nodiscard]] static std::string ttl() {
    const auto time = std::to_string(lease) + "000000000";
    return server_at_least(2, 11) ? R"("allow_msg_ttl": true)"
                                  : R"("max_age": )" + time + R"(, "duplicate_window": )" + time;
  }
  [[nodiscard]] static std::vector<std::string> words(const std::string& key,
                                                      std::vector<std::string> options,
                                                      const std::vector<std::string>& command) {
    options.insert(options.begin(), {"lock", "locks", key});
    if (server_at_least(2, 11)) options.insert(options.end(), {"--ttl", lease_text});
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return options;
  }
  [[nodiscard]] Run command(const std::string& key, std::vector<std::string> options,
                            const std::vector<std::string>& command) const {
    return server.command(words(key, std::move(options), command));
  }
  [[nodiscard]] bool held(const std::string& key) {
    return client.last("locks", key).headers.contains("Natskv-Holder");
  }

  Server server;
  Client client{server.url()};
};

// COMMAND that says its token and its process, and ends only by a signal.
const std::vector<std::string> says_token{"sh", "-c", "echo $NATSKV_LOCK_TOKEN $$; exec sleep 600"};

struct Held {
  explicit Held(const std::string& line) { std::sscanf(line.c_str(), "%d %d", &token, &pid); }
  int token = 0;
  pid_t pid = -1;
};

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The process in a session of its own that ends COMMAND where natskv can't.
/// It may take its name after COMMAND has begun.
pid_t keeper_of(pid_t natskv) {
  for (int i = 0; i < 500; ++i) {
    std::ifstream list("/proc/" + std::to_string(natskv) + "/task/" + std::to_string(natskv) + "/children");
    for (pid_t child = 0; list >> child;) {
      if (first_line("/proc/" + std::to_string(child) + "/comm") == "natskv-keeper") return child;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return -1;
}

/// A natskv that holds a lock, and its keeper.
struct Holding {
  explicit Holding(Run command) : process(std::move(command)) {
    REQUIRE(process.read_until("\n"));
    first = Held(process.out());
    keeper = keeper_of(process.pid());
    REQUIRE(keeper > 0);
  }
  Process process;
  Held first{""};
  pid_t keeper = -1;
};

bool alive(pid_t pid) {
  const auto line = first_line("/proc/" + std::to_string(pid) + "/stat");
  return !line.empty() && line.find(") Z") == std::string::npos;
}

/// Messages that clients sent under these subjects, as a client of its own hears them.
class Observed {
 public:
  Observed(Client& client, const std::vector<std::string>& subjects) : client_(client) {
    for (const auto& subject : subjects) {
      natsSubscription* raw = nullptr;
      natskv::nats::check(natsConnection_SubscribeSync(&raw, client.connection(), subject.c_str()));
      subscriptions_.emplace_back(raw);
    }
    natskv::nats::check(natsConnection_Flush(client.connection()));
  }
  /// How many of each subject.
  std::map<std::string, int> count() {
    natskv::nats::check(natsConnection_Flush(client_.connection()));
    std::map<std::string, int> counted;
    for (const auto& subscription : subscriptions_) {
      natsMsg* raw = nullptr;
      while (natsSubscription_NextMsg(&raw, subscription.get(), 50) == NATS_OK) {
        const natskv::nats::Message message(raw);
        ++counted[natsMsg_GetSubject(raw)];
      }
    }
    return counted;
  }

 private:
  Client& client_;
  std::vector<natskv::nats::Handle<natsSubscription, natsSubscription_Destroy>> subscriptions_;
};

}  // namespace

TEST_CASE("an acquisition that nobody answers is 7, COMMAND is not run, and it runs out") {
  Locks locks;
  Proxy proxy(locks.server.port());
  const auto through = [&](const std::string& key, std::vector<std::string> options,
                           const std::vector<std::string>& command) {
    options.insert(options.end(), {"--value", "me"});
    return natskv_command(Locks::words(key, std::move(options), command),
                          {.env = {{"NATS_URL", proxy.url()}}});
  };
  // The same bytes on both lines: how many there are up to the entry.
  std::int64_t bytes = 0;
  {
    Process holder(through("k1", {"--try"}, says_token));
    REQUIRE(holder.read_until("\n"));
    bytes = proxy.sent();
    holder.signal(SIGTERM);
    CHECK(holder.wait().status == 143);
  }
  proxy.pause_after(bytes - 1);
  const auto result = run(through("k2", {"--try"}, {"echo", "never"}));
  CHECK(result.status == 7);
  CHECK(result.out.empty());
  CAPTURE(result.err);
  CHECK(result.err.find("no answer; this attempt may hold key \"k2\" in bucket \"locks\" for ") !=
        std::string::npos);
  proxy.pause(false);
  // What it left behind is in nobody's way for longer than its time.
  const auto next = run(locks.command("k2", {}, {"echo", "mine"}));
  CHECK(next.status == 0);
  CHECK(next.out == "mine\n");
}

TEST_CASE(
    "a full bucket: without a history the lock is renewed, with one it cannot be and COMMAND is stopped" *
    doctest::skip(!server_at_least(2, 11))) {  // before, all that fills it expires with the lock

  const std::string fill =
      "i=0; while \"$0\" -q put locks f$i 01234567890123456789012345678901234567890123456789 2> /dev/null; "
      "do i=$((i+1)); done; echo full; exec sleep 600";
  const std::vector<std::string> filling{"sh", "-c", fill, natskv_command({}).args[0]};
  SUBCASE("history 1") {
    Locks locks(R"(, "max_bytes": 2000)");
    Process holder(locks.command("k", {"--value", "me"}, filling));
    REQUIRE(holder.read_until("full\n", 60));
    const auto full = locks.client.last("locks", "k").revision;
    CHECK(eventually([&] { return locks.client.last("locks", "k").revision > full + 1; }));
    CHECK(holder.running());
    CHECK(locks.held("k"));
    holder.signal(SIGTERM);
    CHECK(holder.wait().status == 143);
    CHECK_FALSE(locks.held("k"));
  }
  SUBCASE("history 5") {
    Locks locks(R"(, "max_bytes": 2000, "max_msgs_per_subject": 5)");
    Process holder(locks.command("k", {"--value", "me"}, filling));
    REQUIRE(holder.read_until("full\n", 60));
    const auto result = holder.wait(30);
    CHECK(result.status == 1);
    CAPTURE(result.err);
    CHECK(result.err.find("the bucket is full; COMMAND was stopped\n") != std::string::npos);
  }
}

TEST_CASE("natskv, keeper and COMMAND frozen together: another runs meanwhile, with a larger token") {
  Locks locks;
  Holding holding(locks.command("k", {}, says_token));
  auto& [holder, first, keeper] = holding;
  // As a machine that is frozen.
  ::kill(keeper, SIGSTOP);
  ::kill(first.pid, SIGSTOP);
  holder.pause();
  Process other(locks.command("k", {}, says_token));
  REQUIRE(other.read_until("\n", 20));
  const Held second(other.out());
  CHECK(second.token > first.token);
  CHECK(alive(first.pid));
  ::kill(keeper, SIGCONT);
  ::kill(first.pid, SIGCONT);
  holder.resume();
  const auto result = holder.wait();
  CHECK((result.status == 4 || result.status == 5));
  CHECK_FALSE(alive(first.pid));
  other.signal(SIGTERM);
  CHECK(other.wait().status == 143);
}

TEST_CASE("natskv and the keeper killed at once: COMMAND goes on, and the next token is larger") {
  Locks locks;
  Holding holding(locks.command("k", {}, says_token));
  auto& [holder, first, keeper] = holding;
  ::kill(keeper, SIGSTOP);
  ::kill(keeper, SIGKILL);
  holder.signal(SIGKILL);
  const auto next = run(locks.command("k", {}, {"sh", "-c", "echo $NATSKV_LOCK_TOKEN"}));
  CHECK(alive(first.pid));
  ::kill(first.pid, SIGKILL);
  CHECK(std::atoi(next.out.c_str()) > first.token);
}

TEST_CASE("the server's clock jumps forward: the entry is gone under its holder, which is 4") {
  Locks locks;
  Process holder(locks.command("k", {}, says_token));
  REQUIRE(holder.read_until("\n"));
  const Held first(holder.out());
  // Removed without a marker, as by an expiry; the server forbids deletes of a bucket's messages otherwise.
  locks.client.api("STREAM.PURGE.KV_locks", R"({"filter": "$KV.locks.k"})");
  const auto other = run(locks.command("k", {"--try"}, {"sh", "-c", "echo $NATSKV_LOCK_TOKEN"}));
  CHECK(other.status == 0);
  CHECK(std::atoi(other.out.c_str()) > first.token);
  const auto result = holder.wait();
  CHECK(result.status == 4);
  CHECK(result.err.find("COMMAND was stopped\n") != std::string::npos);
  CHECK_FALSE(alive(first.pid));
}

TEST_CASE("what a lock costs: four messages, and one a renewal, two with a look at the settings") {
  Locks locks;
  Observed observed(locks.client, {"$KV.locks.>", "$JS.API.>"});
  const std::string info = "$JS.API.STREAM.INFO.KV_locks", get = "$JS.API.STREAM.MSG.GET.KV_locks";
  CHECK(run(locks.command("k", {}, {"true"})).status == 0);
  CHECK(observed.count() == std::map<std::string, int>{{"$KV.locks.k", 2}, {info, 1}, {get, 1}});
  const auto begin = std::chrono::steady_clock::now();
  CHECK(run(locks.command("k", {}, {"sleep", "5"})).status == 0);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  auto counted = observed.count();
  const int renewals = counted["$KV.locks.k"] - 2;
  CHECK(renewals >= 2);
  CHECK(renewals <= took.count() / (lease / 3.0));
  CHECK(counted[info] <= renewals + 1);
  CHECK(counted[get] == 1);
  CHECK(counted.size() == 3);
}

TEST_CASE(
    "a renewal that the user may no longer write: COMMAND is stopped before the lease ends, and it is 6") {
  const auto users = [](const std::string& denied) {
    return R"(authorization { users: [ { user: all, password: p },
      { user: w, password: p, permissions: { publish: { deny: [ ")" +
           denied + R"(" ] } } } ] })";
  };
  Server server({.config = users("nothing")});
  Client client(server.url_as("all:p"));
  client.add_bucket("locks", "{" + Locks::ttl() + "}");
  auto words = Locks::words("k", {"-s", server.url_as("w:p")}, says_token);
  Process lock(natskv_command(words));
  REQUIRE(lock.read_until("\n"));
  const Held held(lock.out());
  server.reload(users("$KV.locks.k"));
  const auto result = lock.wait(20);
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK_FALSE(alive(held.pid));
}

TEST_CASE(
    "Ctrl-Z in a terminal: COMMAND stops with natskv, is killed when the lease is over, and fg says 5") {
  const Locks locks;
  const TempDir folder;
  JobShell terminal(locks.command(
      "k", {}, {"sh", "-c", "echo $NATSKV_LOCK_TOKEN $$ > $0; echo up; exec sleep 600", folder / "held"}));
  REQUIRE(terminal.read_until("up\r\n"));
  const Held held(read_file(folder / "held"));
  terminal.send("\x1a");
  REQUIRE(terminal.read_until("Stopped"));
  CHECK(eventually([&] { return !alive(held.pid); }));
  terminal.send("fg\n");
  terminal.send("exit $?\n");
  CHECK(terminal.wait(20).status == 5);
}
