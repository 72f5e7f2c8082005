// get of so many keys that servers since 2.11 are asked for 1,024 of them at once.
#include "support/client.hpp"
#include "support/liar.hpp"
#include "support/memory.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

using namespace natskv::test;

namespace {

std::vector<std::string> words_of(const std::vector<std::string>& keys, std::vector<std::string> more) {
  std::vector<std::string> words{"get", "b"};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// k0 … of `count`, from the last to the first, each with its number as the value.
struct Many {
  std::vector<std::string> keys;
  std::string values;
  explicit Many(int count) {
    for (int i = count - 1; i >= 0; --i) {
      keys.push_back("k" + std::to_string(i));
      values += std::to_string(i) + std::string(1, '\0');
    }
  }
  void put(const Server& server) const {
    std::string lines;
    for (const auto& key : keys)
      lines += fmt::format(R"({{"key":"{}","value":"{}"}})"
                           "\n",
                           key, key.substr(1));
    REQUIRE(server.natskv({"import", "b", "-q"}, {.input = lines}).status == 0);
  }
};

}  // namespace

TEST_CASE("3,000 keys come in the order asked; a server that can is asked for many at once") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  const Many many(3000);
  many.put(server);
  const auto result = server.natskv(words_of(many.keys, {"-0", "--trace"}));
  CHECK(result.status == 0);
  CHECK(result.out == many.values);
  // The last answer's end may come when all is there.
  const int requests = occurrences(result.err, "DIRECT.GET.KV_b");
  if (server_at_least(2, 11))
    CHECK((requests == 2 || requests == 3));
  else
    CHECK(requests == 3000);
}

TEST_CASE(
    "among many: missing ones, markers, keys asked for twice, and names that JSON or subjects cannot say") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  Many many(600);
  many.put(server);
  client.put("b", "k7", "", {{"KV-Operation", "DEL"}});
  client.put("b", "not\xffutf8", "n");
  auto keys = many.keys;
  keys.insert(keys.begin() + 100, "k5");
  keys.insert(keys.begin() + 200, {"none", "not\xffutf8", "*"});
  const auto one_by_one = [&](std::vector<std::string> more) {
    std::string out;
    for (const auto& key : keys) {
      if (key == "k7" || key == "none" || key == "*") continue;
      out += (key.starts_with("k") ? key.substr(1) : "n") + std::string(1, '\0');
    }
    const auto result = server.natskv(words_of(keys, std::move(more)));
    CAPTURE(result.err);
    CHECK(result.status == 3);
    CHECK(result.out == out);
    for (const std::string key : {"none", "k7", "*"})
      CHECK(occurrences(result.err, "key \"" + key + "\" not found in bucket \"b\"") == 1);
    CHECK(occurrences(result.err, "not found") == 3);
  };
  one_by_one({"-0", "--literal"});
  std::erase(keys, "not\xffutf8");  // the leader is asked in JSON
  one_by_one({"-0", "--literal", "--consistent"});
}

TEST_CASE("values that do not all fit one answer come too, in bounded memory") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  const std::string value(100'000, 'x');
  std::vector<std::string> keys;
  for (int i = 0; i < 900; ++i) {
    client.put("b", "k" + std::to_string(i), value + std::to_string(i));
    keys.push_back("k" + std::to_string(899 - i));
  }
  const auto result = server.natskv(words_of(keys, {"-0"}));
  std::string expected;
  for (int i = 899; i >= 0; --i) expected += value + std::to_string(i) + std::string(1, '\0');
  CHECK(result.status == 0);
  CHECK(result.out == expected);
  check_within(result, 60);
}

TEST_CASE("who may only read keys by their names reads them so") {
  Server server({.config = R"(authorization { users = [
    {user: all, password: all},
    {user: some, password: some, permissions: {publish: {deny: ["$JS.API.DIRECT.GET.KV_b"]}}},
    {user: few, password: few, permissions: {publish: {deny: ["$JS.API.DIRECT.GET.KV_b", "$JS.API.DIRECT.GET.KV_b.$KV.b.k7"]}}}
  ] })"});
  Client client(server.url_as("all:all"));
  client.add_bucket("b");
  const Many many(600);
  for (const auto& key : many.keys) client.put("b", key, key.substr(1));
  const auto read = [&](const std::string& user) {
    return natskv::test::natskv(words_of(many.keys, {"-0", "-s", server.url_as(user)}));
  };
  const auto some = read("some:some");
  CHECK(some.status == 0);
  CHECK(some.err.empty());
  CHECK(some.out == many.values);
  const auto few = read("few:few");
  CHECK(few.status == 6);
  CHECK(occurrences(few.err, "$JS.API.DIRECT.GET.KV_b.$KV.b.k7") == 1);
  // A writer on the same connection is not disturbed by what was refused.
  auto words = words_of(many.keys, {"--must-exist", "-s", server.url_as("some:some")});
  words[0] = "del";
  const auto deleted = natskv::test::natskv(words);
  CHECK(deleted.status == 0);
  CHECK(deleted.err.empty());
  CHECK(occurrences(deleted.out, "\n") == 600);
}

// Both ask by the same subject; only for many keys is a refusal of it no trouble.
TEST_CASE("a revision that the user may not ask for is refused, not waited for") {
  Server server({.config = R"(authorization { users = [
    {user: all, password: all},
    {user: some, password: some, permissions: {publish: {deny: ["$JS.API.DIRECT.GET.KV_b"]}}}
  ] })"});
  Client client(server.url_as("all:all"));
  client.add_bucket("b");
  client.put("b", "k", "v");
  const auto result =
      natskv::test::natskv({"get", "b", "k", "--revision", "1", "-s", server.url_as("some:some")});
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(occurrences(result.err, "$JS.API.DIRECT.GET.KV_b") == 1);
}

TEST_CASE("more names than a request may be long are asked for one by one") {
  const Server server({.config = "max_payload: 4096"});
  Client client(server.url());
  client.add_bucket("b");
  const Many many(600);
  many.put(server);
  const auto result = server.natskv(words_of(many.keys, {"-0"}));
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK(result.out == many.values);
}

namespace {

/// All keys are read, each by a request of its own, after one request for many had this answer.
void check_key_by_key(const Many& many, const std::string& answer) {
  CAPTURE(answer);
  int together = 0;
  const Liar liar([&](const Request& r) {
    if (r.subject == "$JS.API.DIRECT.GET.KV_b") {
      ++together;
      return answer.empty() ? std::string() : with_headers(r.reply, answer, "");
    }
    if (r.subject.starts_with("$JS.API.DIRECT.GET.KV_b.$KV.b.k")) {
      const std::string number = r.subject.substr(std::string("$JS.API.DIRECT.GET.KV_b.$KV.b.k").size());
      return with_headers(r.reply,
                          "\r\nNats-Stream: KV_b\r\nNats-Subject: $KV.b.k" + number +
                              "\r\nNats-Sequence: 3\r\nNats-Time-Stamp: 2026-01-01T00:00:00Z",
                          number);
    }
    return message(r.reply, info_of_newer());
  });
  const auto result = natskv::test::natskv(words_of(many.keys, {"-0", "--timeout", "4s"}),
                                           {.env = {{"NATS_URL", liar.url()}}});
  CAPTURE(result.err);
  CHECK(together == 1);
  CHECK(result.status == 0);
  CHECK(result.out == many.values);
}

}  // namespace

TEST_CASE("a replica that cannot answer for many is asked key by key") {
  const Many few(300), many(1100);
  for (const char* answer :
       {" 408 Empty Request", " 413 Too Many Results", " 500 Oops", " 204 EOB\r\nNats-Num-Pending: 300"}) {
    check_key_by_key(few, answer);
    check_key_by_key(many, answer);
  }
  // What is more than one request is of several moments anyway.
  for (const char* answer : {" 404 No Results", "\r\nNats-Subject: $KV.b.other", ""})
    check_key_by_key(many, answer);
}
