// ctest: long
// wait: conditions, what it waits for, its statuses, and that no write is missed.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace natskv::test;

namespace {

const Headers deleted{{"KV-Operation", "DEL"}};

// Runs until it has said for what it waits.
bool waiting(Process& process, const std::string& text) {
  return process.read_err_until("natskv: wait: waiting " + text + "\n");
}

}  // namespace

TEST_CASE("a condition that is so ends at once, with nothing printed") {
  const TestBucket b;
  b.put("k", "on");
  b.put("gone", "x");
  b.put("gone", "", deleted);
  const std::vector<std::vector<std::string>> met{
      {"k"},
      {"k", "--value", "on"},
      {"k", "--not", "off"},
      {"k", "-F", "-"},
      {"gone", "--after", "2"},
      {"gone", "--absent"},
      {"never", "--absent"},
      {"x.*", "--absent"},
      {"*"},
      {"*", "--count", "1"},
      {"--key=k"},
      {"k", "--", "grep", "-q", "on"},
  };
  for (const auto& words : met) {
    CAPTURE(words.back());
    CHECK(all(b("wait", words, {.input = "on"})) == "0||");
  }
}

TEST_CASE("--within 0 looks once: 124 and the condition, 3 without a bucket, 5 without a server") {
  const TestBucket b;
  b.put("k", "on");
  const auto once = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--within", "0"});
    return all(b("wait", words));
  };
  const std::string sentence =
      R"(124||natskv: wait: timed out after 0s before key "k" in bucket ")" + b.name() + "\" ";
  CHECK(once({"k", "--value", "off"}) == sentence + "has the given value\n");
  CHECK(once({"k", "--not", "on"}) == sentence + "has another value\n");
  CHECK(once({"k", "--absent"}) == sentence + "has no value\n");
  CHECK(once({"k", "--after", "1"}) == sentence + "has a revision above 1\n");
  CHECK(once({"*", "--count", "2"}).starts_with("124|"));
  CHECK(once({"none", "--not", "x"}).starts_with("124|"));
  CHECK(kv({"wait", "none", "k", "--within", "0"}).status == 3);
  CHECK(nowhere({"wait", "b", "k", "--within", "0"}).status == 5);
  const auto json = b("wait", {"k", "--absent", "--within", "0", "-o", "json"});
  CHECK(json.out.empty());
  CHECK(json.err.find(R"("exit":124,"code":"timeout")") != std::string::npos);
}

TEST_CASE("a write that comes while it waits ends it") {
  const TestBucket b(R"({"max_msgs_per_subject": 10})");  // what was replaced at once is still sent
  const auto late = [&](const std::vector<std::string>& words, const std::string& says,
                        const std::function<void()>& act) {
    CAPTURE(says);
    Process waiter(b.command("wait", words));
    REQUIRE(waiting(waiter, "until key \"k\" in bucket \"" + b.name() + "\" has " + says));
    act();
    const auto result = waiter.wait();
    CHECK(result.status == 0);
    CHECK(result.out.empty());
  };
  late({"k"}, "a value", [&] { b.put("k", "off"); });
  late({"k", "--value", "on"}, "the given value", [&] {
    b.put("k", "onn");
    b.put("other", "on");
    b.put("k", "on");
    b.put("k", "off");
  });
  late({"k", "--not", "off"}, "another value", [&] { b.put("k", ""); });
  late({"k", "--absent"}, "no value", [&] { b.put("k", "", deleted); });
  const auto last = b.last_revision();
  late({"k", "--after", std::to_string(last)}, "a revision above " + std::to_string(last),
       [&] { b.put("k", "", deleted); });
}

TEST_CASE("a barrier: so many keys at the same time") {
  const TestBucket b;
  Process waiter(b.command("wait", {"ready.*", "--count", "3", "--value", "yes", "-o", "tsv"}));
  REQUIRE(waiting(waiter,
                  "until 3 keys in bucket \"" + b.name() + "\" that match \"ready.*\" have the given value"));
  b.put("ready.1", "yes");
  b.put("ready.2", "yes");
  b.put("ready.2", "no");
  b.put("ready.3", "yes");
  b.put("ready.1", "yes");
  waiter.read_for(0.3);
  CHECK(waiter.running());
  b.put("ready.2", "yes");
  const auto result = waiter.wait();
  CHECK(result.status == 0);
  CHECK(lines(result.out) == 3);
  CHECK(result.out.starts_with("ready.1\t5\t"));
}

TEST_CASE("-o prints what fulfilled it, as get does") {
  const TestBucket b;
  b.put("k", std::string_view("a\0b", 3));
  CHECK(b("wait", {"k", "-o", "raw"}).out == std::string("a\0b", 3));
  const auto json = b("wait", {"k", "-o", "json"}).out;
  CHECK(json.starts_with(R"({"bucket":")" + b.name() + R"(","key":"k","revision":1,)"));
  CHECK(b("wait", {"*", "-o", "json"}).out.starts_with("["));
  CHECK(b("wait", {"x", "--absent", "-o", "json"}).out == "[]\n");
  CHECK(b("wait", {"*", "-o", "raw"}).status == 2);
}

TEST_CASE("what excludes each other is found before connecting") {
  const auto refused = [](std::vector<std::string> words, const std::string& text) {
    words.insert(words.begin(), {"wait", "b", "k"});
    const auto result = nowhere(words);
    CHECK(result.status == 2);
    CAPTURE(result.err);
    CHECK(result.err.find(text) != std::string::npos);
  };
  refused({"--value", "x", "--not", "y"}, "--value and --not exclude each other");
  refused({"--value", "x", "-F", "y"}, "--value and --file exclude each other");
  refused({"--absent", "--value", "x"}, "--absent and --value exclude each other");
  refused({"--absent", "--not", "x"}, "--absent and --not exclude each other");
  refused({"--absent", "-F", "x"}, "--absent and --file exclude each other");
  refused({"--absent", "--after", "1"}, "--absent and --after exclude each other");
  refused({"--absent", "--count", "1"}, "--absent and --count exclude each other");
  refused({"--absent", "--", "true"}, "--absent and COMMAND exclude each other");
  refused({"--count", "2"}, "--count needs a PATTERN");
  refused({"--count", "0"}, "--count");
  refused({"--after", "0"}, "--after");
  refused({"--within", "soon"}, "--within");
  refused({"-F", "/no/such/file"}, "/no/such/file");
  CHECK(nowhere({"wait", "b"}).status == 2);
  CHECK(nowhere({"wait", "b", "k", "--", "natskv-no-such-program"}).status == 127);
  CHECK(nowhere({"wait", "b", "k", "--", "/"}).status == 126);
}

TEST_CASE("no put is missed, whenever it comes beside the start of wait") {
  const TestBucket b;
  const char* const asked = std::getenv("NATSKV_RACES");
  const int races = asked != nullptr ? std::atoi(asked) : 150;
  int missed = 0;
  for (int race = 0; race < races; ++race) {
    const auto key = "k" + std::to_string(race);
    Process waiter(b.command("wait", {key, "--within", "50s"}));
    std::this_thread::sleep_for(std::chrono::microseconds(race * 7919 % 40000));
    b.put(key, "x");
    if (waiter.wait(60).status != 0) ++missed;
  }
  CHECK(missed == 0);
}

TEST_CASE("COMMAND is asked about each value in order: 0 is yes, up to 125 not yet, the rest ends it") {
  const TestBucket b;
  b.put("k", "1");
  SUBCASE("told what it is asked about, and not asked about what does not fulfil the rest") {
    b.put("k", "2");
    Process waiter(b.command("wait", {"k", "--not", "3", "--", "sh", "-c",
                                      "v=$(cat); echo $NATSKV_BUCKET $NATSKV_KEY $NATSKV_OPERATION "
                                      "$NATSKV_REVISION ${NATSKV_CREATED%T*} $v; test $v -ge 4"}));
    REQUIRE(waiter.read_until(" 2\n"));
    b.put("k", "3");
    b.put("k", "", deleted);
    b.put("k", "5");
    const auto result = waiter.wait();
    CHECK(result.status == 0);
    const auto first = b.name() + " k PUT 2 2";
    CHECK(result.out.starts_with(first));
    CHECK(result.out.find("\n" + b.name() + " k PUT 5 2") != std::string::npos);
    CHECK(lines(result.out) == 2);
  }
  SUBCASE("statuses") {
    for (const int status : {126, 127, 128, 200, 255}) {
      CAPTURE(status);
      const auto result = b("wait", {"k", "--", "sh", "-c", "exit " + std::to_string(status)});
      CHECK(result.status == status);
    }
    CHECK(b("wait", {"k", "--", "sh", "-c", "kill -KILL $$"}).status == 137);
    for (const int status : {1, 2, 125})
      CHECK(b("wait", {"k", "--within", "0", "--", "sh", "-c", "exit " + std::to_string(status)}).status ==
            124);
    CHECK(b("wait", {"k", "--within", "0", "--", "sh", "-c", "sleep 0.2"}).status == 0);
  }
  SUBCASE("each value, also those that came while it ran") {
    const TempDir folder;
    const auto list = folder / "list";
    Process waiter(b.command(
        "wait", {"k", "--", "sh", "-c", "v=$(cat); echo $v >> \"$0\"; sleep 0.05; test $v = 9", list}));
    REQUIRE(eventually([&] { return std::filesystem::exists(list); }));
    for (int i = 2; i < 10; ++i) b.put("k", std::to_string(i));
    CHECK(waiter.wait().status == 0);
    std::ifstream file(list);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    // A history of one: what was overwritten before it was delivered is not there any more.
    CHECK(text.starts_with("1\n"));
    CHECK(text.ends_with("\n9\n"));
  }
  SUBCASE("it need not read its value") {
    b.put("k", std::string(900'000, 'x'));
    CHECK(b("wait", {"k", "--", "true"}).status == 0);
  }
}

TEST_CASE("--within stops COMMAND and what it started: 124") {
  const TestBucket b;
  b.put("k", "1");
  const auto result =
      b("wait", {"k", "--within", "6s", "--", "sh", "-c", "trap 'echo told; exit 0' TERM; sleep 600 & wait"});
  CHECK(result.status == 124);
  CHECK(result.out == "told\n");
  CHECK(result.err.find("timed out after 6s before key \"k\"") != std::string::npos);
}

TEST_CASE("a signal ends it: 130, 143, 129; COMMAND gets it first") {
  const TestBucket b;
  for (const auto& [number, status] : {std::pair{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}}) {
    Process waiter(b.command("wait", {"k"}));
    REQUIRE(waiter.read_err_until("waiting until"));
    waiter.signal(number);
    CHECK(waiter.wait().status == status);
  }
  b.put("k", "1");
  Process asked(b.command("wait", {"k", "--", "sh", "-c",
                                   "trap 'echo told; exit 1' TERM; echo up; while :; do sleep 0.05; done"}));
  REQUIRE(asked.read_until("up\n"));
  asked.signal(SIGTERM);
  const auto result = asked.wait();
  CHECK(result.status == 143);
  CHECK(result.out == "up\ntold\n");
}

TEST_CASE("a key that expires, though no marker says so") {
  const bool by_key = server_at_least(2, 11);
  const TestBucket b(by_key ? R"({"allow_msg_ttl": true})"
                            : R"({"max_age": 2000000000, "duplicate_window": 2000000000})");
  const Headers ttl = by_key ? Headers{{"Nats-TTL", "2s"}} : Headers{};
  b.put("k", "x", ttl);
  CHECK(b("wait", {"k", "--absent", "--within", "30s"}).status == 0);
  b.put("k.1", "x", ttl);
  b.put("k.2", "x", ttl);
  CHECK(b("wait", {"k.*", "--absent", "--within", "30s"}).status == 0);
  // It counts no more.
  b.put("k.1", "x", ttl);
  Process waiter(b.command("wait", {"k.*", "--count", "2"}));
  REQUIRE(eventually([&] { return b.last("k.1").revision == 0; }));
  waiter.read_for(1.5);
  b.put("k.2", "x");
  waiter.read_for(0.5);
  CHECK(waiter.running());
  // Both at the same time, also where each lives for two seconds and natskv is slow to look.
  CHECK(eventually([&] {
    for (const char* key : {"k.1", "k.2"}) b.put(key, "x");
    waiter.read_for(0.2);
    return !waiter.running();
  }));
  CHECK(waiter.wait().status == 0);
}

TEST_CASE("it waits for the bucket, and again when that is recreated; with --after that is 3") {
  const Server server;
  Client client(server.url());
  Process waiter(server.command({"wait", "b", "k"}));
  Process counts(server.command({"wait", "b", "k.*", "--count", "2"}));
  Process after(server.command({"wait", "b", "k", "--after", "5"}));
  REQUIRE(waiting(waiter, "for bucket \"b\""));
  REQUIRE(waiting(counts, "for bucket \"b\""));
  REQUIRE(waiting(after, "for bucket \"b\""));
  client.add_bucket("b");
  REQUIRE(waiting(waiter, "until key \"k\" in bucket \"b\" has a value"));
  client.put("b", "k.1", "x");
  REQUIRE(waiting(counts, "until 2 keys in bucket \"b\" that match \"k.*\" have a value"));
  REQUIRE(waiting(after, "until key \"k\" in bucket \"b\" has a revision above 5"));
  // None may look between the two.
  for (Process* process : {&waiter, &counts, &after}) process->pause();
  client.delete_bucket("b");
  client.add_bucket("b");
  for (Process* process : {&waiter, &counts, &after}) process->resume();
  REQUIRE(counts.read_err_until("was recreated"));
  const auto result = after.wait();
  CHECK(result.status == 3);
  CHECK(result.err.find("bucket \"b\" was recreated") != std::string::npos);
  client.put("b", "k.2", "x");
  client.put("b", "k", "x");
  CHECK(waiter.wait().status == 0);
  counts.read_for(0.5);
  CHECK(counts.running());
  client.put("b", "k.1", "x");
  CHECK(counts.wait().status == 0);
}

TEST_CASE("a bucket that is removed is waited for; with --after it is 3") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  Process waiter(server.command({"wait", "b", "k"}));
  Process after(server.command({"wait", "b", "k", "--after", "5"}));
  REQUIRE(waiting(waiter, "until key \"k\" in bucket \"b\" has a value"));
  REQUIRE(waiting(after, "until key \"k\" in bucket \"b\" has a revision above 5"));
  Process bounded(server.command({"wait", "b", "k", "--within", "15s"}));
  REQUIRE(waiting(bounded, "until key \"k\" in bucket \"b\" has a value"));
  client.delete_bucket("b");
  CHECK(after.wait().status == 3);
  REQUIRE(waiter.read_err_until("waiting for bucket \"b\"\n"));
  const auto result = bounded.wait();
  CHECK(result.status == 3);
  CHECK(result.err.find("timed out after 15s; bucket \"b\" ") != std::string::npos);
  client.add_bucket("b");
  client.put("b", "k", "x");
  CHECK(waiter.wait().status == 0);
}

TEST_CASE("a last look without an answer does not hide that the bucket is missing") {
  const Server server;
  Proxy proxy(server.port());
  Process waiter(natskv_command({"-s", proxy.url(), "wait", "b", "k", "--within", "8s"}));
  REQUIRE(waiter.read_err_until("waiting for bucket \"b\"\n"));
  proxy.pause();
  const auto result = waiter.wait();
  CHECK(result.status == 3);
  CHECK(has(result.err, "timed out after 8s; bucket \"b\" not found"));
}

TEST_CASE("it waits for the server: started after it, without JetStream first, restarted meanwhile") {
  const int port = free_ports(1)[0];
  const auto url = "nats://127.0.0.1:" + std::to_string(port);
  Process waiter(natskv_command({"-s", url, "wait", "b", "k"}));
  const auto ended = natskv::test::natskv({"-s", url, "wait", "b", "k", "--within", "300ms"});
  CHECK(ended.status == 5);
  CHECK(ended.err.find("timed out after 300ms; ") != std::string::npos);
  REQUIRE(waiter.read_err_until("waiting for the server: "));
  {
    const Server plain({.jetstream = false, .port = port});
    REQUIRE(waiter.read_err_until("JetStream"));
    CHECK(plain.natskv({"wait", "b", "k", "--within", "300ms"}).status == 5);
  }
  Server server({.port = port});
  REQUIRE(waiter.read_err_until("waiting for bucket \"b\""));
  Client(server.url()).add_bucket("b");
  REQUIRE(waiter.read_err_until("waiting until key \"k\""));
  server.restart();
  REQUIRE(waiter.read_err_until("connection restored"));
  Client(server.url()).put("b", "k", "x");
  CHECK(waiter.wait().status == 0);
}

TEST_CASE("a server that hangs: --within bounds it, and it is 5") {
  const Listener silent;
  const auto result = natskv::test::natskv({"-s", silent.url(), "wait", "b", "k", "--within", "1s"});
  CHECK(result.status == 5);
  CHECK_FALSE(result.timed_out);
  Server server;
  Client(server.url()).add_bucket("b");
  Process waiter(server.command({"wait", "b", "k", "--within", "10s"}));
  REQUIRE(waiter.read_err_until("waiting until"));
  server.pause();
  const auto hung = waiter.wait();
  server.resume();
  CHECK(hung.status == 5);
  CHECK_MESSAGE(hung.err.find("natskv: wait: timed out after 10s; no answer from " + server.url() + "\n") !=
                    std::string::npos,
                hung.err);
  // Its connection refused is the same.
  Process left(server.command({"wait", "b", "k", "--within", "10s"}));
  REQUIRE(left.read_err_until("waiting until"));
  server.kill9();
  const auto gone = left.wait();
  CHECK(gone.status == 5);
  CHECK_MESSAGE(gone.err.find("natskv: wait: timed out after 10s; no answer from " + server.url() + "\n") !=
                    std::string::npos,
                gone.err);
}

TEST_CASE("keys that went in an outage count no more") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "k.1", "x");
  client.put("b", "k.2", "x");
  Proxy proxy(server.port());
  Process absent(natskv_command({"-s", proxy.url(), "wait", "b", "k.*", "--absent"}));
  Process counts(natskv_command({"-s", proxy.url(), "wait", "b", "k.*", "--count", "3"}));
  REQUIRE(absent.read_err_until("waiting until no key"));
  REQUIRE(counts.read_err_until("waiting until 3 keys"));
  proxy.refuse();
  proxy.cut();
  client.api("STREAM.PURGE.KV_b", R"({"filter": "$KV.b.k.1"})");
  client.put("b", "k.3", "x");
  client.api("STREAM.PURGE.KV_b", R"({"filter": "$KV.b.k.2"})");
  proxy.refuse(false);
  REQUIRE(counts.read_err_until("connection restored"));
  counts.read_for(0.5);
  CHECK(counts.running());
  client.put("b", "k.1", "x");
  client.put("b", "k.2", "x");
  CHECK(counts.wait().status == 0);
  for (const char* key : {"k.1", "k.2", "k.3"}) client.put("b", key, "", deleted);
  CHECK(absent.wait().status == 0);
}

TEST_CASE("who may not read is told so with 6, at once") {
  const Server server({.config = R"(authorization { users: [
    { user: all, password: p },
    { user: none, password: p, permissions: { publish: { deny: ["$JS.>"] } } } ] })"});
  Client(server.url_as("all:p")).add_bucket("b");
  CHECK(natskv::test::natskv({"-s", server.url_as("none:p"), "wait", "b", "k"}).status == 6);
  CHECK(natskv::test::natskv({"-s", server.url_as("all:wrong"), "wait", "b", "k"}).status == 6);
}
