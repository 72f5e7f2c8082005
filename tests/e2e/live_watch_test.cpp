// kv/read/watch without a command: what others build on.
#include "kv/read/watch.hpp"
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace natskv::test;
using natskv::Watch;
using Clock = Watch::Clock;
using std::chrono::milliseconds;

namespace {

struct Said final : natskv::Reporter {
  std::string text;
  void warn(std::string_view line) override { (text += line) += '\n'; }
  void note(std::string_view) override {}
  std::shared_ptr<void> waiting(const std::string&) override { return nullptr; }
  [[nodiscard]] bool tracing() const override { return false; }
  void trace(std::string_view) override {}
};

/// A session of its own.
struct Connected {
  explicit Connected(const std::string& url)
      : session(
            [url] {
              natskv::config::Settings settings;
              settings.servers = {url};
              settings.js_api_prefix = "$JS.API";
              return settings;
            },
            stop, said) {}
  natskv::Stop stop;
  Said said;
  natskv::Session session;
};

Clock::time_point in(milliseconds time) { return Clock::now() + time; }

/// "key#revision" of each current entry.
std::string current(Watch& watch) {
  std::string all;
  for (auto got = watch.wait(in(milliseconds(20'000))); got != Watch::Got::caught_up;
       got = watch.wait(in(milliseconds(20'000)))) {
    REQUIRE(got != Watch::Got::time);
    if (got != Watch::Got::entry) continue;
    all += std::string(watch.entry()->key) + "#" + std::to_string(watch.entry()->revision) + " ";
  }
  return all;
}

}  // namespace

TEST_CASE("a watch is waited for together with a descriptor and a time") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "k", "1");
  Connected own(server.url());
  Watch watch(own.session, "b", {});
  REQUIRE(watch.wait(in(milliseconds(20'000))) == Watch::Got::entry);
  CHECK(watch.entry()->key == "k");
  REQUIRE(watch.wait(in(milliseconds(20'000))) == Watch::Got::caught_up);
  CHECK(watch.caught_up());
  CHECK(watch.wait(in(milliseconds(20))) == Watch::Got::time);
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  std::array others{pollfd{ends[0], POLLIN, 0}};
  CHECK(watch.wait(in(milliseconds(20)), others) == Watch::Got::time);
  CHECK(others[0].revents == 0);
  REQUIRE(::write(ends[1], "x", 1) == 1);
  CHECK(watch.wait(in(milliseconds(20'000)), others) == Watch::Got::descriptor);
  CHECK(others[0].revents == POLLIN);
  client.put("b", "k", "2");
  CHECK(watch.wait(in(milliseconds(20'000))) == Watch::Got::entry);
  CHECK(watch.entry()->value.data == "2");
  ::close(ends[0]);
  ::close(ends[1]);
  own.stop.set(natskv::StopReason::terminated);
  CHECK_THROWS_AS(watch.wait(in(milliseconds(20'000))), natskv::Stopped);
}

TEST_CASE("a watch is resumed after the revision that was handled last, or says why not") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 2})");
  for (const char* key : {"a", "b", "c"}) client.put("b", key, "1");
  natskv::Before before;
  {
    Connected first(server.url());
    Watch watch(first.session, "b", {});
    CHECK(current(watch) == "a#1 b#2 c#3 ");
    REQUIRE(watch.given());
    CHECK(watch.given()->revision == 3);
    before = {.created = watch.given()->created, .revision = 2};
  }
  const auto resumed = [&](natskv::Before from, std::string& said) {
    Connected next(server.url());
    Watch watch(next.session, "b", {.resume = std::move(from)});
    auto all = current(watch);
    said = next.said.text;
    return all;
  };
  std::string said;
  CHECK(resumed(before, said) == "c#3 ");
  CHECK(said.empty());
  before.revision = 3;
  CHECK(resumed(before, said).empty());
  CHECK(said.empty());
  // Revisions that the bucket no longer keeps are missed, the newest of each key is not.
  for (int i = 0; i < 3; ++i) client.put("b", "a", "later");
  CHECK(resumed(before, said) == "a#5 a#6 ");
  CHECK(said == "bucket \"b\": revision 4 is no longer kept and was missed\n");
  before.revision = 9;
  CHECK(resumed(before, said) == "b#2 c#3 a#6 ");
  CHECK(said ==
        "bucket \"b\": its last revision is now 6, but 9 was shown; starting from its current values\n");
  client.delete_bucket("b");
  client.add_bucket("b");
  client.put("b", "new", "1");
  before.revision = 1;
  CHECK(resumed(before, said) == "new#1 ");
  CHECK(said == "bucket \"b\" was recreated; starting from its current values\n");
}

TEST_CASE(
    "the last current entry is given though the connection is lost when it makes the watch ask its server") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  for (const char* key : {"a", "b", "c"}) client.put("b", key, "1");
  Proxy proxy(server.port());
  Connected own(proxy.url());
  Watch watch(own.session, "b", {});
  REQUIRE(watch.wait(in(milliseconds(20'000))) == Watch::Got::entry);
  std::string all(watch.entry()->key);
  std::this_thread::sleep_for(milliseconds(100));  // the other two have come, too
  proxy.limit(0);
  for (int i = 0; i < 40 && !watch.caught_up(); ++i) {
    if (watch.wait(in(milliseconds(500))) == Watch::Got::entry) all += watch.entry()->key;
    if (all == "abc" || i == 3) proxy.limit(std::nullopt);
  }
  CHECK(watch.caught_up());
  CHECK(all == "abc");
}

TEST_CASE("a watch whose reader is busy drops what waits, and gives all of it afterwards") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  Connected own(server.url());
  Watch watch(own.session, "b", {.read = {.slow = true}});
  REQUIRE(watch.wait(in(milliseconds(20'000))) == Watch::Got::caught_up);
  const std::string value(256 << 10, 'v');
  // A server lets more and more wait, as long as it is read.
  for (int i = 0; i < 120; ++i) {
    client.put("b", "read", value);
    REQUIRE(watch.wait(in(milliseconds(20'000))) == Watch::Got::entry);
  }
  std::string expected;
  for (int i = 0; i < 80; ++i) {  // 20 MiB
    client.put("b", "k" + std::to_string(i), value);
    expected += "k" + std::to_string(i) + " ";
  }
  const auto consumers = [&] { return occurrences(client.api("CONSUMER.NAMES.KV_b"), "natskv-"); };
  CHECK(consumers() == 1);
  for (int i = 0; i < 1000 && consumers() > 0; ++i) {
    std::this_thread::sleep_for(milliseconds(25));
    watch.relieve();
  }
  CHECK(consumers() == 0);
  std::string all;
  while (all.size() < expected.size() && watch.wait(in(milliseconds(20'000))) == Watch::Got::entry) {
    all += watch.entry()->key;
    all += ' ';
  }
  CHECK(all == expected);
  CHECK(own.said.text.empty());
}
