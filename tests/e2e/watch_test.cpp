// ctest: races
#include "support/bucket.hpp"
#include "support/client.hpp"
#include "support/eventually.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"

#include <doctest/doctest.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

using Lines = std::vector<std::string>;

// "key revision operation value" of each TSV line.
Lines events(const std::string& tsv) {
  Lines all;
  std::istringstream stream(tsv);
  for (std::string line; std::getline(stream, line);) {
    Lines cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, '\t');) cells.push_back(cell);
    cells.resize(6);
    all.push_back(cells[0] + " " + cells[1] + " " + cells[2] + " " + cells[5]);
  }
  return all;
}

struct Watched {
  Server server;
  Client client{server.url()};
  Watched() {
    client.add_bucket("b", R"({"max_msgs_per_subject": 3})");
    for (const char* value : {"1", "2", "3", "4"}) client.put("b", "a.k", value);
    client.put("b", "a.gone", "x");
    client.put("b", "a.gone", "", {{"KV-Operation", "DEL"}});
    client.put("b", "z", "7");
  }
  Lines seen(Lines words) {
    words.insert(words.begin(), {"watch", "b"});
    const auto result = server.natskv(std::move(words));
    CHECK(result.status == 0);
    CHECK(result.err == "");
    return events(result.out);
  }
  /// Waits until so many watches of the bucket have begun: what is written from now on is a change.
  void begun(const std::string& bucket, int watches) {
    REQUIRE(eventually(
        [&] { return stream_info(server.url(), bucket)["state"]["consumer_count"].get<int>() >= watches; }));
  }
  Process start(Lines words = {}) {
    words.insert(words.begin(), {"watch", "b"});
    return Process(server.command(std::move(words)));
  }
};

}  // namespace

TEST_CASE("watch --initial shows the current values and ends") {
  Watched w;
  CHECK(w.seen({"--initial"}) == Lines{"a.k 4 PUT 4", "a.gone 6 DEL ", "z 7 PUT 7"});
  CHECK(w.seen({"--initial", "--no-deletes"}) == Lines{"a.k 4 PUT 4", "z 7 PUT 7"});
  CHECK(w.seen({"--initial", "a.*"}) == Lines{"a.k 4 PUT 4", "a.gone 6 DEL "});
  CHECK(w.seen({"--initial", "z", "a.k"}) == Lines{"a.k 4 PUT 4", "z 7 PUT 7"});
  CHECK(w.seen({"--initial", "nothing"}) == Lines{});
  CHECK(w.seen({"--initial", "--history"}) ==
        Lines{"a.k 2 PUT 2", "a.k 3 PUT 3", "a.k 4 PUT 4", "a.gone 5 PUT x", "a.gone 6 DEL ", "z 7 PUT 7"});
  CHECK(w.seen({"--initial", "--history", "--no-deletes", "a.gone"}) == Lines{"a.gone 5 PUT x"});
  CHECK(w.seen({"--initial", "--meta", "z"}) == Lines{"z 7 PUT "});
}

TEST_CASE("watch --count ends after so many events, counting only what is shown") {
  Watched w;
  CHECK(w.seen({"--count", "1"}) == Lines{"a.k 4 PUT 4"});
  CHECK(w.seen({"--count", "2", "--no-deletes"}) == Lines{"a.k 4 PUT 4", "z 7 PUT 7"});
  CHECK(w.seen({"--count", "9", "--initial"}).size() == 3);
  CHECK(w.server.natskv({"watch", "b", "--count", "0"}).status == 2);
  CHECK(w.server.natskv({"watch", "b", "--count", ""}).status == 2);
}

TEST_CASE("watch --revision starts at that revision, of what is kept") {
  Watched w;
  CHECK(w.seen({"--revision", "4", "--count", "2"}) == Lines{"a.k 4 PUT 4", "a.gone 5 PUT x"});
  CHECK(w.seen({"--revision", "1", "--count", "2"}) == Lines{"a.k 2 PUT 2", "a.k 3 PUT 3"});
  CHECK(w.seen({"--revision", "7", "--count", "1"}) == Lines{"z 7 PUT 7"});
  auto next = w.start({"--revision", "8", "--count", "1"});
  w.begun("b", 1);
  CHECK_FALSE(next.read_until("\n", 0.3));
  w.client.put("b", "z", "8");
  CHECK(events(next.wait().out) == Lines{"z 8 PUT 8"});
  const auto beyond = w.server.natskv({"watch", "b", "--revision", "10"});
  CHECK(beyond.status == 3);
  CHECK(beyond.err == "natskv: watch: bucket \"b\" has no revision 10 yet, the last one is 8\n");
  CHECK(w.server.natskv({"watch", "b", "--revision", "0"}).status == 2);
}

TEST_CASE("watch --updates shows only what comes, each event at once") {
  Watched w;
  auto watch = w.start({"--updates"});
  w.begun("b", 1);
  CHECK_FALSE(watch.read_until("\n", 0.5));
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 5; ++i) {
    const auto key = "new." + std::to_string(i) + "\t";
    const auto before = Clock::now();
    w.client.put("b", "new." + std::to_string(i), "v");
    REQUIRE(watch.read_until(key));
    MESSAGE("shown after ", std::chrono::duration<double, std::milli>(Clock::now() - before).count(), " ms");
  }
  watch.signal(SIGTERM);
  const auto result = watch.wait();
  CHECK(result.status == 143);
  CHECK(result.err == "");
  CHECK(events(result.out).size() == 5);
  CHECK(events(result.out)[0] == "new.0 8 PUT v");
}

TEST_CASE("current values, then changes, of several patterns in one order") {
  Watched w;
  auto watch = w.start({"z", "a.*"});
  REQUIRE(watch.read_until("z\t7"));
  w.client.put("b", "other", "x");
  w.client.put("b", "z", "9");
  REQUIRE(watch.read_until("z\t9"));  // a purge that nats-server 2.9 takes first would hide it
  w.client.put("b", "a.k", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
  w.client.put("b", "a.new", "11");
  REQUIRE(watch.read_until("a.new\t"));
  watch.signal(SIGINT);
  const auto result = watch.wait();
  CAPTURE(result.out);
  CAPTURE(result.err);
  CHECK(result.status == 130);
  CHECK(events(result.out) ==
        Lines{"a.k 4 PUT 4", "a.gone 6 DEL ", "z 7 PUT 7", "z 9 PUT 9", "a.k 10 PURGE ", "a.new 11 PUT 11"});
}

TEST_CASE("in JSON an event is a line") {
  Watched w;
  for (const char* format : {"json", "jsonl"}) {
    const auto result = w.server.natskv({"watch", "b", "--initial", "-o", format});
    CHECK(result.status == 0);
    CHECK(result.out.starts_with(R"({"bucket":"b","key":"a.k","revision":4,"operation":"PUT","created":")"));
    CHECK(std::count(result.out.begin(), result.out.end(), '\n') == 3);
    CHECK(result.out.find('[') == std::string::npos);
  }
  CHECK(w.server.natskv({"watch", "b", "--initial", "--meta", "-j"}).out.find("\"value\"") ==
        std::string::npos);
}

TEST_CASE("an empty bucket has nothing to show, and shows what comes") {
  Watched w;
  w.client.add_bucket("e");
  CHECK(w.server.natskv({"watch", "e", "--initial"}).out == "");
  for (const char* option : {"--no-deletes", "--updates", "--history", "--meta"}) {
    CAPTURE(option);
    Process watch(w.server.command({"watch", "e", "--revision", "1", "--count", "1"}));
    Process other(w.server.command({"watch", "e", option, "--count", "100"}));
    w.begun("e", 2);
    CHECK_FALSE(other.read_until("never", 0.3));
    w.client.put("e", "first", "v");
    CHECK(watch.wait().status == 0);
    CHECK(other.read_until("first"));
    other.signal(SIGINT);
    CHECK(other.wait().status == 130);
    w.client.api("STREAM.PURGE.KV_e");
    w.client.delete_bucket("e");
    w.client.add_bucket("e");
  }
}

TEST_CASE("watch ends on a signal within half a second, also while it writes or waits to write") {
  Watched w;
  for (const int number : {SIGINT, SIGTERM}) {
    auto idle = w.start();
    REQUIRE(idle.read_until("z\t7"));
    idle.signal(number);
    CHECK(idle.wait().status == 128 + number);
  }
  // More than the pipe and watch's own buffer take; nobody reads.
  for (int i = 0; i < 100; ++i) w.client.put("b", "large." + std::to_string(i), std::string(10'000, 'x'));
  for (const int number : {SIGINT, SIGTERM}) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    Process full(w.server.command({"watch", "b", "--history"}, {.out_fd = ends[1]}));
    // Not by its bytes: a write that does not fill its last page may leave the rest of it unused.
    pollfd room{ends[1], POLLOUT, 0};
    for (int i = 0; i < 1500 && ::poll(&room, 1, 0) > 0; ++i) full.read_for(0.02);
    CHECK(room.revents == 0);
    full.signal(number);
    const auto result = full.wait();
    CHECK_FALSE(result.timed_out);
    CHECK(result.status == 128 + number);
    for (const int end : ends) ::close(end);
  }
}

TEST_CASE("a reader that went away ends watch, with nothing to write") {
  Watched w;
  auto watch = w.start();
  REQUIRE(watch.read_until("z\t7"));
  watch.close_stdout();
  const auto result = watch.wait();
  CHECK(result.status == 141);
  CHECK(result.err == "");
  CHECK_FALSE(result.timed_out);
}

TEST_CASE("what watch cannot do is said before anything is shown") {
  Watched w;
  CHECK(w.server.natskv({"watch", "none"}).status == 3);
  CHECK(w.server.natskv({"watch", "b", "--history", "--updates"}).status == 2);
  CHECK(w.server.natskv({"watch", "b", "--updates", "--initial"}).status == 2);
  CHECK(w.server.natskv({"watch", "b", "--updates", "--revision", "1"}).status == 2);
  CHECK(w.server.natskv({"watch", "b", "a*"}).status == 2);
  CHECK(w.server.natskv({"watch", "b", "--max-disconnect", "soon"}).status == 2);
  const auto full = w.server.natskv({"watch", "b", "--initial"}, {.out_file = "/dev/full"});
  CHECK(full.status == 1);
  CHECK(full.err.find("cannot write to standard output") != std::string::npos);
  const auto nobody = run(natskv_command(
      {"watch", "b", "-s", "nats://127.0.0.1:" + std::to_string(free_ports(1)[0]), "--timeout", "1s"}));
  CHECK(nobody.status == 5);
}
