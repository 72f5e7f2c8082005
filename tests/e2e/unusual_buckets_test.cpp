// Buckets that are not as add makes them, and servers at a bad moment: limits of other clients, an account
// that is full, servers that are offline, a cluster without a leader, an edit that is overtaken.
#include "support/buckets.hpp"
#include "support/liar.hpp"
#include "support/tcp.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// natskv on a server that answers so.
Result on(const Liar& liar, Words words) {
  return natskv::test::natskv(std::move(words), {.env = {{"NATS_URL", liar.url()}}});
}

std::string error(int code, const std::string& text) {
  return Json{{"error", {{"code", 500}, {"err_code", code}, {"description", text}}}}.dump();
}

}  // namespace

TEST_CASE("a limit is named as what it is, by every way of writing") {
  if (!server_at_least(2, 10)) SKIP("this server drops old values, or knows no such limit");
  const TestBucket values(R"({"max_msgs": 1})");
  values.put("k", "1");
  CHECK(Json::parse(values("info", {"-j"}).out)["max_values"] == 1);
  CHECK(values("info", {"-o", "table"}).out.find("Max values:") != std::string::npos);
  const TestBucket once(R"({"discard_new_per_subject": true})");
  once.put("k", "1");
  const std::string line = "{\"key\":\"k2\",\"value\":\"2\"}\n", same = "{\"key\":\"k\",\"value\":\"2\"}\n";
  for (const auto& result : {values("put", {"k2", "2"}), values("create", {"k2", "2"}), values("del", {"k3"}),
                             values("import", {}, {.input = line})}) {
    CHECK(result.status == 1);
    CHECK_MESSAGE(result.err.find("as many values as its max_values allows") != std::string::npos,
                  result.err);
    CHECK(result.err.find("--max-bucket-size") == std::string::npos);
  }
  for (const auto& result : {once("put", {"k", "2"}), once("update", {"k", "2", "1"}), once("del", {"k"}),
                             once("import", {}, {.input = same})}) {
    CHECK(result.status == 1);
    CHECK_MESSAGE(result.err.find("refuses further revisions of a key") != std::string::npos, result.err);
    CHECK(result.err.find("--max-bucket-size") == std::string::npos);
  }
  // As the hint says.
  CHECK(once("purge", {"k"}).status == 0);
  CHECK(once("compact", {"--older-than", "0", "-f", "-q"}).status == 0);
  CHECK(once("put", {"k", "2"}).status == 0);
}

TEST_CASE("in an account that is full a purge makes room, and del says so") {
  if (!server_at_least(2, 10)) SKIP("this server takes markers in a full account");
  const Server server({.config = R"(accounts: { A: { jetstream: { max_file: 1M }, users: [
      { user: a, password: x } ] } })"});
  const auto as = [&](Words words, Run rest = {}) {
    words.insert(words.end(), {"--user", "a", "--password", "x"});
    return server.natskv(words, std::move(rest));
  };
  REQUIRE(as({"add", "b", "-q"}).status == 0);
  int number = 0;
  for (const std::size_t size : {500'000, 200'000, 50'000, 10'000, 1'000, 100, 10, 1}) {
    while (number < 200 &&
           as({"put", "b", "k" + std::to_string(number), "-q"}, {.input = std::string(size, 'x')}).status ==
               0)
      ++number;
  }
  REQUIRE(number < 200);
  const auto del = as({"del", "b", "k0"});
  CHECK(del.status == 1);
  CHECK(del.err.find("the account's storage is used up\nhint: natskv purge") != std::string::npos);
  const auto purged = as({"purge", "b", "k0"});
  CHECK(purged.status == 0);
  CHECK(purged.out.empty());
  CHECK(purged.err ==
        "natskv: purge: bucket \"b\": the account's storage is used up; 1 key was purged without a marker\n");
  CHECK(as({"put", "b", "new", "x"}).status == 0);
}

TEST_CASE("a bucket whose servers are offline is no answer: 5, nothing was changed") {
  const Liar liar([](const Request& request) {
    if (request.subject.find("STREAM.LIST") != std::string::npos)
      return message(request.reply, R"({"total":1,"offset":0,"limit":256,"streams":[)" + std::string(info) +
                                        R"(],"missing":["KV_b"]})");
    return message(request.reply, error(10118, "stream is offline"));
  });
  for (const Words& words : {Words{"get", "b", "k"},
                             {"get", "b", "k", "-j"},
                             {"put", "b", "k", "v"},
                             {"create", "b", "k", "v"},
                             {"del", "b", "k"},
                             {"keys", "b"},
                             {"watch", "b", "--initial"},
                             {"info", "b"}}) {
    CAPTURE(words[0]);
    const auto result = on(liar, words);
    CHECK(result.status == 5);
    CHECK((result.err + result.out).find("the servers that store it are offline; nothing was changed") !=
          std::string::npos);
  }
  const auto list = on(liar, {"ls", "-j"});
  CHECK(list.status == 5);
  CHECK(list.out == "[]\n");
}

TEST_CASE("a bucket that nobody takes the request to make is not \"not found\"") {
  const Liar liar([](const Request& request) {
    if (request.subject.find("STREAM.CREATE") != std::string::npos)
      return with_headers(request.reply, " 503", "");
    return message(request.reply, error(10059, "stream not found"));
  });
  const auto result = on(liar, {"add", "b"});
  CHECK(result.status == 5);
  CHECK(
      result.err ==
      "natskv: add: bucket \"b\": no server took the request; nothing was changed\nhint: try again in a moment\n");
}

TEST_CASE("an edit that another overtook does not blame the server") {
  for (const int answered : {9, 5}) {
    const Liar liar([answered](const Request& request) {
      Json told = Json::parse(info);
      if (request.subject.find("STREAM.UPDATE") != std::string::npos)
        told["config"]["max_msgs_per_subject"] = answered;
      return message(request.reply, told.dump());
    });
    const auto result = on(liar, {"edit", "b", "--history", "7"});
    CHECK(result.status == 1);
    const bool overtaken = answered == 9;
    CHECK((result.err.find("was changed by another client meanwhile: history is 9, not 7") !=
           std::string::npos) == overtaken);
    CHECK((result.err.find("--history did not take effect") != std::string::npos) != overtaken);
  }
}

TEST_CASE("doctor: a JetStream that does not answer, though the server does, is said to be that") {
  const Liar liar([](const Request&) { return std::string(); });
  const auto result = on(liar, {"doctor", "-o", "tsv", "--timeout", "5s"});
  CHECK(result.status == 5);
  CHECK(result.out.find("jetstream\tfailed\tJetStream did not answer within 5s, though the server does") !=
        std::string::npos);
}

TEST_CASE("doctor: what a consumer delivers must arrive") {
  const Server server({.config = R"(accounts: {
    OWNER: { jetstream: enabled, users: [ { user: owner, password: x } ], exports: [
      { service: "$JS.API.>" , response_type: stream }, { service: "$KV.b.>" } ] },
    GUEST: { users: [ { user: guest, password: x } ], imports: [
      { service: { account: OWNER, subject: "$JS.API.>" }, to: "theirs.>" },
      { service: { account: OWNER, subject: "$KV.b.>" }, to: "theirs.$KV.b.>" } ] } })"});
  for (const bool empty : {true, false}) {
    Words add{"add", "b", "-q", "--user", "owner", "--password", "x"},
        put{"put", "b", "k", "v", "-q", "--user", "owner", "--password", "x"};
    REQUIRE(server.natskv(empty ? add : put).status == 0);
    const auto result = server.natskv({"doctor", "b", "-o", "tsv", "--user", "guest", "--password", "x",
                                       "--js-api-prefix", "theirs", "--timeout", "5s"});
    CHECK(result.status == 5);
    CHECK(result.out.find("read\tok") != std::string::npos);
    CHECK_MESSAGE(
        result.out.find(
            "list\tfailed\tbucket \"b\": the server answers, but nothing that it delivers arrives") !=
            std::string::npos,
        result.out);
    CHECK(result.out.find("watch\tfailed") != std::string::npos);
  }
}

TEST_CASE("doctor's TLS handshake names the host that it wants (SNI)") {
  FakeServer greets({{Step::Kind::send,
                      "INFO {\"server_id\":\"x\",\"version\":\"2.10.0\",\"tls_required\":true,"
                      "\"headers\":true,\"max_payload\":1000}\r\n"}});
  const auto result = natskv::test::natskv(
      {"doctor", "-o", "tsv", "--timeout", "5s", "-s", "tls://localhost:" + std::to_string(greets.port())});
  CHECK(result.out.find("tls\tfailed") != std::string::npos);
  CHECK(greets.received().find("localhost") != std::string::npos);
}
