// ctest: long
// Listings whose reader is slower than the server: little waits in memory, and nothing is lost or doubled.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace natskv::test;

namespace {

// Many for memory, which what waits would show in; fewer where only each key counts, as under a sanitizer.
constexpr int some = 60'000;
const int many = std::getenv("NATSKV_SANITIZED") == nullptr ? 300'000 : some;

std::string name_of(int i) { return "key." + std::to_string(i); }

std::vector<std::string> as(const char* user, std::vector<std::string> words) {
  words.insert(words.end(), {"--user", user, "--password", "x"});
  return words;
}

void fill(const Server& server, int count) {
  std::string lines;
  const std::string value(128, 'v');
  for (int i = 0; i < count; ++i) lines += R"({"key":")" + name_of(i) + R"(","value":")" + value + "\"}\n";
  const auto filled = server.natskv(as("all", {"import", "b", "-q"}), {.input = lines, .limit = 150});
  REQUIRE_MESSAGE(filled.status == 0, filled.err);
}

struct Slowly {
  std::string out;
  Result result;
  long peak_kib = 0;  // when the slow part was over
};

/// VmHWM. Not wait4's: that counts the test program's memory before exec.
long peak_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib;
  }
  return -1;
}

/// Its output, 64 KiB every 20 ms for the first `slow` of them, then as fast as it comes.
Slowly read_slowly(const Server& server, std::vector<std::string> words, int slow = 40) {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  Process process(server.command(std::move(words), {.out_fd = ends[1], .limit = 150}));
  close(ends[1]);
  Slowly read;
  std::vector<char> part(65536);
  for (int i = 0;; ++i) {
    const auto got = ::read(ends[0], part.data(), part.size());
    if (got <= 0) break;
    read.out.append(part.data(), static_cast<std::size_t>(got));
    if (i == slow) read.peak_kib = peak_of(process.pid());
    if (i < slow) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  close(ends[0]);
  read.result = process.wait(150);
  return read;
}

void check_every_key_once(const std::string& out, int count) {
  CHECK(lines(out) == count);
  std::istringstream names(out);
  std::set<std::string> distinct;
  for (std::string name; std::getline(names, name);) distinct.insert(name);
  CHECK(distinct.size() == static_cast<std::size_t>(count));
}

/// Sanitizers have their own memory; a server before 2.10 can't wait for acknowledgements of latest values.
bool memory_is_bounded(int history) {
  return std::getenv("NATSKV_SANITIZED") == nullptr && (history == 1 || server_at_least(2, 10));
}

}  // namespace

TEST_CASE("a slow reader of many keys gets each once, from little memory, also while others write") {
  const Server server;
  Client client(server.url());
  for (const int history : {1, 3}) {
    CAPTURE(history);
    client.add_bucket("b", R"({"max_msgs_per_subject": )" + std::to_string(history) + "}");
    fill(server, many);
    const auto quiet = read_slowly(server, {"keys", "b"});
    CHECK(quiet.result.status == 0);
    check_every_key_once(quiet.out, many);
    // The program, what waits, and sixteen bytes a key in a table that is half empty.
    if (memory_is_bounded(history)) {
      CHECK(quiet.peak_kib > 0);
      CHECK(quiet.peak_kib < 40 * 1024);
    }
    const auto watched = read_slowly(server, {"watch", "b", "--initial", "-o", "tsv"});
    CHECK(watched.result.status == 0);
    CHECK(lines(watched.out) == many);
    if (memory_is_bounded(history)) CHECK(watched.peak_kib < 32 * 1024);

    std::atomic<bool> ended = false;
    std::thread writer([&] {
      Client other(server.url());
      for (int i = 0; !ended; i = (i + 7919) % many) other.put("b", name_of(i), "again");
    });
    const auto busy = read_slowly(server, {"keys", "b"});
    ended = true;
    writer.join();
    CHECK(busy.result.status == 0);
    check_every_key_once(busy.out, many);
    client.delete_bucket("b");
  }
}

// Before 2.10 a server loses the latest value that is next whenever it waits for an acknowledgement.
TEST_CASE("commands that work on what they read miss no key of a bucket with history") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 3})");
  client.add_bucket("c");
  fill(server, some);
  const auto copied = server.natskv({"cp", "b", "c"}, {.limit = 150});
  CHECK_MESSAGE(copied.status == 0, copied.err);
  CHECK(server.natskv({"keys", "c", "--count"}).out == std::to_string(some) + "\n");
  const auto deleted = server.natskv({"del", "b", "key.>", "-f", "-q"}, {.limit = 150});
  CHECK_MESSAGE(deleted.status == 0, deleted.err);
  CHECK(server.natskv({"keys", "b", "--count"}).out == "0\n");
}

TEST_CASE("a user who may not acknowledge reads all the same, slowly too") {
  const Server server({.config = R"(
    accounts: { A: { jetstream: enabled, users: [
      { user: all, password: x },
      { user: few, password: x, permissions: { publish: { deny: ["$JS.ACK.>"] } } } ] } })"});
  REQUIRE(server.natskv(as("all", {"add", "b", "-q"})).status == 0);
  REQUIRE(server.natskv(as("all", {"add", "c", "-q"})).status == 0);
  fill(server, some);
  const auto read = read_slowly(server, as("few", {"keys", "b"}));
  CHECK_MESSAGE(read.result.status == 0, read.result.err);
  check_every_key_once(read.out, some);
  // These read with a window from the start.
  const auto copied = server.natskv(as("few", {"cp", "b", "c"}), {.limit = 150});
  CHECK_MESSAGE(copied.status == 0, copied.err);
  CHECK(server.natskv(as("few", {"diff", "b", "c"}), {.limit = 150}).out.empty());
  CHECK(server.natskv(as("few", {"keys", "c", "--count"})).out == std::to_string(some) + "\n");
}

TEST_CASE("where the bucket takes no other consumer, a user who may not acknowledge is refused") {
  if (!server_at_least(2, 10)) SKIP("this server limits no consumers by the stream");
  const Server server({.config = R"(
    accounts: { A: { jetstream: enabled, users: [
      { user: all, password: x },
      { user: few, password: x, permissions: { publish: { deny: ["$JS.ACK.>"] } } } ] } }
    no_auth_user: all)"});
  Client client(server.url());
  client.add_bucket("tight", R"({"consumer_limits": {"max_ack_pending": 5}})");
  for (int i = 0; i < 20; ++i) client.put("tight", "k" + std::to_string(i), "v");
  const auto refused = server.natskv(as("few", {"keys", "tight"}));
  CHECK(refused.status == 6);
  CHECK(refused.err.find("$JS.ACK") != std::string::npos);
}
