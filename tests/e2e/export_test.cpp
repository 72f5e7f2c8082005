// export: JSON Lines out, whole or not at all.
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

struct World {
  Server server;
  Client client{server.url()};
  World() {
    client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
    client.put("b", "one", "1");
    client.put("b", "two", std::string("\0\xff", 2));
    client.put("b", "one", "again");
    client.put("b", "gone", "x");
    client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  }
};

std::vector<nlohmann::json> lines(const std::string& text) {
  std::vector<nlohmann::json> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    found.push_back(nlohmann::json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return found;
}

}  // namespace

TEST_CASE("export gives the latest value of each live key, --history every revision") {
  const World world;
  const auto latest = world.server.natskv({"export", "b"});
  CHECK(latest.status == 0);
  CHECK(latest.err == "natskv: export: bucket \"b\": 2 values written to standard output\n");
  CHECK(world.server.natskv({"export", "b", "-q"}).err.empty());
  const auto two = lines(latest.out);
  REQUIRE(two.size() == 2);
  CHECK(two[0]["key"] == "two");
  CHECK(two[0]["value_base64"] == "AP8=");
  CHECK(two[1]["value"] == "again");
  CHECK(two[1]["revision"] == 3);
  const auto all = lines(world.server.natskv({"export", "b", "--history"}).out);
  REQUIRE(all.size() == 5);
  CHECK(all[4]["operation"] == "DEL");
  CHECK_FALSE(all[4].contains("value"));
  CHECK(world.server.natskv({"export", "b", "t*o"}).status == 2);
}

TEST_CASE("export takes keys and patterns, and nothing matched is no error") {
  const World world;
  CHECK(lines(world.server.natskv({"export", "b", "one"}).out).size() == 1);
  const auto none = world.server.natskv({"export", "b", "x.>"});
  CHECK(none.status == 0);
  CHECK(none.out.empty());
  CHECK(world.server.natskv({"export", "missing"}).status == 3);
  CHECK(world.server.natskv({"export", "b", "-o", "table"}).status == 2);
  CHECK(world.server.natskv({"export", "b", "-j"}).status == 2);
}

TEST_CASE("a file appears when it is whole, mode 0600, and replaces what was there") {
  const World world;
  const TempDir folder;
  const auto path = folder / "out.jsonl";
  write_file(path, "old");
  const auto result = world.server.natskv({"export", "b", "-F", path});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err.find("2 values written") != std::string::npos);
  CHECK(read_file(path) == world.server.natskv({"export", "b"}).out);
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
}

TEST_CASE("a link is replaced, never written through; /dev/stdout is what it stands for") {
  const World world;
  const TempDir folder;
  const auto path = folder / "precious", link = folder / "link", dangling = folder / "dangling";
  write_file(path, "old");
  std::filesystem::create_symlink(path, link);
  std::filesystem::create_symlink(folder / "nowhere", dangling);
  for (const auto& name : {link, dangling}) {
    CHECK(world.server.natskv({"export", "b", "one", "-q", "-F", name}).status == 0);
    CHECK_FALSE(std::filesystem::is_symlink(name));
    CHECK(lines(read_file(name)).size() == 1);
    struct stat info {};
    REQUIRE(::stat(name.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600);
  }
  CHECK(read_file(path) == "old");
  CHECK_FALSE(std::filesystem::exists(folder / "nowhere"));
  const auto to_device = folder / "device";
  std::filesystem::create_symlink("/dev/null", to_device);
  CHECK(world.server.natskv({"export", "b", "one", "-q", "-F", to_device}).status == 0);
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(to_device)));

  Run through = world.server.command({"export", "b", "one", "-q", "-F", "/dev/stdout"});
  through.out_file = path;
  CHECK(run(through).status == 0);
  CHECK(std::filesystem::is_symlink("/dev/stdout"));
  CHECK(world.server.natskv({"export", "b", "one", "-q", "-F", "/dev/stdout"}).out ==
        world.server.natskv({"export", "b", "one"}).out);
}

TEST_CASE("a failure leaves what was there, and nothing beside it") {
  const World world;
  const TempDir folder;
  const auto path = folder / "out.jsonl";
  write_file(path, "old");
  CHECK(world.server.natskv({"export", "missing", "-F", path}).status == 3);
  CHECK(read_file(path) == "old");
  CHECK(world.server.natskv({"export", "b", "-F", folder / "no/such/folder"}).status == 1);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a disk that is full is status 1, on stdout and behind --file") {
  World world;
  Run full = world.server.command({"export", "b"});
  full.out_file = "/dev/full";
  const auto result = run(full);
  CHECK(result.status == 1);
  CHECK(result.err.find("No space left") != std::string::npos);
  const auto device = world.server.natskv({"export", "b", "-F", "/dev/full"});
  CHECK(device.status == 1);
  CHECK(device.err.find("\"/dev/full\": No space left") != std::string::npos);
  CHECK(std::filesystem::is_character_file("/dev/full"));
}

TEST_CASE("a full file system leaves no file") {
  World world;
  const TempDir folder;
  const std::string megabyte(1'000'000, 'x');
  for (const char* key : {"b1", "b2", "b3"}) world.client.put("b", key, megabyte);
  if (run({.args = {"mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path().string()}}).status != 0)
    SKIP("no tmpfs can be mounted");
  const auto result = world.server.natskv({"export", "b", "-F", folder / "out"});
  const auto left = std::distance(std::filesystem::directory_iterator(folder.path()), {});
  run({.args = {"umount", folder.path().string()}});
  CHECK(result.status == 1);
  CHECK(result.err.find("No space left") != std::string::npos);
  CHECK(left == 0);
}

TEST_CASE("a bar on stderr's terminal, gone at the end; none between lines on the same terminal") {
  World world;
  constexpr int keys = 100'000;
  fill(world.client, "b", "k", keys, "v");
  const std::string summary = "natskv: export: bucket \"b\": 100002 values written to ";
  const TempDir folder;
  Run run = world.server.command({"export", "b", "-F", folder / "out"});
  run.env["NATS_TIMEOUT"] = "30s";
  Terminal bar(run);
  CHECK(bar.wait(60).status == 0);
  CHECK(bar.screen().find("/100003 (") != std::string::npos);
  CHECK(bar.screen().find("\r\x1b[K" + summary) != std::string::npos);  // wiped, then the summary
  Terminal lines(world.server.command({"export", "b"}));
  CHECK(lines.wait(60).status == 0);
  CHECK(lines.screen().find("export b  ") == std::string::npos);
  CHECK(lines.screen().find(summary + "standard output") != std::string::npos);
}

TEST_CASE("markers of the server are exported as what they are") {
  if (!server_at_least(2, 11)) SKIP("this server writes no markers");
  Server server;
  Client client(server.url());
  REQUIRE(server.natskv({"add", "b", "--history", "3", "--ttl", "1s", "--marker-ttl", "1h"}).status == 0);
  client.put("b", "k", "v");
  for (int i = 0; i < 200 && client.last("b", "k").headers.count("Nats-Marker-Reason") == 0; ++i)
    run({.args = {"sleep", "0.05"}});
  CHECK(server.natskv({"export", "b"}).out.empty());
  const auto history = lines(server.natskv({"export", "b", "--history"}).out);
  REQUIRE_FALSE(history.empty());
  CHECK(history.back()["operation"] == "PURGE");
  CHECK(history.back()["marker_reason"] == "MaxAge");
  CHECK_FALSE(history.back().contains("value"));
}

// A typing error in a key emptied the backup, with status 0.
TEST_CASE("a KEY that does not exist is 3, and the file stays as it was") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  client.put("b", "app.db", "precious");
  const TempDir folder;
  const std::string file = folder / "backup";
  write_file(file, "good\n");
  const auto wrong = server.natskv({"export", "b", "app.bd", "app.db", "-F", file});
  CHECK(wrong.status == 3);
  CHECK(wrong.err == "natskv: export: key \"app.bd\" not found in bucket \"b\"\nnatskv: export: \"" + file +
                         "\" was left unchanged\n");
  CHECK(read_file(file) == "good\n");
  client.put("b", "gone", "1");
  client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  const auto deleted = server.natskv({"export", "b", "gone", "-q"});
  CHECK(deleted.status == 3);
  CHECK(deleted.out.empty());
  CHECK(server.natskv({"export", "b", "gone", "--history", "-q"}).status == 0);
  CHECK(server.natskv({"export", "b", "none.*", "-F", file, "-q"}).status == 0);
  CHECK(read_file(file).empty());
}
