// Buckets of natskv and of official clients are the same buckets.
#include "support/bucket.hpp"
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/identities.hpp"
#include "support/kept.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// nats.py in an environment of its own, made once; empty where it can't be installed.
const std::string& python() {
  static const TempDir folder;
  static const std::string interpreter = [] {
    if (program("python3").empty()) return std::string();
    const std::string venv = folder / "venv";
    if (run({.args = {"python3", "-m", "venv", venv}, .limit = 60}).status != 0) return std::string();
    const auto pip = run(
        {.args = {venv + "/bin/pip", "install", "--quiet", "--disable-pip-version-check", "nats-py==2.16.0"},
         .limit = 120});
    return pip.status == 0 ? venv + "/bin/python" : std::string();
  }();
  return interpreter;
}

/// Runs a coroutine's lines, which have `js`, a JetStream context, and set `out`; returns that.
Json script(const Server& server, const std::string& lines) {
  const std::string text =
      "import asyncio, json, sys, nats\n"
      "from nats.js import api\n"
      "async def main():\n"
      "    nc = await nats.connect(sys.argv[1])\n"
      "    js = nc.jetstream()\n"
      "    out = None\n" +
      lines +
      "    print(json.dumps(out))\n"
      "    await nc.close()\n"
      "asyncio.run(main())\n";
  const auto result = run({.args = {python(), "-c", text, server.url()}});
  if (result.status != 0) throw std::runtime_error(result.err);
  return Json::parse(result.out);
}

/// The same wishes for both.
struct Pair {
  std::string python;
  Words natskv;
};

/// nats.py 2.16 asks for TTLs of keys in every bucket, natskv (and ADR-8) where limit markers are wanted.
Json comparable(Json config) {
  if (!config.contains("subject_delete_marker_ttl")) config.erase("allow_msg_ttl");
  return config;
}

}  // namespace

TEST_CASE("a bucket of nats.py and one of natskv have the same configuration") {
  if (python().empty()) SKIP("nats-py can't be installed here");
  Server server;
  Client client(server.url());
  std::vector<Pair> pairs{
      {"", {}},
      {"history=7, description='of all'", {"--history", "7", "--description", "of all"}},
      {"ttl=30", {"--ttl", "30s"}},
      {"ttl=3600", {"--ttl", "1h"}},
      {"max_bytes=1048576, max_value_size=1024", {"--max-bucket-size", "1MB", "--max-value-size", "1KB"}},
      {"storage=api.StorageType.MEMORY", {"--storage", "memory"}},
      {"republish=api.RePublish(src='$KV.b.>', dest='out.>', headers_only=True)",
       {"--republish-source", "$KV.b.>", "--republish-destination", "out.>", "--republish-headers"}},
  };
  if (server_at_least(2, 11))
    pairs.push_back({"limit_marker_ttl=90, ttl=3600", {"--marker-ttl", "90s", "--ttl", "1h"}});
  else
    skip("limit markers: this server has none");
  for (auto& pair : pairs) {
    CAPTURE(pair.python);
    script(server, "    await js.create_key_value(bucket='b', direct=True" +
                       (pair.python.empty() ? "" : ", " + pair.python) + ")\n");
    const auto theirs = stream_config(server.url(), "b");
    client.delete_bucket("b");
    pair.natskv.insert(pair.natskv.begin(), {"add", "b"});
    const auto added = server.natskv(pair.natskv);
    REQUIRE_MESSAGE(added.status == 0, added.err);
    CHECK(comparable(stream_config(server.url(), "b")) == comparable(theirs));
    client.delete_bucket("b");
  }
}

TEST_CASE("the nats tool, where it is installed, makes the same buckets") {
  const auto tool = nats_tool();
  if (tool.empty()) SKIP("no nats tool; tests/setup/nats-tool builds one");
  Server server;
  Client client(server.url());
  client.add_bucket("o");
  std::vector<Words> wishes{
      {},
      {"--history", "64", "--description", "of all", "--storage", "memory"},
      {"--ttl", "1m"},
      {"--ttl", "3h"},
      {"--max-value-size", "1KB", "--max-bucket-size", "1MB"},
      {"--tags", "x", "--tags", "y", "--cluster", "c"},
      {"--republish-destination", "out.>"},
      {"--republish-source", "$KV.b.>", "--republish-destination", "out.>", "--republish-headers"},
      {"--mirror", "o"},
      {"--mirror", "o", "--mirror-domain", "hub"},
  };
  if (server_at_least(2, 11)) {
    wishes.push_back({"--compress"});
    wishes.push_back({"--metadata", "a=b", "--metadata", "c=d"});
    wishes.push_back({"--source", "o", "--source", "p"});
    wishes.push_back({"--marker-ttl", "1500ms", "--ttl", "1h"});
  } else {
    skip("compression, metadata, sources, limit markers: this server has not all of them");
  }
  for (const auto& options : wishes) {
    Words theirs{tool, "--server", server.url(), "kv", "add", "b"}, ours{"add", "b"};
    theirs.insert(theirs.end(), options.begin(), options.end());
    ours.insert(ours.end(), options.begin(), options.end());
    CAPTURE(ours.size() > 2 ? ours[2] : "");
    const auto made = run({.args = theirs});
    REQUIRE_MESSAGE(made.status == 0, made.err);
    const auto expected = stream_config(server.url(), "b");
    client.delete_bucket("b");
    REQUIRE(server.natskv(ours).status == 0);
    CHECK(stream_config(server.url(), "b") == expected);
    client.delete_bucket("b");
  }
}

TEST_CASE("the nats tool uses natskv's bucket, natskv the tool's, and neither changes it") {
  const auto tool = nats_tool();
  if (tool.empty()) SKIP("no nats tool; tests/setup/nats-tool builds one");
  Server server;
  const auto nats = [&](Words words) {
    words.insert(words.begin(), {tool, "--server", server.url(), "kv"});
    return run({.args = words});
  };
  REQUIRE(server.natskv({"add", "ours", "--history", "5", "--ttl", "1h"}).status == 0);
  const auto ours = stream_config(server.url(), "ours");
  CHECK(server.natskv({"put", "ours", "k", "from natskv"}).out == "1\n");
  CHECK(nats({"get", "ours", "k", "--raw"}).out == "from natskv");
  CHECK(nats({"put", "ours", "k", "from nats"}).status == 0);
  CHECK(nats({"put", "ours", "gone", "x"}).status == 0);
  CHECK(nats({"del", "ours", "gone", "--force"}).status == 0);
  CHECK(server.natskv({"get", "ours", "k"}).out == "from nats");
  CHECK(server.natskv({"get", "ours", "gone"}).status == 3);
  CHECK(server.natskv({"update", "ours", "k", "again", "2"}).status == 0);
  CHECK(nats({"history", "ours", "k"}).out.find("again") != std::string::npos);
  CHECK(stream_config(server.url(), "ours") == ours);

  REQUIRE(nats({"add", "theirs", "--history", "3", "--description", "d"}).status == 0);
  const auto theirs = stream_config(server.url(), "theirs");
  CHECK(server.natskv({"add", "theirs", "--history", "3", "--description", "d"}).status == 0);
  CHECK(server.natskv({"put", "theirs", "k", "v"}).out == "1\n");
  CHECK(nats({"get", "theirs", "k", "--raw"}).out == "v");
  CHECK(stream_config(server.url(), "theirs") == theirs);
}

TEST_CASE("the nats tool's contexts are natskv's, and natskv's the tool's") {
  const auto tool = nats_tool();
  if (tool.empty()) SKIP("no nats tool; tests/setup/nats-tool builds one");
  const TempDir folder;
  if (const auto why = make_identities(folder); !why.empty()) SKIP(why);
  const auto here = [&](Words words) {
    return run({.args = std::move(words), .env = {{"XDG_CONFIG_HOME", folder / "config"}}});
  };
  const auto word = [&](const char* name) {
    const std::string text = read_file(folder / name);
    return text.substr(0, text.find('\n'));
  };
  const Server jwts({.config = read_file(folder / "server.conf")});
  const Server users({.config = R"(authorization { users: [ { user: "u", password: "s3cret" }, { nkey: )" +
                                read_file(folder / "nkey.public") + " } ] }"});
  const Server tokens({.config = "authorization { token: s3cret }"});
  REQUIRE(eventually([&] {
    return jwts.natskv({"add", "b", "-q", "--creds", folder / "alice.creds"}).status == 0;
  }));
  REQUIRE(users.natskv({"add", "b", "-q", "--user", "u", "--password", "s3cret"}).status == 0);
  REQUIRE(tokens.natskv({"add", "b", "-q", "--token", "s3cret"}).status == 0);
  const struct {
    const Server& server;
    Words options;
  } ways[] = {
      {users, {"--user", "u", "--password", "s3cret"}},
      {users, {"--nkey", folder / "nkey.seed"}},
      {tokens, {"--user", "s3cret"}},
      {jwts, {"--creds", folder / "alice.creds"}},
      {jwts, {"--jwt", word("alice.jwt"), "--seed", word("alice.seed")}},
      {jwts, {"--jwt", "file://" + folder / "alice.jwt", "--seed", "file://" + folder / "alice.seed"}}};
  for (const auto& [server, options] : ways) {
    CAPTURE(options[0]);
    Words theirs{tool, "context", "add", "theirs", "--server", server.url()};
    theirs.insert(theirs.end(), options.begin(), options.end());
    const auto saved = here(theirs);
    REQUIRE_MESSAGE(saved.status == 0, saved.err);
    const auto used = here(natskv_command({"keys", "b", "--context", "theirs"}).args);
    CHECK_MESSAGE(used.status == 0, used.err);
    Words ours{"context", "add", "ours", "-s", server.url()};
    ours.insert(ours.end(), options.begin(), options.end());
    REQUIRE(here(natskv_command(ours).args).status == 0);
    const auto tools = here({tool, "--context", "ours", "kv", "info", "b"});
    CHECK_MESSAGE(tools.status == 0, tools.err);
    CHECK(here({tool, "context", "rm", "theirs", "--force"}).status == 0);
    CHECK(here(natskv_command({"context", "rm", "ours", "--force"}).args).status == 0);
  }
  for (const char* name : {"one", "two"})
    REQUIRE(
        here(natskv_command({"context", "add", name, "-s", tokens.url(), "--token", "s3cret"}).args).status ==
        0);
  CHECK(here({tool, "context", "select", "one"}).status == 0);
  CHECK(here(natskv_command({"context", "show", "-o", "tsv"}).args).out.find("name\tone\n") !=
        std::string::npos);
  CHECK(here(natskv_command({"keys", "b"}).args).status == 0);
  CHECK(here(natskv_command({"context", "select", "two"}).args).status == 0);
  CHECK(here({tool, "kv", "info", "b"}).status == 0);
  CHECK(here({tool, "context", "previous"}).status == 0);  // to the one before
  CHECK(read_file(folder / "config/nats/context.txt") == "one");
}

TEST_CASE("each uses the other's bucket, and neither changes it") {
  if (python().empty()) SKIP("nats-py can't be installed here");
  Server server;
  Words add{"add", "ours", "--history", "5"};
  if (server_at_least(2, 11))
    add.insert(add.end(), {"--compress", "--metadata", "a=b", "--marker-ttl", "1h"});
  else
    skip("compression, metadata, limit markers: this server has not all of them");
  REQUIRE(server.natskv(add).status == 0);
  const auto before = stream_config(server.url(), "ours");
  REQUIRE(server.natskv({"put", "ours", "k", "from natskv"}).status == 0);
  const auto seen =
      script(server,
             "    kv = await js.key_value('ours')\n"
             "    entry = await kv.get('k')\n"
             "    await kv.put('l', b'from nats.py')\n"
             "    await kv.put('gone', b'x')\n"
             "    await kv.delete('gone')\n"
             "    status = await kv.status()\n"
             "    out = [entry.value.decode(), entry.revision, sorted(await kv.keys()), status.history]\n");
  CHECK(seen == Json({"from natskv", 1, {"k", "l"}, 5}));
  CHECK(server.natskv({"get", "ours", "l"}).out == "from nats.py");
  CHECK(server.natskv({"get", "ours", "gone"}).status == 3);
  CHECK(server.natskv({"keys", "ours"}).out == "k\nl\n");
  CHECK(stream_config(server.url(), "ours") == before);

  script(server,
         "    kv = await js.create_key_value(bucket='theirs', history=3, description='d', direct=True)\n"
         "    await kv.put('k', b'v')\n");
  const auto theirs = stream_config(server.url(), "theirs");
  CHECK(server.natskv({"update", "theirs", "k", "w", "1"}).out == "2\n");
  CHECK(Json::parse(server.natskv({"info", "theirs", "-j"}).out)["history"] == 3);
  CHECK(stream_config(server.url(), "theirs") == theirs);
  CHECK(server.natskv({"edit", "theirs", "--description", "e"}).status == 0);
  auto edited = theirs;
  edited["description"] = "e";
  CHECK(stream_config(server.url(), "theirs") == edited);
}
