// Some keys of several are refused: each of them is 6 by its name, all others go on.
#include "support/buckets.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using namespace natskv::test;

namespace {

/// Who may write and read below ok. only, and may be told of the bucket.
const char* const users = R"(authorization { users = [
  {user: all, password: p},
  {user: some, password: p, permissions: {
    publish: {allow: ["$JS.API.STREAM.INFO.KV_b", "$JS.API.DIRECT.GET.KV_b.$KV.b.ok.>", "$KV.b.ok.>"]},
    subscribe: {allow: ["_INBOX.>"]}}} ] })";

std::uint64_t count(const std::string& text, std::string_view part) {
  std::uint64_t number = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

struct Refusing {
  Server server{{.config = users}};
  Client client{server.url_as("all:p")};
  Refusing() { client.add_bucket("b", R"({"allow_direct": true})"); }
  [[nodiscard]] Result some(std::vector<std::string> words, Run rest = {}) const {
    words.insert(words.end(), {"-s", server.url_as("some:p")});
    return natskv::test::natskv(std::move(words), std::move(rest));
  }
};

}  // namespace

TEST_CASE("del and purge of keys of which some are refused") {
  Refusing refusing;
  for (const std::string verb : {"del", "purge"}) {
    for (int round = 0; round < 4; ++round) {
      const auto result = refusing.some({verb, "b", "no.1", "ok.2", "no.2", "ok.1", "no.3"});
      CAPTURE(result.err);
      CHECK(result.status == 6);
      for (const char* key : {"no.1", "no.2", "no.3"})
        CHECK(has(result.err,
                  fmt::format("key \"{}\" of bucket \"b\": Permissions Violation for Publish", key)));
      CHECK(count(result.err, "key \"") == 3);
      CHECK_FALSE(has(result.err, "lost"));
      CHECK(count(result.out, "\n") == 2);
    }
  }
}

TEST_CASE("an import in which one line of ten is refused") {
  Refusing refusing;
  std::string lines;
  constexpr int all = 1000;
  for (int i = 0; i < all; ++i)
    lines += fmt::format("{{\"key\":\"{}.{}\",\"value\":\"v\"}}\n", i % 10 == 9 ? "no" : "ok", i);
  const auto result = refusing.some({"import", "b", "--keep-going"}, {.input = lines});
  CAPTURE(result.err.substr(0, 2000));
  CHECK(result.status == 6);
  CHECK(count(result.err, "Permissions Violation for Publish") == all / 10);
  CHECK(has(result.err, "line 10: key \"no.9\""));
  CHECK(has(result.err, fmt::format("put {}", all - all / 10)));
  CHECK_FALSE(has(result.err, "may have been stored"));
  CHECK(refusing.client.messages("b") == all - all / 10);
}

TEST_CASE("who may write no key of the bucket is told so once, and not all is tried") {
  Refusing refusing;
  std::string lines;
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) {
    keys.push_back(fmt::format("no.{}", i));
    lines += fmt::format("{{\"key\":\"{}\",\"value\":\"v\"}}\n", keys.back());
  }
  std::vector<std::string> del{"del", "b"}, purge{"purge", "b"};
  for (auto* const words : {&del, &purge}) words->insert(words->end(), keys.begin(), keys.end());
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"import", "b", "--keep-going"}, del, purge}) {
    const auto result = refusing.some(words, {.input = words[0] == "import" ? lines : std::string()});
    CAPTURE(words[0]);
    CAPTURE(result.err.substr(0, 2000));
    CHECK(result.status == 6);
    CHECK(count(result.err, "Permissions Violation for Publish") == 1);
    CHECK(has(result.err, "key \"no.0\" of bucket \"b\""));
    CHECK(has(result.err, " keys were refused and none was written (this was the first)"));
  }
  CHECK(refusing.client.messages("b") == 0);
}

TEST_CASE("a refused key whose name nats.c cuts off is refused all the same") {
  Refusing refusing;
  const std::string longer = "no." + std::string(300, 'x');
  const auto result = refusing.some({"del", "b", longer + "1", "ok.1", longer + "2"});
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(count(result.err, "Permissions Violation for Publish") == 2);
  CHECK(count(result.out, "\n") == 1);
}

TEST_CASE("a key that the server quotes is refused by its name") {
  Refusing refusing;
  const auto result =
      refusing.some({"import", "b", "--keep-going"}, {.input = R"({"key":"no.a\"b\\c","value":"1"})"
                                                               "\n"
                                                               R"({"key":"ok.a","value":"1"})"
                                                               "\n"});
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(has(result.err, "line 1: "));
  CHECK(refusing.client.messages("b") == 1);
}

TEST_CASE("several keys are read of which some are refused: no innocent one is blamed") {
  Refusing refusing;
  refusing.client.put("b", "ok.1", "one");
  refusing.client.put("b", "ok.2", "two");
  refusing.client.put("b", "no.1", "secret");
  const auto result = refusing.some({"get", "b", "ok.1", "no.1", "ok.2", "no.2", "ok.1", "-o", "tsv"});
  CAPTURE(result.err);
  CHECK(result.status == 6);
  CHECK(count(result.out, "\tone\n") == 2);
  CHECK(count(result.out, "\ttwo\n") == 1);
  CHECK(count(result.err, "Permissions Violation") == 2);
  CHECK(has(result.err, "key \"no.1\" of bucket \"b\""));
  CHECK(has(result.err, "key \"no.2\" of bucket \"b\""));
  CHECK_FALSE(has(result.err, "\"ok."));
}
