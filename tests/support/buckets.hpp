// One server a test file, and a bucket of its own for each of its cases.
#pragma once

#include "support/client.hpp"
#include "support/eventually.hpp"
#include "support/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace natskv::test {

/// A real server that all cases of a file share, and a connection to it that is not natskv's.
struct Bed {
  Server server;
  Client client{server.url()};
};

inline Bed& bed() {
  static Bed shared;
  return shared;
}

/// A new bucket in the shared server, made as other clients make it; `settings`: JSON over Client's own.
class TestBucket {
 public:
  explicit TestBucket(std::string_view settings = "{}") : name_(fmt::format("b{}", ++made())) {
    bed().client.add_bucket(name_, settings);
  }
  TestBucket(const TestBucket&) = delete;
  TestBucket& operator=(const TestBucket&) = delete;
  ~TestBucket() {
    try {
      bed().client.delete_bucket(name_);
    } catch (const std::exception&) {  // removed by the test itself
    }
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  std::uint64_t put(const std::string& key, std::string_view value, const Headers& headers = {}) const {
    return bed().client.put(name_, key, value, headers);
  }
  [[nodiscard]] Stored last(const std::string& key) const { return bed().client.last(name_, key); }
  [[nodiscard]] std::uint64_t messages() const { return bed().client.messages(name_); }
  [[nodiscard]] std::uint64_t last_revision() const { return bed().client.last_revision(name_); }

  /// natskv VERB name() REST…
  [[nodiscard]] Run command(const std::string& verb, const std::vector<std::string>& rest = {},
                            Run run = {}) const {
    std::vector<std::string> words{verb, name_};
    words.insert(words.end(), rest.begin(), rest.end());
    return bed().server.command(words, std::move(run));
  }
  [[nodiscard]] Result operator()(const std::string& verb, const std::vector<std::string>& rest = {},
                                  Run run = {}) const {
    return natskv::test::run(command(verb, rest, std::move(run)));
  }

 private:
  static int& made() {
    static int number = 0;
    return number;
  }
  std::string name_;
};

/// natskv on the shared server.
inline Result kv(std::vector<std::string> words, Run run = {}) {
  return bed().server.natskv(std::move(words), std::move(run));
}

/// natskv with a server that nobody listens at: what is refused with status 2 was refused before connecting.
inline Result nowhere(std::vector<std::string> words, Run run = {}) {
  run.env["NATS_URL"] = "nats://127.0.0.1:1";
  return natskv::test::natskv(std::move(words), std::move(run));
}

/// Everything a command answered, for comparing at once: "STATUS|stdout|stderr".
inline std::string all(const Result& result) {
  return fmt::format("{}|{}|{}", result.status, escaped(result.out), escaped(result.err));
}

/// How many lines a text has.
inline long lines(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace natskv::test
