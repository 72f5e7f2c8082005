// env: a bucket as lines that a shell reads.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

struct Config {
  Config() { client.add_bucket("config"); }
  [[nodiscard]] Result env(std::vector<std::string> words) const {
    words.insert(words.begin(), {"env", "config"});
    return server.natskv(std::move(words));
  }
  Server server;
  Client client{server.url()};
};

}  // namespace

TEST_CASE("Keys are variables, sorted, quoted for any shell") {
  Config config;
  config.client.put("config", "db.host", "it's \"quoted\" $HOME `id` \\");
  config.client.put("config", "app/name-x", "two\nlines\n");
  config.client.put("config", "9lives", "");
  config.client.put("config", "gone", "x");
  config.client.put("config", "gone", "", {{"KV-Operation", "DEL"}});
  const auto plain = config.env({});
  CHECK(plain.status == 0);
  CHECK(plain.out == "APP_NAME_X='two\nlines\n'\nDB_HOST='it'\\''s \"quoted\" $HOME `id` \\'\n_9LIVES=''\n");
  CHECK(plain.err == "");
  CHECK(config.env({"--export", "db.*"}).out == "export DB_HOST='it'\\''s \"quoted\" $HOME `id` \\'\n");
  CHECK(config.env({"-0", "9lives", "--keep-case"}).out == std::string("_9lives=\0", 9));
  CHECK(config.env({"db.host", "--strip", "db.", "--prefix", "my-"}).out.starts_with("MY_HOST='"));
  CHECK(config.env({"app/name-x", "-o", "json"}).out == "{\"APP_NAME_X\":\"two\\nlines\\n\"}\n");
  CHECK(config.env({"app/name-x", "-o", "tsv"}).out == "APP_NAME_X\ttwo\\nlines\\n\n");
  // What a shell makes of it is what is stored.
  const auto read =
      run({.args = {"sh", "-c",
                    "vars=$(\"$0\" env config --export) && eval \"$vars\" && printf '%s' \"$DB_HOST\"",
                    natskv_command({}).args[0]},
           .env = {{"NATS_URL", config.server.url()}}});
  CHECK(read.out == "it's \"quoted\" $HOME `id` \\");
}

TEST_CASE("Two keys of one name, a NUL, and a name that steers programs: nothing is printed") {
  Config config;
  const auto refused = [&](std::vector<std::string> words, const std::string& text) {
    const auto result = config.env(std::move(words));
    CHECK(result.status == 1);
    CHECK(result.out == "");
    CAPTURE(result.err);
    CHECK(result.err.find(text) != std::string::npos);
  };
  config.client.put("config", "fine", "x");
  config.client.put("config", "a.b", "1");
  config.client.put("config", "a_b", "2");
  refused({}, "keys \"a.b\" and \"a_b\" in bucket \"config\" would both be A_B\n");
  CHECK(config.env({"fine"}).status == 0);
  config.client.put("config", "nul", std::string_view("a\0b", 3));
  refused({"fine", "nul"},
          "the value of key \"nul\" in bucket \"config\" has a NUL byte, which NUL cannot contain\n");
  for (const char* key :
       {"path", "LD_PRELOAD", "bash/env", "https_proxy", "npm_config_x", "NATSKV_X", "git-ssh"}) {
    CAPTURE(key);
    config.client.put("config", key, "evil");
    refused({key}, "through which its writer could run any program\nhint: --prefix ");
    CHECK(config.env({key, "--prefix", "app_"}).status == 0);
  }
  CHECK(config.env({"path", "--allow", "Path"}).out == "PATH='evil'\n");
}

TEST_CASE("A KEY that is missing and a PATTERN without a match are 3") {
  Config config;
  const auto empty = config.env({});
  CHECK(empty.status == 3);
  CHECK(empty.err ==
        "natskv: env: bucket \"config\" has no keys\nhint: --allow-empty continues without them\n");
  CHECK(config.env({"--allow-empty"}).status == 0);
  config.client.put("config", "a.b", "1");
  CHECK(config.env({"a.*", "c.*"}).status == 3);
  CHECK(config.env({"a.*", "c.*", "--allow-empty"}).out == "A_B='1'\n");
  CHECK(config.env({"a.b", "c", "--allow-empty"}).err ==
        "natskv: env: key \"c\" not found in bucket \"config\"\n");
  CHECK(config.server.natskv({"env", "none"}).status == 3);
}

TEST_CASE("JSON needs UTF-8, a shell does not") {
  Config config;
  config.client.put("config", "bytes", "\xff\x01");
  CHECK(config.env({}).out == "BYTES='\xff\x01'\n");
  const auto json = config.env({"-o", "json"});
  CHECK(json.status == 1);
  CHECK(json.out == "");
}

TEST_CASE("Ten thousand keys are ten thousand variables") {
  Config config;
  fill(config.client, "config", "key.", 10'000, "v");
  const auto result = config.env({});
  CHECK(result.status == 0);
  CHECK(lines(result.out) == 10'000);
  CHECK(result.out.starts_with("KEY_0='v'\nKEY_1='v'\nKEY_10='v'\n"));
  const auto counted = config.server.natskv({"run", "config", "--", "sh", "-c", "env | grep -c ^KEY_"});
  CHECK(counted.out == "10000\n");
}
