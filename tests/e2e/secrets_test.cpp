// Secrets are in no output, and not in the process's arguments while it runs; --connection-name is what a
// server sees.
#include "support/client.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using namespace natskv::test;

TEST_CASE("secrets given as options are gone from /proc/PID/cmdline") {
  FakeServer server(FakeServer::handshake());
  const std::string url = "127.0.0.1:" + std::to_string(server.port());
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"-s", url, "--user", "u", "--password", "s3cret"},
        {"-s", url, "--user=u", "--password=s3cret"},
        {"-s", url, "--token", "s3cret"},
        {"--user", "s3cret", "-s", url},
        {"--user=s3cret", "-s", url},
        {"-s", "s3cret@" + url},
        {"-su:s3cret@" + url},
        {"--server=u:s3cret@" + url},
        {"--server=nats://u:s3cret@" + url},
        {"-s", "nats://u:a/s3cret@" + url},
        {"-s", "nats://u:a@s3cret@" + url},
        {"-s", "nats://s3cret@" + url + ",nats://u:s3cret@" + url}}) {
    auto all = words;
    all.insert(all.end(), {"--trace", "--timeout", "2s", "get", "b", "k"});
    const auto before = server.connections();
    Process process(natskv_command(all));
    for (int i = 0; i < 100 && server.connections() == before; ++i) process.read_for(0.02);
    const std::string line = read_file("/proc/" + std::to_string(process.pid()) + "/cmdline");
    CHECK(line.find("get") != std::string::npos);
    CHECK(line.find("s3cret") == std::string::npos);
    process.signal(SIGTERM);
    const auto result = process.wait();
    CHECK((result.out + result.err).find("s3cret") == std::string::npos);
    CHECK(result.status == 143);
  }
  CHECK(server.received().find("s3cret") != std::string::npos);  // it was sent, so it was there
}

TEST_CASE("the server sees the connection's name, quotes and all") {
  FakeServer server(FakeServer::handshake());
  (void)natskv::test::natskv(
      {"get", "b", "k", "-s", server.url(), "--timeout", "300ms", "--connection-name", "a \"b\" c"});
  CHECK(server.received().find(R"("name":"a \"b\" c")") != std::string::npos);
  (void)natskv::test::natskv({"get", "b", "k", "-s", server.url(), "--timeout", "300ms"});
  CHECK(server.received().find("\"name\":\"natskv ") != std::string::npos);
}
