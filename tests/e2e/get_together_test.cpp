// get of several keys shows them as they were at one moment.
#include "support/client.hpp"
#include "support/liar.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace natskv::test;
using Words = std::vector<std::string>;

namespace {

constexpr int keys = 20;

/// Writes p.0 … p.19 in atomic batches, all of one value each, until it goes.
class Batches {
 public:
  explicit Batches(const std::string& url) : client_(url) {
    write();
    thread_ = std::thread([this] {
      while (!ending_) write();
    });
  }
  ~Batches() {
    ending_ = true;
    thread_.join();
  }
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

 private:
  void write() {
    const std::string value = std::to_string(++number_);
    for (int i = 0; i < keys; ++i) {
      Headers headers{{"Nats-Batch-Id", "batch-" + value}, {"Nats-Batch-Sequence", std::to_string(i + 1)}};
      const std::string subject = "$KV.b.p." + std::to_string(i);
      if (i + 1 == keys) headers.emplace("Nats-Batch-Commit", "1");
      if (i == 0 || i + 1 == keys)
        (void)client_.request(subject, value, headers);
      else
        client_.send(subject, value, headers);
    }
  }

  Client client_;
  int number_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

const Words by_name{"get", "b", "k1", "k2"}, by_pattern{"get", "b", "*"}, as_variables{"env", "b"};

/// k1 or k2 of a revision, behind the one before it.
std::string value(const std::string& to, int key, int revision, int before) {
  return with_headers(to,
                      fmt::format("\r\nNats-Stream: KV_b\r\nNats-Subject: $KV.b.k{}\r\nNats-Sequence: {}\r\n"
                                  "Nats-Time-Stamp: 2026-01-01T00:00:00Z\r\nNats-Num-Pending: {}\r\n"
                                  "Nats-Last-Sequence: {}",
                                  key, revision, 2 - key, before),
                      fmt::format("value {}", revision));
}

std::string end(const std::string& to, int last) {
  return with_headers(to, fmt::format(" 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: {}", last), "");
}

/// Two values as of one moment.
std::string whole(const std::string& to) { return value(to, 1, 3, 0) + value(to, 2, 4, 3) + end(to, 4); }

/// Answers for many keys by `many`, which gets how often it was asked; `otherwise` counts other reads, which
/// would not be as of one moment.
class Together {
 public:
  explicit Together(std::function<std::string(const std::string& to, int asked)> many)
      : many_(std::move(many)), liar_([this](const Request& r) { return answer(r); }) {}
  Result run(Words words, const std::string& timeout = "20s") const {
    words.insert(words.begin(), {"--timeout", timeout});
    return natskv::test::natskv(words, {.env = {{"NATS_URL", liar_.url()}}});
  }
  std::atomic<int> asked = 0, otherwise = 0;

 private:
  std::string answer(const Request& r) {
    if (r.subject.find("STREAM.INFO") != std::string::npos) return message(r.reply, info_of_newer());
    if (r.data.find("multi_last") != std::string::npos) return many_(r.reply, ++asked);
    ++otherwise;
    const bool single = r.subject.find("DIRECT.GET.KV_b.$KV.b.k") != std::string::npos;
    return single ? value(r.reply, r.subject.back() - '0', 1, 0) : std::string();
  }

  std::function<std::string(const std::string& to, int asked)> many_;
  Liar liar_;
};

}  // namespace

TEST_CASE("what was written as one batch is shown whole, or as it was before") {
  if (!server_at_least(2, 12)) SKIP("this server has no atomic batches");
  const Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"allow_atomic": true})");
  const Batches batches(server.url());
  Words named{"get", "b"};
  for (int i = 0; i < keys; ++i) named.push_back("p." + std::to_string(i));
  for (const Words& words : {named, Words{"get", "b", "p.>"}}) {
    for (int i = 0; i < 30; ++i) {
      auto command = words;
      command.insert(command.end(), {"-j"});
      const auto result = server.natskv(command);
      REQUIRE_MESSAGE(result.status == 0, result.err);
      std::set<std::string> values;
      const auto entries = nlohmann::json::parse(result.out);
      for (const auto& entry : entries) values.insert(entry["value"].get<std::string>());
      CHECK(entries.size() == keys);
      CHECK(values.size() == 1);
    }
  }
}

// As if two replicas had answered one request, each as of its own moment.
TEST_CASE("two answers that mix are asked for again") {
  for (const auto& words : {by_name, by_pattern, as_variables}) {
    Together server([](const std::string& to, int asked) {
      return asked > 1 ? whole(to)
                       : value(to, 1, 1, 0) + value(to, 1, 3, 0) + value(to, 2, 2, 1) + value(to, 2, 4, 3) +
                             end(to, 2) + end(to, 4);
    });
    const auto result = server.run(words);
    CHECK(result.status == 0);
    CHECK(result.err == "");
    CHECK(result.out.find("value 3") != std::string::npos);
    CHECK(result.out.find("value 4") != std::string::npos);
    CHECK(occurrences(result.out, "\n") == 2);
    CHECK(server.asked == 2);
  }
}

TEST_CASE("where a key is overwritten, or nobody listens yet, it is asked again") {
  for (const char* first : {" 404 Message Not Found", " 503"}) {
    for (const auto& words : {by_name, by_pattern, as_variables}) {
      CAPTURE(first);
      Together server([&](const std::string& to, int asked) {
        return asked > 1 ? whole(to) : with_headers(to, first, "");
      });
      const auto result = server.run(words);
      CHECK_MESSAGE(result.status == 0, result.err);
      CHECK(server.asked == 2);
      CHECK(server.otherwise == 0);
    }
  }
}

// As in an account that imports no more than direct gets of single keys.
TEST_CASE("where nobody ever listens, keys are read one by one") {
  Together server([&](const std::string& to, int) { return with_headers(to, " 503", ""); });
  const auto result = server.run(by_name);
  CHECK_MESSAGE(result.status == 0, result.err);
  CHECK(occurrences(result.out, "\n") == 2);
  CHECK(server.otherwise == 2);
}

TEST_CASE("no keys at that moment is an answer, too") {
  for (const auto& words : {by_name, by_pattern, as_variables}) {
    Together server([](const std::string& to, int) { return with_headers(to, " 404 No Results", ""); });
    const auto result = server.run(words);
    CHECK(result.status == (words == by_pattern ? 0 : 3));
    CHECK(server.asked == 1);
    CHECK(server.otherwise == 0);
  }
}

// Read in another way they would be of more than one moment.
TEST_CASE("no answer in time is a failure") {
  for (const auto& words : {by_name, by_pattern, as_variables}) {
    Together server([](const std::string& to, int) { return value(to, 1, 3, 0); });
    const auto result = server.run(words, "2s");
    CHECK(result.status == 5);
    CHECK(result.out == "");
    CHECK(server.otherwise == 0);
  }
}

TEST_CASE("several keys and patterns: the order asked, what is missing, what is deleted, each once") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  for (const char* key : {"a.1", "a.2", "gone", "z"}) client.put("b", key, key);
  client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  const auto get = [&](Words words) {
    words.insert(words.begin(), {"get", "b"});
    return server.natskv(words);
  };
  const auto named = get({"z", "a.1", "none", "gone", "z"});
  CHECK(named.status == 3);
  CHECK(named.out.find("z\t4\t") == 0);
  CHECK(occurrences(named.out, "\n") == 3);
  CHECK(named.err ==
        "natskv: get: key \"none\" not found in bucket \"b\"\n"
        "natskv: get: key \"gone\" not found in bucket \"b\"\n");
  const auto mixed = get({"a.*", "a.2", "none", ">"});
  CHECK(mixed.status == 3);
  CHECK(occurrences(mixed.out, "\n") == 3);
  const auto entries = nlohmann::json::parse(get({"*.*", "-j"}).out);
  CHECK(entries.size() == 2);
  CHECK(entries[0]["delta"] == 1);
  CHECK(entries[1].value("delta", 0) == 0);
}

TEST_CASE("more keys than one request takes, or more bytes, are read all the same") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  fill(client, "b", "k.", 1100, "v");
  const auto many = server.natskv({"get", "b", "k.*"});
  CHECK_MESSAGE(many.status == 0, many.err);
  CHECK(occurrences(many.out, "\n") == 1100);
  const std::string large(900'000, 'x');
  for (int i = 0; i < 38; ++i) client.put("b", "large." + std::to_string(i), large);
  Words named{"get", "b", "-0"};
  for (int i = 0; i < 38; ++i) named.push_back("large." + std::to_string(i));
  for (const Words& words : {Words{"get", "b", "large.>", "-0"}, named}) {
    const auto result = server.natskv(words);
    CHECK_MESSAGE(result.status == 0, result.err);
    CHECK(result.out.size() == 38 * (large.size() + 1));
  }
}
