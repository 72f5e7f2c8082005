// With -j and -o jsonl standard error is JSON, an object a line, and nothing else.
#include "support/buckets.hpp"
#include "support/process.hpp"
#include "support/tcp.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

// Every line is an object of one member; their names.
std::set<std::string> kinds(const std::string& err) {
  std::set<std::string> all;
  std::istringstream lines(err);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    const auto object = Json::parse(line, nullptr, false);
    REQUIRE(object.is_object());
    REQUIRE(object.size() == 1);
    const auto name = object.begin().key();
    all.insert(name);
    if (name == "trace")
      CHECK(object[name].is_string());
    else
      CHECK(object[name]["message"].is_string());
  }
  return all;
}

using Kinds = std::set<std::string>;

}  // namespace

TEST_CASE("errors, warnings, notes and traces are objects where JSON was asked for") {
  const TestBucket b(R"({"max_msgs_per_subject": 8})");
  for (int i = 0; i < 4; ++i) b.put("k", "v");
  for (const std::string format : {"json", "jsonl"}) {
    CAPTURE(format);
    const auto err = [&](const std::string& verb, Words words) {
      words.insert(words.end(), {"-o", format});
      return b(verb, words).err;
    };
    CHECK(kinds(err("get", {"none"})) == Kinds{"error"});
    CHECK(kinds(err("get", {"none", "also.none"})) == Kinds{"error"});
    CHECK(kinds(err("get", {"k", "--no-such"})) == Kinds{"error"});
    CHECK(kinds(err("edit", {"--history", "2"})) == Kinds{"error"});
    CHECK(kinds(err("edit", {"--history", "2", "--dry-run"})) == Kinds{"warning", "note"});
    CHECK(kinds(err("edit", {"--history", "8"})) == Kinds{"note"});
    CHECK(kinds(err("keys", {"--trace"})) == Kinds{"trace"});
    CHECK(kinds(err("keys", {})).empty());
  }
  const auto hinted = Json::parse(b("edit", {"--history", "2", "-j"}).err);
  CHECK(hinted["error"]["exit"] == 2);
  CHECK(hinted["error"]["code"] == "usage");
  CHECK(hinted["error"]["hint"] == "--force does it without asking");
  CHECK_FALSE(Json::parse(b("edit", {"--history", "2", "-j", "-q"}).err)["error"].contains("hint"));
  // A port that nobody listens at.
  const auto nowhere =
      natskv::test::natskv({"get", "b", "k", "-j"}, {.env = {{"NATS_URL", "nats://127.0.0.1:1"}}});
  CHECK(nowhere.status == 5);
  CHECK(Json::parse(nowhere.err)["error"]["code"] == "unreachable");
}

TEST_CASE("what would be 1 elsewhere is 2 of diff, under its own name") {
  const TestBucket b;
  const auto lost = natskv::test::natskv({"diff", "a", "b", "-j", "-o", "tsv"});
  CHECK(lost.status == 2);
  const auto full = bed().server.natskv({"diff", b.name(), b.name(), "-j"}, {.out_file = "/dev/full"});
  CHECK(full.status == 2);
  CHECK(Json::parse(full.err)["error"]["exit"] == 2);
  CHECK(Json::parse(full.err)["error"]["code"] == "failure");
}

TEST_CASE("rm answers with an object, and names on a terminal who copies the bucket") {
  const TestBucket b;
  b.put("k", "v");
  REQUIRE(bed().server.natskv({"add", b.name() + "-copy", "--mirror", b.name()}).status == 0);
  Terminal terminal(b.command("rm"));
  REQUIRE(terminal.read_until("[y/N] "));
  CHECK(terminal.screen().find(" with 1 value (") != std::string::npos);
  CHECK(terminal.screen().find("It is copied by " + b.name() + "-copy.") != std::string::npos);
  terminal.send("n\n");
  CHECK(terminal.wait().status == 1);
  const auto removed = b("rm", {"--force", "-j"});
  CHECK(removed.status == 0);
  CHECK(removed.err.empty());
  CHECK(removed.out.starts_with("{\"bucket\":\"" + b.name() + "\",\"deleted\":1"));
  CHECK(bed().server.natskv({"rm", b.name() + "-copy", "-f", "-q"}).status == 0);
}
