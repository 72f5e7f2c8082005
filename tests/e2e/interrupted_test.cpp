// ctest: timing
// Ctrl-C in the middle of many writes: nothing more is sent, what is in flight is waited for, and what was
// written is said. import's own cases are in import_faults_test.cpp.
#include "support/buckets.hpp"
#include "support/tcp.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
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
  const auto* const plural = count == 1 ? "" : "s";
  const auto number = count == 0 ? "no" : std::to_string(count);
  if (work.verb == "cp") {
    return fmt::format("natskv: cp: bucket \"dst\": {}{}\n", count == 0 ? "" : fmt::format("put {}", count),
                       unknown == 0 ? "" : fmt::format("{}unknown {}", count == 0 ? "" : ", ", unknown));
  }
  if (work.verb == "compact") {
    return fmt::format("natskv: compact: bucket \"b\": dropped {} marker{}, {} revision{} in all\n", number,
                       plural, number, plural);
  }
  return fmt::format("natskv: {}: {}d {} key{}\n", work.verb, work.verb == "del" ? "delete" : "purge", number,
                     plural);
}

/// The command, its line held up in the middle of its writes; returns once the server has some.
struct Running {
  explicit Running(const Work& work, int err_fd = -1) {
    fill(server, client, work);
    proxy.pause_after(40'000);  // a few hundred writes
    std::vector<std::string> words{work.verb, "b"};
    words.insert(words.end(), work.words.begin(), work.words.end());
    process.emplace(natskv_command(words, {.err_fd = err_fd, .env = {{"NATS_URL", proxy.url()}}}));
    REQUIRE(eventually([&] { return proxy.paused() && stored(client, work) > 0; }));
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
    running.process->read_for(0.05);  // it takes the signal in
    running.proxy.pause(false);
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
    running.process->read_for(0.3);  // it takes in what came before, and sends more
    running.process->signal(SIGINT);
    const auto result = running.process->wait();
    CHECK(result.status == 130);
    // Once for all of them, with their number.
    const std::string words = ": interrupted; ";
    const auto at = result.err.find(words);
    REQUIRE_MESSAGE(at != std::string::npos, result.err);
    CHECK(result.err.find(" writes may have been stored; the first is that of key \"k") != std::string::npos);
    CHECK(result.err.find("lost") == std::string::npos);
    CHECK(lines(result.err) == 2);
    const auto unknown = std::stoull(result.err.substr(at + words.size()));
    // The summary is the last word; what it counts and what is unknown is at least what the server has.
    const auto last = result.err.rfind('\n', result.err.size() - 2) + 1;
    const auto number = result.err.find_first_of("0123456789", last);
    const bool none =
        number == std::string::npos || result.err.find("\"dst\": unknown", last) != std::string::npos;
    const auto count = none ? 0 : std::stoull(result.err.substr(number));
    CHECK(result.err.substr(last) == summary(work, count, unknown));
    CHECK(stored(running.client, work) >= count);
    CHECK(stored(running.client, work) <= count + unknown);
  }
}

// Found by a busy machine, on which a thousand lines took longer than unwinding may.
TEST_CASE("Ctrl-C where no answer comes and standard error is read slowly: all is said") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
  const Work& work = works[0];
  Running running(work, ends[1]);
  close(ends[1]);
  running.process->signal(SIGINT);
  std::string err;
  std::array<char, 2048> buffer{};
  for (ssize_t got = 1; got > 0;) {
    got = read(ends[0], buffer.data(), buffer.size());
    if (got > 0) err.append(buffer.data(), static_cast<size_t>(got));
    usleep(50'000);
  }
  close(ends[0]);
  CHECK(running.process->wait().status == 130);
  CHECK_MESSAGE(err.find("natskv: del: deleted ") != std::string::npos, err.substr(err.size() - 200));
}

TEST_CASE("a command that waits for a full standard error ends by a signal") {
  Server server;
  Client(server.url()).add_bucket("b");
  for (const int number : {SIGTERM, SIGINT}) {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    REQUIRE(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    const std::string page(4096, 'x');
    while (write(ends[1], page.data(), page.size()) > 0) {
    }
    while (write(ends[1], "x", 1) > 0) {
    }
    REQUIRE(fcntl(ends[1], F_SETFL, 0) == 0);
    Process get(server.command({"get", "b", "nokey"}, {.err_fd = ends[1]}));
    get.read_for(1);  // it has something to say by now
    CHECK(get.running());
    get.signal(number);
    const auto result = get.wait(10);
    CHECK_FALSE(result.timed_out);
    CHECK(result.status == 128 + number);
    close(ends[0]);
    close(ends[1]);
  }
}
