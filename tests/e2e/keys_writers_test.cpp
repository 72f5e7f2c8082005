// Listings while others write as fast as they can, and their memory.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

using namespace natskv::test;

namespace {

std::map<std::string, int> counted(const std::string& text) {
  std::map<std::string, int> times;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) ++times[line];
  return times;
}

// Every key of `prefix` once, and nothing twice.
void check_complete(const std::string& out, const std::string& prefix, int keys) {
  auto times = counted(out);
  int missing = 0, twice = 0;
  for (int i = 0; i < keys; ++i) missing += times[prefix + std::to_string(i)] == 0 ? 1 : 0;
  for (const auto& [key, number] : times) twice += number > 1 ? 1 : 0;
  CHECK(missing == 0);
  CHECK(twice == 0);
}

}  // namespace

TEST_CASE("a key that is there from start to end is listed once while it is rewritten all the time") {
  Server server;
  Client client(server.url());
  constexpr int keys = 5000;
  for (const char* history : {"1", "5"}) {
    CAPTURE(history);
    const std::string bucket = std::string("h") + history;
    client.add_bucket(bucket,
                      std::string(R"({"storage": "memory", "max_msgs_per_subject": )") + history + "}");
    fill(client, bucket, "quiet.", keys, "v");
    for (int i = 0; i < 5; ++i) fill(client, bucket, "busy.", keys, "v");
    Writers writers(server.url(), bucket, "busy.", keys);
    for (int round = 0; round < 8; ++round) {
      const long before = writers.written();
      const auto all = server.natskv({"keys", bucket}, {.limit = 60});
      CHECK(all.status == 0);
      CHECK(all.err == "");
      check_complete(all.out, "busy.", keys);
      check_complete(all.out, "quiet.", keys);
      const auto some = server.natskv({"keys", bucket, "busy.>"}, {.limit = 60});
      CHECK(some.status == 0);
      check_complete(some.out, "busy.", keys);
      CHECK(server.natskv({"keys", bucket, "quiet.*", "--count"}, {.limit = 60}).out == "5000\n");
      CHECK(eventually([&] { return writers.written() > before; }));  // a busy machine gives them no turn
    }
  }
}

TEST_CASE("three hundred thousand keys are read in little memory") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"storage": "memory"})");
  fill(client, "b", "key.", 300000, std::string(128, 'v'));
#if defined(NDEBUG)
  long kib = 24 * 1024;
#else
  // A slow reader, such as a build without optimisation, is sent up to the server's flow-control window of 32
  // MiB ahead: flat, whatever the bucket holds (its values alone are 38 MB, nats.c needs 140 MB for all of
  // them).
  long kib = 80 * 1024;
#endif
  if (std::getenv("NATSKV_SANITIZED") != nullptr) kib = 1 << 20;  // sanitizers have their own memory
  const auto watch = server.natskv({"watch", "b", "--initial"}, {.out_file = "/dev/null", .limit = 120});
  CHECK(watch.status == 0);
  CHECK(watch.max_rss_kib < kib);
  const auto count = server.natskv({"keys", "b", "--count"}, {.limit = 120});
  CHECK(count.out == "300000\n");
  CHECK(count.max_rss_kib < kib + 32 * 300000 / 1024);
}
