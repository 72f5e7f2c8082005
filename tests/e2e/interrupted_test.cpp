// Ctrl-C in the middle of many writes: nothing more is sent, what is in flight is waited for, and what was
// written is said. import's own cases are in import_faults_test.cpp.
#include "support/buckets.hpp"
#include "support/tcp.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <optional>

using namespace natskv::test;

namespace {

constexpr int keys = 5000;

/// A command of many writes, and what its bucket holds before it.
struct Work {
  std::string verb;
  std::vector<std::string> words;              ///< behind the bucket
  std::string_view member = R"("value":"v")";  ///< of each key that the bucket holds
};

const std::vector<Work> works{{"del", {">", "-f"}},
                              {"purge", {">", "-f"}},
                              {"compact", {"--older-than", "0", "-f"}, R"("operation":"DEL")"},
                              {"cp", {"dst"}}};

void fill(const Server& server, Client& client, const Work& work) {
  client.add_bucket("b");
  client.add_bucket("dst");
  std::string lines;
  for (int i = 0; i < keys; ++i) lines += fmt::format("{{\"key\":\"k{}\",{}}}\n", i, work.member);
  REQUIRE(server.natskv({"import", "b", "-q"}, {.input = lines}).status == 0);
}

/// How many of its writes the server has stored.
std::uint64_t stored(Client& client, const Work& work) {
  if (work.verb == "cp") return client.messages("dst");
  if (work.verb == "compact") return keys - client.messages("b");
  return client.last_revision("b") - keys;
}

std::string summary(const Work& work, std::uint64_t count, std::uint64_t unknown) {
  if (work.verb == "cp") {
    return fmt::format(
        "natskv: cp: bucket \"dst\": put {}, unchanged 0, deleted 0, conflicts 0, failed 0, unknown {}\n",
        count, unknown);
  }
  if (work.verb == "compact") {
    return fmt::format("natskv: compact: bucket \"b\": dropped {} markers, {} revisions in all\n", count,
                       count);
  }
  return fmt::format("natskv: {}: {}d {} keys\n", work.verb, work.verb == "del" ? "delete" : "purge", count);
}

/// The command, slowed down; returns once it has written some.
struct Running {
  explicit Running(const Work& work) {
    fill(server, client, work);
    proxy.delay(0.003);
    std::vector<std::string> words{work.verb, "b"};
    words.insert(words.end(), work.words.begin(), work.words.end());
    process.emplace(natskv_command(words, {.env = {{"NATS_URL", proxy.url()}}}));
    REQUIRE(eventually([&] { return stored(client, work) > 0; }));
  }
  Server server;
  Client client{server.url()};
  Proxy proxy{server.port()};
  std::optional<Process> process;
};

}  // namespace

TEST_CASE("Ctrl-C stops sending, waits for what is in flight, and says what was written") {
  for (const auto& work : works) {
    CAPTURE(work.verb);
    Running running(work);
    running.process->signal(work.verb == "purge" ? SIGTERM : SIGINT);
    const auto result = running.process->wait();
    CHECK(result.status == (work.verb == "purge" ? 143 : 130));
    const auto count = stored(running.client, work);
    CHECK(count > 0);
    CHECK(count < keys);
    CHECK(result.err == summary(work, count, 0));
  }
}

TEST_CASE("Ctrl-C where no answer comes: what has no answer is said to be interrupted") {
  for (const auto& work : works) {
    CAPTURE(work.verb);
    Running running(work);
    running.proxy.pause();
    running.process->read_for(0.3);  // it takes in what came before, and sends more
    running.process->signal(SIGINT);
    const auto result = running.process->wait();
    CHECK(result.status == 130);
    CHECK_MESSAGE(result.err.find("interrupted; the write may have been stored\n") != std::string::npos,
                  result.err);
    CHECK(result.err.find("lost") == std::string::npos);
    const auto unknown = static_cast<std::uint64_t>(lines(result.err)) - 1;
    // The summary is the last word; what it counts and what is unknown is at least what the server has.
    const auto last = result.err.rfind('\n', result.err.size() - 2) + 1;
    const auto number = result.err.find_first_of("0123456789", last);
    const auto count = std::stoull(result.err.substr(number));
    CHECK(result.err.substr(last) == summary(work, count, unknown));
    CHECK(stored(running.client, work) >= count);
    CHECK(stored(running.client, work) <= count + unknown);
  }
}
