// modify: a value through a COMMAND, compare-and-set.
#include "support/buckets.hpp"
#include "support/sockets.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

using namespace natskv::test;
using Words = std::vector<std::string>;

namespace {

constexpr std::string_view with_ttl = R"({"allow_msg_ttl": true})";
constexpr std::string_view with_ttl_and_history = R"({"allow_msg_ttl": true, "max_msgs_per_subject": 5})";
constexpr const char* plus_one = "echo $(($(cat) + 1))";

const std::string natskv_program = natskv_command({}).args[0];

Words through(Words options, const Words& command) {
  options.insert(options.begin(), "k");
  options.emplace_back("--");
  options.insert(options.end(), command.begin(), command.end());
  return options;
}

// A shell's commands as COMMAND; $0 is natskv, $1 the bucket, and where it runs is a folder of the test's.
Words shell(const TestBucket& b, const Words& options, const std::string& script) {
  return through(options, {"sh", "-c", script, natskv_program, b.name()});
}

std::string ttl_of(const TestBucket& b, const std::string& key) {
  const auto headers = b.last(key).headers;
  const auto at = headers.find("Nats-TTL");
  return at == headers.end() ? "none" : at->second;
}

}  // namespace

TEST_CASE("what COMMAND makes of the value is stored, and its revision printed") {
  const TestBucket b;
  b.put("k", "hello");
  CHECK(all(b("modify", through({}, {"tr", "a-z", "A-Z"}))) == "0|2\n|");
  CHECK(b.last("k").data == "HELLO");
  const auto json = nlohmann::json::parse(b("modify", through({"-j"}, {"tr", "A-Z", "a-z"})).out);
  CHECK(json["revision"] == 3);
  CHECK(json["operation"] == "PUT");
  CHECK(all(b("modify", through({"-q"}, {"tr", "a-z", "A-Z"}))) == "0||");
  // The same bytes: nothing is written.
  CHECK(all(b("modify", through({}, {"cat"}))) == "0|4\n|");
  CHECK(b.last_revision() == 4);
}

TEST_CASE("any bytes go in and out, and nobody waits for one who does not read") {
  const TestBucket b;
  const std::string bytes("a\0b\xff\n\n", 6);
  b.put("k", bytes);
  CHECK(b("modify", shell(b, {}, "cat; printf 'c\\0\\n'")).status == 0);
  CHECK(b.last("k").data == bytes + std::string("c\0\n", 3));
  // COMMAND ends without a look at its stdin, and one whose reader has gone ends by SIGPIPE as in any shell.
  b.put("k", std::string(900'000, 'x'));
  CHECK(b("modify", through({}, {"echo", "unread"})).status == 0);
  CHECK(b.last("k").data == "unread\n");
  b.put("k", std::string(900'000, 'x'));
  CHECK(b("modify", shell(b, {}, "yes | head -n 1; cat >/dev/null; grep SigIgn /proc/self/status")).status ==
        0);
  CHECK(b.last("k").data == "y\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("values of ten megabytes") {
  const Server server({.config = "max_payload: 16MB"});
  Client client(server.url());
  client.add_bucket("b");
  const std::string large(10'000'000, 'x');
  client.put("b", "k", large);
  // Written while it is read, and written before any of it is read.
  for (const char* script : {"cat; echo y", "head -c 10000000 /dev/zero; cat >/dev/null"}) {
    CAPTURE(script);
    const auto result = server.natskv({"modify", "b", "k", "--timeout", "30s", "--", "sh", "-c", script});
    CHECK_MESSAGE(result.status == 0, result.err);
  }
  const bool zeros = client.last("b", "k").data == std::string(10'000'000, '\0');
  CHECK(zeros);
}

TEST_CASE("COMMAND's status is natskv's, and nothing is written") {
  const TestBucket b;
  b.put("k", "v");
  CHECK(all(b("modify", shell(b, {}, "echo new; exit 9"))) ==
        "9||natskv: modify: COMMAND ended with status 9; nothing was written\n");
  CHECK(all(b("modify", shell(b, {}, "echo new; kill -USR1 $$"))) ==
        "138||natskv: modify: COMMAND ended with status 138; nothing was written\n");
  CHECK(all(b("modify", shell(b, {}, "exit 255"))) ==
        "255||natskv: modify: COMMAND ended with status 255; nothing was written\n");
  const auto json = b("modify", shell(b, {"-j"}, "exit 4"));
  CHECK(json.status == 4);
  CHECK(nlohmann::json::parse(json.err)["error"]["exit"] == 4);
  CHECK(b.last_revision() == 1);
}

TEST_CASE("COMMAND is looked up before connecting, and without one it is a usage error") {
  CHECK(nowhere({"modify", "b", "k"}).status == 2);
  CHECK(nowhere({"modify", "b", "k", "--"}).status == 2);
  CHECK(nowhere({"modify", "b", "k", "--", "no-such-program-anywhere"}).status == 127);
  CHECK(nowhere({"modify", "b", "k", "--", "/etc/passwd"}).status == 126);
  CHECK(nowhere({"modify", "b", "k", "--ttl", "1500ms", "--", "cat"}).status == 2);
  CHECK(nowhere({"modify", "b", "k", "--within", "-1s", "--", "cat"}).status == 2);
  CHECK(nowhere({"modify", "b", "k", "--", "cat"}).status == 5);
}

TEST_CASE("an empty output is refused, unless it is meant") {
  const TestBucket b;
  b.put("k", "v");
  CHECK(all(b("modify", through({}, {"true"}))) ==
        "1||natskv: modify: COMMAND's output is empty; nothing was written\nhint: --allow-empty stores it\n");
  CHECK(b.last_revision() == 1);
  CHECK(all(b("modify", through({"--allow-empty"}, {"true"}))) == "0|2\n|");
  CHECK(b.last("k").data.empty());
  CHECK(all(b("modify", through({}, {"cat"}))) == "0|2\n|");
  // Nor is it a surprise where there was nothing to begin with.
  CHECK(b("del", {"k"}).status == 0);
  CHECK(all(b("modify", through({"--default", ""}, {"cat"}))) == "0|4\n|");
}

TEST_CASE("an output above what the server takes is refused, and COMMAND stopped") {
  const TestBucket b;
  b.put("k", "v");
  const auto result = b("modify", through({}, {"yes"}));
  CHECK(result.status == 1);
  CHECK(result.err.find("the value is over the server") != std::string::npos);
  const TestBucket small(R"({"max_msg_size": 1000})");
  small.put("k", "v");
  CHECK(small("modify", through({}, {"seq", "1000"})).status == 1);
  CHECK(b.last_revision() == 1);
  CHECK(small.last_revision() == 1);
}

TEST_CASE("a key without a value is an error, or begins with --default") {
  const TestBucket b;
  CHECK(all(b("modify", through({}, {"cat"}))) ==
        "3||natskv: modify: key \"k\" not found in bucket \"" + b.name() + "\"\n");
  CHECK(all(b("modify", shell(b, {"--default", "0"}, plus_one))) == "0|1\n|");
  CHECK(b.last("k").data == "1\n");
  CHECK(b("del", {"k"}).status == 0);
  CHECK(b("modify", through({}, {"cat"})).status == 3);
  // Also where COMMAND makes nothing else of it.
  CHECK(all(b("modify", through({"--default", "v"}, {"cat"}))) == "0|3\n|");
  CHECK(b.last("k").data == "v");
  CHECK(all(b("modify", through({"--default", "w"}, {"cat"}))) == "0|3\n|");
}

TEST_CASE("after a conflict COMMAND runs again on the new value") {
  const TestBucket b;
  const TempDir folder;
  b.put("k", "10");
  const std::string disturbed =
      "echo x >> runs; [ $(wc -l < runs) -gt 3 ] || \"$0\" put -q \"$1\" k $(($(wc -l < runs) * 100)); ";
  const Run in_folder{.env = {{"NATS_URL", bed().server.url()}}, .cwd = folder.path()};
  const auto result = b("modify", shell(b, {}, disturbed + plus_one), in_folder);
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK(lines(read_file(folder / "runs")) == 4);
  CHECK(b.last("k").data == "301\n");
  // The first output is sent however short the time is.
  std::filesystem::remove(folder / "runs");
  const auto once = b("modify", shell(b, {"-w", "0s"}, disturbed + plus_one), in_folder);
  CHECK(once.status == 4);
  CHECK(lines(read_file(folder / "runs")) == 1);
  CHECK(b.last("k").data == "100");
  CHECK(b("modify", shell(b, {"-w", "0s"}, plus_one)).status == 0);
}

TEST_CASE("a key that appears or goes meanwhile is a conflict, too") {
  const TestBucket b;
  const TempDir folder;
  const Run in_folder{.env = {{"NATS_URL", bed().server.url()}}, .cwd = folder.path()};
  const std::string once = "[ -e once ] || { touch once; ";
  CHECK(
      b("modify", shell(b, {"--default", "0"}, once + "\"$0\" put -q \"$1\" k 41; }; " + plus_one), in_folder)
          .status == 0);
  CHECK(b.last("k").data == "42\n");
  std::filesystem::remove(folder / "once");
  CHECK(b("modify", shell(b, {}, once + "\"$0\" del -q \"$1\" k; }; " + plus_one), in_folder).status == 3);
}

TEST_CASE("eight processes at once lose no increment") {
  const TestBucket b;
  b.put("k", "0");
  std::vector<std::unique_ptr<Process>> processes;
  for (int i = 0; i < 8; ++i) {
    processes.push_back(std::make_unique<Process>(Run{
        .args =
            {"sh", "-c",
             "for i in 1 2 3 4 5; do \"$0\" modify -q --timeout 20s -w 100s \"$1\" k -- sh -c 'echo $(($(cat) + 1))' "
             "|| exit; done",
             natskv_program, b.name()},
        .env = {{"NATS_URL", bed().server.url()}}}));
  }
  for (auto& process : processes) CHECK(process->wait(120).status == 0);
  CHECK(b.last("k").data == "40\n");
}

TEST_CASE("what is left of a key's time to live is kept, unless --ttl gives another") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(with_ttl);
  b.put("k", "1", {{"Nats-TTL", "3600s"}});
  CHECK(all(b("modify", shell(b, {}, plus_one))) == "0|2\n|");
  const auto left = ttl_of(b, "k");
  REQUIRE(left.ends_with("s"));
  CHECK(std::stol(left) > 3000);
  CHECK(std::stol(left) < 3600);
  CHECK(b("modify", shell(b, {"--ttl", "2h"}, plus_one)).status == 0);
  CHECK(ttl_of(b, "k") == "7200s");
  b.put("k", "1", {{"Nats-TTL", "never"}});
  CHECK(b("modify", shell(b, {}, plus_one)).status == 0);
  CHECK(ttl_of(b, "k") == "never");
  CHECK(b("del", {"k"}).status == 0);
  CHECK(b("modify", shell(b, {"--default", "0", "--ttl", "1h"}, plus_one)).status == 0);
  CHECK(ttl_of(b, "k") == "3600s");
  // Less than a second is left from the start.
  b.put("k", "1", {{"Nats-TTL", "1s"}});
  const auto expiring = b("modify", shell(b, {}, plus_one));
  CHECK(expiring.status == 3);
  const TestBucket plain;
  plain.put("k", "1");
  CHECK(plain("modify", shell(plain, {"--ttl", "1h"}, plus_one)).err.find("has no per-key TTL") !=
        std::string::npos);
}

TEST_CASE("a TTL that the bucket does not heed is not kept") {
  const TestBucket b;
  b.put("k", "1", {{"KV-Foreign", "x"}});
  try {
    b.put("k", "1", {{"Nats-TTL", "1h"}});
  } catch (const std::exception&) {  // a server since 2.11 refuses it
    return;
  }
  CHECK(b("modify", shell(b, {}, plus_one)).status == 0);
  CHECK(ttl_of(b, "k") == "none");
  b.put("k", "1", {{"Nats-TTL", "1h"}});
  CHECK(b("touch", {"k"}).status == 0);
  CHECK(ttl_of(b, "k") == "none");
}

TEST_CASE("over a history a time to live needs --drop-history, which is found out before COMMAND runs") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(with_ttl_and_history);
  const TempDir folder;
  b.put("k", "1");
  for (const char* header : {"none", "3600s"}) {
    if (header != std::string("none")) b.put("k", "1", {{"Nats-TTL", header}});
    const Words options = header == std::string("none") ? Words{"--ttl", "1h"} : Words{};
    const auto refused =
        b("modify", through(options, {"sh", "-c", "touch ran; echo 2"}), {.cwd = folder.path()});
    CHECK(refused.status == 1);
    CHECK(refused.err.find("its older value would come back; nothing was written\nhint: --drop-history") !=
          std::string::npos);
    CHECK(!std::filesystem::exists(folder / "ran"));
  }
  CHECK(b.messages() == 2);
  CHECK(b("modify", shell(b, {"--drop-history"}, plus_one)).status == 0);
  CHECK(b.messages() == 1);
  CHECK(ttl_of(b, "k") != "none");
  b.put("l", "1");
  b.put("l", "2");
  CHECK(b("modify", {"l", "--drop-history", "--", "sh", "-c", plus_one}).status == 0);
  CHECK(b("modify", {"l", "--", "sh", "-c", plus_one}).status == 0);
  CHECK(b.messages() == 3);
}

TEST_CASE("what COMMAND started and left writes for nobody, and is stopped") {
  const TestBucket b;
  b.put("k", "v");
  const TempDir folder;
  const auto result = b("modify",
                        shell(b, {},
                              "(trap 'echo late; exit' TERM; echo early; sleep 600 & touch said; wait) & "
                              "while ! [ -e said ]; do sleep 0.02; done"),
                        {.cwd = folder.path()});
  CHECK(result.status == 0);
  CHECK(result.err.find("processes running, which were stopped") != std::string::npos);
  CHECK(b.last("k").data == "early\n");
}

TEST_CASE("a signal is COMMAND's") {
  const TestBucket b;
  b.put("k", "v");
  Process stopped(b.command("modify", shell(b, {}, "echo started >&2; echo new; sleep 600")));
  REQUIRE(stopped.read_err_until("started"));
  stopped.signal(SIGTERM);
  CHECK(stopped.wait().status == 128 + SIGTERM);
  CHECK(b.last("k").data == "v");
  // It may end as it likes.
  Process patient(b.command("modify", shell(b, {},
                                            "trap 'echo done; exit 0' TERM; echo started >&2; "
                                            "while :; do sleep 0.05; done")));
  REQUIRE(patient.read_err_until("started"));
  patient.signal(SIGTERM);
  CHECK(patient.wait().status == 0);
  CHECK(b.last("k").data == "done\n");
}

TEST_CASE("a write that nobody answers is 7, and not repeated") {
  Server server;
  Client(server.url()).add_bucket("b");
  CHECK(server.natskv({"put", "b", "k", "1", "-q"}).status == 0);
  const TempDir folder;
  Process process(
      server.command({"modify", "b", "k", "--timeout", "4s", "--", "sh", "-c",
                      "echo x >> runs; echo started >&2; while ! [ -e go ]; do sleep 0.02; done; echo 2"},
                     {.cwd = folder.path()}));
  REQUIRE(process.read_err_until("started"));
  server.pause();
  write_file(folder / "go", "");
  const auto result = process.wait();
  CHECK(result.status == 7);
  CHECK(result.err.ends_with("the write may have been stored\nhint: check with natskv history\n"));
  server.resume();
  CHECK(lines(read_file(folder / "runs")) == 1);
}

TEST_CASE("a connection that was lost while COMMAND ran is made anew") {
  Server server;
  Client(server.url()).add_bucket("b", R"({"storage": "file"})");
  CHECK(server.natskv({"put", "b", "k", "1", "-q"}).status == 0);
  const TempDir folder;
  Process process(server.command({"modify", "b", "k", "--", "sh", "-c",
                                  "echo started >&2; while ! [ -e go ]; do sleep 0.02; done; echo 2"},
                                 {.cwd = folder.path()}));
  REQUIRE(process.read_err_until("started"));
  const int before = sockets(process.pid());
  server.restart();
  // It speaks of it only when COMMAND has ended.
  REQUIRE(eventually([&] { return sockets(process.pid()) < before; }));
  write_file(folder / "go", "");
  const auto result = process.wait();
  CHECK(result.status == 0);
  CHECK(result.out == "2\n");
  CHECK(result.err.find("warning: connection lost\nnatskv: modify: connection restored\n") !=
        std::string::npos);
}

TEST_CASE("COMMAND is not told of an outer natskv's events") {
  const TestBucket b;
  b.put("k", "v");
  CHECK(b("modify", shell(b, {}, "echo ${NATSKV_KEY-none} $NATSKV_LOCK_TOKEN"),
          {.env = {{"NATSKV_KEY", "x"}, {"NATSKV_LOCK_TOKEN", "7"}}})
            .status == 0);
  CHECK(b.last("k").data == "none 7\n");
}
