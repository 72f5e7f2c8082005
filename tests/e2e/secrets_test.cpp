// Secrets are in no output, and not in the process's arguments while it runs; --connection-name is what a
// server sees.
#include "support/client.hpp"
#include "support/eventually.hpp"
#include "support/identities.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

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
    all.insert(all.end(), {"--trace", "--timeout", "90s", "get", "b", "k"});
    const auto before = server.received().size();
    Process process(natskv_command(all));
    REQUIRE(eventually([&] { return server.received().size() > before; }));
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

TEST_CASE("a URL with a password is not said where something else is expected") {
  const std::string url = "nats://u:a@s3cret/x@127.0.0.1:1";
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--context=" + url, "get", "b", "k"},
                                                {"--context", url, "doctor"},
                                                {"context", "select", url},
                                                {"context", "show", url},
                                                {url, "ls"},
                                                {"get", url, "k"},
                                                {"get", "b", "k", "--timeout", url},
                                                {"import", "b", "-F", url},
                                                {"export", "b", "-F", url + "/x"}}) {
    const auto result = natskv::test::natskv(words);
    CAPTURE(result.err);
    CHECK(result.status != 0);
    CHECK((result.out + result.err).find("s3cret") == std::string::npos);
  }
  CHECK(natskv::test::natskv({"ls"}, {.env = {{"NATS_CONTEXT", url}}}).err.find("s3cret") ==
        std::string::npos);
}

TEST_CASE("a secret where a file is expected is not said, in no format, and gone from /proc/PID/cmdline") {
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  const auto line_of = [&](const std::string& name) {
    std::string text = read_file(folder / name);
    return text.substr(0, text.find('\n'));
  };
  const std::string seed = line_of("alice.seed");
  const std::string jwt = line_of("alice.jwt");
  const std::string creds = read_file(folder / "alice.creds");
  const std::string password = "aB3/xYz+s3cret==";
  const auto leaks = [&](const std::string& text) {
    for (const std::string& secret : {seed, seed.substr(0, 24), jwt, jwt.substr(0, 40), password}) {
      if (text.find(secret.substr(0, 24)) != std::string::npos) return true;
    }
    return false;
  };
  struct Given {
    std::string option, variable, word;
  };
  std::vector<Given> all;
  for (const std::string& word : {seed, seed.substr(0, 54), jwt, creds, password}) {
    for (const auto& [option, variable] : {std::pair("--nkey", "NATS_NKEY"),
                                           {"--seed", "NATS_SEED"},
                                           {"--jwt", "NATS_JWT"},
                                           {"--creds", "NATS_CREDS"},
                                           {"--password-file", ""},
                                           {"--token-file", ""}})
      all.push_back({option, variable, word});
  }
  for (const Given& given : all) {
    CAPTURE(given.option);
    CAPTURE(given.word);
    std::vector<std::vector<std::string>> ways{{given.option + "=" + given.word}};
    if (!given.word.starts_with('-')) ways.push_back({given.option, given.word});
    if (!given.variable.empty()) ways.emplace_back();
    for (auto way : ways) {
      Run rest;
      if (way.empty()) rest.env = {{given.variable, given.word}};
      if (given.option == "--password-file") way.insert(way.end(), {"--user", "u"});
      for (const std::vector<std::string>& command :
           {std::vector<std::string>{"keys", "b"}, {"keys", "b", "-j", "--trace"}, {"doctor", "-j"}}) {
        auto words = command;
        words.insert(words.end(), {"-s", "127.0.0.1:1"});
        words.insert(words.end(), way.begin(), way.end());
        const auto result = natskv::test::natskv(words, rest);
        CHECK(result.status != 0);
        CHECK_FALSE(leaks(result.out + result.err));
      }
      if (way.empty()) continue;
      std::vector<std::string> words{"context", "add", "c"};
      words.insert(words.end(), way.begin(), way.end());
      const auto saved = natskv::test::natskv(words, {.env = {{"XDG_CONFIG_HOME", folder / "config"}}});
      CHECK_FALSE(leaks(saved.out + saved.err));
    }
  }
  FakeServer server(FakeServer::handshake());
  for (const std::vector<std::string>& way :
       {std::vector<std::string>{"--jwt", jwt, "--seed", seed}, {"--jwt=" + jwt, "--seed=" + seed}}) {
    auto words = way;
    words.insert(words.end(), {"get", "b", "k", "-s", server.url(), "--timeout", "90s", "--trace"});
    const auto before = server.connections();
    Process process(natskv_command(words));
    REQUIRE(eventually([&] { return server.connections() > before; }));
    CHECK_FALSE(leaks(read_file("/proc/" + std::to_string(process.pid()) + "/cmdline")));
    process.signal(SIGTERM);
    const auto result = process.wait();
    CHECK_FALSE(leaks(result.out + result.err));
  }
}

TEST_CASE("the server sees the connection's name, quotes and all") {
  FakeServer server(FakeServer::handshake());
  const auto sees = [&](const std::vector<std::string>& more, const std::string& name) {
    std::vector<std::string> words{"get", "b", "k", "-s", server.url(), "--timeout", "90s"};
    words.insert(words.end(), more.begin(), more.end());
    const Process process(natskv_command(words));
    return eventually([&] { return has(server.received(), "\"name\":\"" + name); });
  };
  CHECK(sees({"--connection-name", "a \"b\" c"}, R"(a \"b\" c")"));
  CHECK(sees({}, "natskv "));
}
