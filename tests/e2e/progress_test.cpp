// The bars of what works through a whole bucket: on stderr's terminal while it goes on, gone at the end.
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace natskv::test;

namespace {

constexpr int keys = 60'000;

// stdout is no terminal: where it is, the lines themselves show how far it is.
Result with_bar(const Server& server, const std::vector<std::string>& words, std::string& screen) {
  Screen errors;
  errors.in = errors.out = false;
  Terminal terminal(server.command(words), errors);
  const auto result = terminal.wait(120);
  screen = terminal.screen();
  return result;
}

}  // namespace

TEST_CASE("diff, del, purge and compact show how far they are") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  std::string screen;
  const auto bar = [&](const std::vector<std::string>& words, const std::string& what) {
    CAPTURE(what);
    const auto result = with_bar(server, words, screen);
    CAPTURE(screen.substr(0, 2000));
    CHECK(result.status == 0);
    CHECK(has(screen, "\r\x1b[K" + what + " b  "));
    // The last that is drawn is that it is gone, and the summary stays.
    CHECK(screen.rfind("\r\x1b[K") > screen.rfind(what + " b  "));
  };
  fill(client, "b", "k", keys, "v");
  bar({"diff", "b", "b"}, "diff");
  CHECK(has(screen, "/60000 ("));
  bar({"del", "b", ">", "--force"}, "del");
  CHECK(has(screen, "natskv: del: deleted 60000 keys"));
  bar({"compact", "b", "--older-than", "0", "--force"}, "compact");
  CHECK(has(screen, "dropped 60000 markers"));
  fill(client, "b", "k", keys, "v");
  bar({"purge", "b", ">", "--force"}, "purge");
  CHECK(has(screen, "natskv: purge: purged 60000 keys"));
}

TEST_CASE("what was asked about is the bar's whole; --quiet and lines on the same terminal have none") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  fill(client, "b", "k", keys, "v");
  Screen errors;
  errors.out = false;
  Terminal asked(server.command({"del", "b", ">"}), errors);
  REQUIRE(asked.read_until("Delete 60000 keys"));
  asked.send("y\n");
  CHECK(asked.wait(120).status == 0);
  CHECK(has(asked.screen(), "/60000 ("));
  fill(client, "b", "k", keys, "v");
  std::string screen;
  CHECK(with_bar(server, {"del", "b", ">", "--force", "--quiet"}, screen).status == 0);
  CHECK(screen.empty());
  fill(client, "b", "k", keys, "v");
  Terminal lines(server.command({"purge", "b", ">", "--force"}));
  CHECK(lines.wait(120).status == 0);
  CHECK_FALSE(has(lines.screen(), "purge b  "));
}
