// A bucket that is removed and added again while it is read.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace natskv::test;
using Words = std::vector<std::string>;

namespace {

constexpr int keys = 20000;

/// Runs the command over a line that stops in the middle of it, then recreates the bucket with one key.
Result read_while_recreated(Server& server, Client& client, Words words) {
  client.delete_bucket("b");
  client.add_bucket("b", R"({"storage": "memory"})");
  fill(client, "b", "k.", keys, std::string(100, 'v'));
  Proxy proxy(server.port());
  // Behind the request for the messages come words that let the server send more than 2 MB of them: cp's
  // writes, which are many, or an answer to its flow control, in the middle of which this is.
  proxy.pause_after(words[0] == "cp" ? 5000 : 800);
  words.insert(words.end(), {"-s", proxy.url()});
  Process reader(natskv_command(words, {.limit = 60}));
  REQUIRE(eventually([&] { return proxy.paused(); }));
  client.delete_bucket("b");
  client.add_bucket("b");
  client.put("b", "new", "v");
  proxy.pause(false);
  return reader.wait(60);
}

}  // namespace

TEST_CASE("a listing of a bucket that is recreated meanwhile is a failure, and a file stays as it was") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.add_bucket("d");
  const TempDir folder;
  write_file(folder / "backup", "good\n");
  for (const Words& words :
       {Words{"export", "b", "-F", folder / "backup"}, {"keys", "b"}, {"cp", "b", "d"}}) {
    CAPTURE(words[0]);
    const auto result = read_while_recreated(server, client, words);
    CAPTURE(result.err);
    CHECK(result.status == 1);
    CHECK(result.err.find("bucket \"b\" was recreated while it was being read\n") != std::string::npos);
  }
  CHECK(read_file(folder / "backup") == "good\n");
}

TEST_CASE("a watch says that the bucket was recreated, and goes on with its values to their end") {
  Server server;
  Client client(server.url());
  client.add_bucket("b");
  const auto result = read_while_recreated(server, client, {"watch", "b", "--initial"});
  CAPTURE(result.err);
  CHECK(result.status == 0);
  CHECK(result.err.find("bucket \"b\" was recreated; starting from its current values\n") !=
        std::string::npos);
  // The line may have held back all of the old ones.
  CHECK(has("\n" + result.out, "\nnew\t1\t"));
  CHECK(occurrences(result.out, "\n") < keys + 1);
}
