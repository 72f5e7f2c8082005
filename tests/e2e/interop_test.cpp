// What one client wrote, every other reads: natskv, nats-py and nats.js, each in both roles on one bucket.
#include "base/text.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// A program that speaks for an official client: PROGRAM... write|read URL BUCKET [ttl]
/// (tests/support/peers). Made once; empty where it can't be installed.
Words python_peer() {
  static const TempDir folder;
  static const Words words = [] {
    const std::string venv = folder / "venv";
    if (program("python3").empty() || run({.args = {"python3", "-m", "venv", venv}, .limit = 60}).status != 0)
      return Words{};
    const Words install{venv + "/bin/pip", "install", "-q", "--disable-pip-version-check", "nats-py==2.16.0"};
    if (run({.args = install, .limit = 120}).status != 0) return Words{};
    return Words{venv + "/bin/python", source_path("tests/support/peers/peer.py")};
  }();
  return words;
}

Words javascript_peer() {
  static const TempDir folder;
  static const Words words = [] {
    if (program("node").empty() || program("npm").empty()) return Words{};
    write_file(folder / "package.json", "{}");
    const Words install{"npm",
                        "install",
                        "--no-audit",
                        "--no-fund",
                        "--silent",
                        "@nats-io/kv@3.4.0",
                        "@nats-io/transport-node@3.4.0"};
    if (run({.args = install, .cwd = folder.path().string(), .limit = 120}).status != 0) return Words{};
    // Modules are looked for beside the script.
    write_file(folder / "peer.mjs", read_file(source_path("tests/support/peers/peer.mjs")));
    return Words{"node", folder / "peer.mjs"};
  }();
  return words;
}

Json call(Words peer, const Words& more) {
  peer.insert(peer.end(), more.begin(), more.end());
  const auto result = run({.args = peer, .limit = 60});
  if (result.status != 0) throw std::runtime_error(result.out + result.err);
  return Json::parse(result.out);
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    all.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

std::string bytes_0_to_255() {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  return all;
}

constexpr const char* text_value = "héllo ✓ 𝄞\t\n";

/// What both peers write, by natskv.
void write_by_natskv(const Server& server, const std::string& bucket) {
  const auto natskv = [&](Words words, std::optional<std::string> input = {}) {
    words.insert(words.begin() + 1, bucket);
    const auto result = server.natskv(words, {.input = std::move(input)});
    REQUIRE_MESSAGE(result.status == 0, words[0], " ", words[2], ": ", result.err);
    return result.out.substr(0, result.out.find('\n'));
  };
  natskv({"put", "value.empty", ""});
  natskv({"put", "value.bytes", "-F", "-"}, bytes_0_to_255());
  natskv({"put", "value.text"}, text_value);
  natskv({"put", "value.large"}, std::string(300000, 'x'));
  natskv({"put", "a/b_c=d-e.F", "key"});
  for (int n = 1; n <= 65; ++n) natskv({"put", "many", "revision " + std::to_string(n)});
  natskv({"put", "gone", "1"});
  natskv({"del", "gone"});
  natskv({"put", "wiped", "1"});
  natskv({"put", "wiped", "2"});
  natskv({"purge", "wiped"});
  natskv({"put", "back", "1"});
  natskv({"del", "back"});
  natskv({"create", "back", "2"});
  natskv({"update", "cas", "2", natskv({"put", "cas", "1"})});
}

std::string hex(std::string_view bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

/// As the peers print it.
Json read_by_natskv(const Server& server, const std::string& bucket) {
  Json events = Json::array(), keys = Json::array();
  for (const auto& line : lines(server.natskv({"history", bucket, ">", "-o", "jsonl"}).out)) {
    const auto entry = Json::parse(line);
    std::string value;
    if (entry.contains("value")) value = entry["value"];
    if (entry.contains("value_base64"))
      value = natskv::text::from_base64(entry["value_base64"].get<std::string>()).value();
    events.push_back({entry["key"], entry["revision"], entry["operation"], hex(value)});
  }
  for (const auto& key : lines(server.natskv({"keys", bucket}).out)) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return {{"events", events}, {"keys", keys}};
}

/// (operation, value) of a key, oldest first.
std::vector<std::pair<std::string, std::string>> of_key(const Json& seen, const std::string& key) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& event : seen["events"]) {
    if (event[0] == key) found.emplace_back(event[2], event[3]);
  }
  return found;
}

void check_content(const Json& seen) {
  using Events = std::vector<std::pair<std::string, std::string>>;
  CHECK(seen["keys"] == Json({"a/b_c=d-e.F", "back", "cas", "many", "value.bytes", "value.empty",
                              "value.large", "value.text"}));
  CHECK(of_key(seen, "value.empty") == Events{{"PUT", ""}});
  CHECK(of_key(seen, "value.bytes") == Events{{"PUT", hex(bytes_0_to_255())}});
  CHECK(of_key(seen, "value.text") == Events{{"PUT", hex(text_value)}});
  CHECK(of_key(seen, "value.large") == Events{{"PUT", hex(std::string(300000, 'x'))}});
  CHECK(of_key(seen, "gone") == Events{{"PUT", "31"}, {"DEL", ""}});
  CHECK(of_key(seen, "wiped") == Events{{"PURGE", ""}});
  CHECK(of_key(seen, "back") == Events{{"PUT", "31"}, {"DEL", ""}, {"PUT", "32"}});
  CHECK(of_key(seen, "cas") == Events{{"PUT", "31"}, {"PUT", "32"}});
  const auto many = of_key(seen, "many");
  REQUIRE(many.size() == 64);
  CHECK(many.front().second == hex("revision 2"));
  CHECK(many.back().second == hex("revision 65"));
}

/// `bucket` was written by somebody: natskv and the peer see the same, which is what was written.
void check_readers(const Server& server, const std::string& bucket, const Words& peer) {
  const auto ours = read_by_natskv(server, bucket);
  const auto theirs = call(peer, {"read", server.url(), bucket});
  check_content(ours);
  CHECK(theirs == ours);
  CHECK(server.natskv({"get", bucket, "value.bytes"}).out == bytes_0_to_255());
  CHECK(server.natskv({"get", bucket, "value.text"}).out == text_value);
  CHECK(server.natskv({"get", bucket, "value.empty"}).out.empty());
  CHECK(server.natskv({"get", bucket, "gone"}).status == 3);
}

void both_ways(const Words& peer) {
  const Server server;
  for (const char* bucket : {"theirs", "ours"})
    REQUIRE(server.natskv({"add", bucket, "--history", "64"}).status == 0);
  call(peer, {"write", server.url(), "theirs"});
  write_by_natskv(server, "ours");
  check_readers(server, "theirs", peer);
  check_readers(server, "ours", peer);
}

void wait_for_the_servers_marker(const Server& server, const std::string& key) {
  for (int i = 0; i < 150; ++i) {
    const auto entries = lines(server.natskv({"history", "b", key, "-o", "jsonl"}).out);
    if (!entries.empty() && Json::parse(entries.back())["operation"] == "PURGE") {
      CHECK(Json::parse(entries.back())["marker_reason"] == "MaxAge");
      CHECK(server.natskv({"get", "b", key}).status == 3);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  FAIL("no marker of the server's within 30 s");
}

void expiring(const Words& peer) {
  const Server server;
  REQUIRE(server.natskv({"add", "b", "--marker-ttl", "1h"}).status == 0);
  REQUIRE(server.natskv({"put", "b", "stays", "v"}).status == 0);
  call(peer, {"brief", server.url(), "b"});
  REQUIRE(server.natskv({"create", "b", "ours", "short", "--ttl", "2s"}).status == 0);
  const auto brief = server.natskv({"get", "b", "theirs", "-o", "json"});
  // On a busy machine it may be gone already.
  if (brief.status == 0) CHECK(Json::parse(brief.out)["ttl_seconds"] == 2);
  for (const char* key : {"theirs", "ours"}) wait_for_the_servers_marker(server, key);
  const auto ours = read_by_natskv(server, "b");
  CHECK(ours["keys"] == Json({"stays"}));
  // Not its keys: nats.js 3.4 lists those that expired.
  CHECK(call(peer, {"read", server.url(), "b"})["events"] == ours["events"]);
}

}  // namespace

TEST_CASE("values, markers and 64 revisions of nats-py and of natskv are each other's") {
  if (python_peer().empty()) SKIP("nats-py can't be installed here");
  both_ways(python_peer());
  if (!server_at_least(2, 11)) SKIP("keys that expire: this server has no TTLs of messages");
  expiring(python_peer());
}

TEST_CASE("values, markers and 64 revisions of nats.js and of natskv are each other's") {
  if (javascript_peer().empty()) SKIP("nats.js can't be installed here");
  both_ways(javascript_peer());
  if (!server_at_least(2, 11)) SKIP("keys that expire: this server has no TTLs of messages");
  expiring(javascript_peer());
}
