// ctest: long
// --at: a bucket as it was, checked against a model of what the server stored and dropped.
#include "base/text.hpp"
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"
#include "support/traffic.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace natskv::test;
using Words = std::vector<std::string>;
using Json = nlohmann::json;

namespace {

std::vector<Json> lines(const std::string& text) {
  std::vector<Json> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(Json::parse(line));
  return all;
}

/// A bucket of history 2: a = v1 (1, no longer kept), v2, v3; b = x (4), deleted (5); c = y (6), purged (7);
/// d = z (8).
struct World {
  Server server;
  Client client{server.url()};
  World() {
    client.add_bucket("b", R"({"max_msgs_per_subject": 2})");
    for (const char* value : {"v1", "v2", "v3"}) client.put("b", "a", value);
    client.put("b", "b", "x");
    client.put("b", "b", "", {{"KV-Operation", "DEL"}});
    client.put("b", "c", "y");
    client.put("b", "c", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
    client.put("b", "d", "z");
  }
  [[nodiscard]] Result natskv(Words words) const { return server.natskv(std::move(words)); }
};

}  // namespace

TEST_CASE("get reads a key as it was; absent, deleted and uncertain ones are 3 and told apart") {
  const World world;
  const auto a = world.natskv({"get", "b", "a", "--at", "2"});
  CHECK(a.status == 0);
  CHECK(a.out == "v2");
  CHECK(a.err == "");
  CHECK(world.natskv({"get", "b", "a", "--at=3"}).out == "v3");
  CHECK(world.natskv({"get", "b", "a", "--at", "8"}).out == "v3");
  CHECK(world.natskv({"get", "b", "b", "--at", "4"}).out == "x");
  const auto entry = world.natskv({"get", "b", "a", "--at", "2", "-j"});
  CHECK(Json::parse(entry.out)["revision"] == 2);

  const auto fails = [&](const Words& words, const std::string& why) {
    Words all{"get", "b"};
    all.insert(all.end(), words.begin(), words.end());
    const auto result = world.natskv(all);
    CAPTURE(result.err);
    CHECK(result.status == 3);
    CHECK(result.out == "");
    CHECK(result.err == "natskv: get: key \"" + words[0] + "\" of bucket \"b\" " + why + "\n");
  };
  fails({"a", "--at", "1"},
        "is uncertain at revision 1: the bucket keeps 2 revisions of each key, and its oldest is 2");
  fails({"a", "--at", "1", "--default", "x"},
        "is uncertain at revision 1: the bucket keeps 2 revisions of each key, and its oldest is 2");
  fails({"b", "--at", "5"}, "had no value at revision 5: revision 5 deleted it");
  fails({"c", "--at", "6"}, "is uncertain at revision 6: revision 7 removed those before it");
  fails({"c", "--at", "7"}, "had no value at revision 7: revision 7 deleted it");
  fails({"d", "--at", "7"}, "did not exist at revision 7");
  fails({"never", "--at", "8"}, "did not exist at revision 8");
  CHECK(world.natskv({"get", "b", "b", "--at", "5", "--default", "none"}).out == "none");
  CHECK(world.natskv({"get", "b", "d", "--at", "5", "--default", "none"}).out == "none");

  // In the order asked; what fails is named.
  const auto several = world.natskv({"get", "b", "b", "d", "a", "c", "--at", "4"});
  CHECK(several.status == 3);
  CHECK(several.out.find("b\t4\t") == 0);
  CHECK(several.out.find("\na\t3\t") != std::string::npos);
  CHECK(occurrences(several.err, "\n") == 2);
  const auto pattern = world.natskv({"get", "b", "*", "--at", "4"});
  CHECK(pattern.status == 1);
  CHECK(pattern.out.find("a\t3\t") == 0);
  CHECK(pattern.err.find("bucket \"b\": 1 key is uncertain at revision 4") != std::string::npos);
  CHECK(pattern.err.find(": c\n") != std::string::npos);
  const auto partial = world.natskv({"get", "b", "*", "--at", "4", "--partial"});
  CHECK(partial.status == 0);
  CHECK(partial.out == pattern.out);
  CHECK(partial.err.find("get: warning: bucket \"b\": 1 key is uncertain") != std::string::npos);
}

TEST_CASE("export and diff print nothing where a key is uncertain, and keys tells by its status") {
  const World world;
  const TempDir folder;
  const auto file = folder / "out";
  write_file(file, "old");
  const auto none = world.natskv({"export", "b", "--at", "4"});
  CHECK(none.status == 1);
  CHECK(none.out == "");
  CHECK(
      none.err ==
      "natskv: export: bucket \"b\": 1 key is uncertain at revision 4, its revisions from then are no longer "
      "kept: c\nhint: --partial continues with what is certain\n");
  CHECK(world.natskv({"export", "b", "--at", "4", "-F", file}).status == 1);
  CHECK(read_file(file) == "old");
  CHECK(world.natskv({"export", "b", "--at", "4", "--dir", folder / "dir"}).status == 1);
  CHECK_FALSE(std::filesystem::exists(folder / "dir"));
  // No key that was asked for is.
  CHECK(lines(world.natskv({"export", "b", "a", "d", "--at", "8"}).out).size() == 2);
  CHECK(world.natskv({"export", "b", "a", "b", "--at", "4"}).status == 0);
  CHECK(world.natskv({"export", "b", "c", "--at", "4"}).status == 3);
  const auto partial = world.natskv({"export", "b", "--at", "4", "--partial"});
  CHECK(partial.status == 0);
  REQUIRE(lines(partial.out).size() == 2);
  CHECK(lines(partial.out)[0]["value"] == "v3");
  CHECK_FALSE(lines(partial.out)[0].contains("delta"));
  const auto asked = world.natskv({"export", "b", "c", "a", "--at", "4", "--partial"});
  CHECK(asked.status == 3);
  CHECK(lines(asked.out).size() == 1);
  CHECK(world.natskv({"export", "b", "c", "a", "--at", "4", "--partial", "-F", file}).status == 3);
  CHECK(read_file(file) == "old");
  // After the last purge all is known.
  const auto whole = world.natskv({"export", "b", "--at", "7"});
  CHECK(whole.status == 0);
  CHECK(lines(whole.out).size() == 1);
  CHECK(world.natskv({"export", "b", "--at", "7", "--dir", folder / "dir", "-q"}).status == 0);
  CHECK(read_file(folder / "dir/a") == "v3");
  CHECK_FALSE(std::filesystem::exists(folder / "dir/d"));

  const auto names = world.natskv({"keys", "b", "--at", "4"});
  CHECK(names.status == 1);
  CHECK(names.out == "a\nb\n");
  CHECK(names.err.find("1 key is uncertain") != std::string::npos);
  CHECK(world.natskv({"keys", "b", "--at", "4", "--partial"}).status == 0);
  CHECK(world.natskv({"keys", "b", "--at", "7", "--deleted"}).out == "a\nb\nc\n");
  CHECK(world.natskv({"keys", "b", "--at", "7", "--count"}).out == "1\n");
  CHECK(world.natskv({"ls", "b", "--at", "7", "--tree"}).out == "a\n");
  CHECK(world.natskv({"keys", "b", "--at", "7", "--display-value"}).out.find("a\t3\tPUT\t") == 0);

  const auto differ = world.natskv({"diff", "b", "b", "--at", "7"});
  CHECK(differ.status == 1);
  CHECK(differ.out == "added\td\t\t8\n");
  CHECK(world.natskv({"diff", "b", "b", "--at", "8"}).status == 0);
  const auto uncertain = world.natskv({"diff", "b", "b", "--at", "4"});
  CHECK(uncertain.status == 2);  // 1 is "they differ"
  CHECK(uncertain.out == "");
  const auto rest = world.natskv({"diff", "b", "b", "--at", "4", "--partial", "--values"});
  CHECK(rest.status == 1);
  CHECK(rest.out == "added\td\t\t8\t\tz\nremoved\tb\t4\t\tx\t\n");
  CHECK(world.natskv({"diff", "b", "b", "c", "--at", "4"}).status == 3);
}

TEST_CASE("what is no moment of the bucket is refused, each with its status") {
  const World world;
  const auto status = [&](const std::string& at) {
    return world.natskv({"get", "b", "a", "--at", at}).status;
  };
  for (const char* word : {"", "x", "0", "-", "-x", "2h", "1.5", "2026-01-01", "2026-01-01T00:00:00",
                           "2026-13-01T00:00:00Z", "18446744073709551616", "+1", "now"}) {
    CAPTURE(word);
    CHECK(status(word) == 2);
  }
  CHECK(world.natskv({"get", "b", "a", "--at", "2026-01-01T00:00:00"}).err.find("has no zone") !=
        std::string::npos);
  CHECK(status("9") == 3);
  CHECK(world.natskv({"keys", "b", "--at", "9"}).err ==
        "natskv: keys: bucket \"b\" has no revision 9: its last is 8\n");
  const auto future = world.natskv({"export", "b", "--at", "2199-01-01T00:00:00Z"});
  CHECK(future.status == 2);
  CHECK(future.err.find("2199-01-01T00:00:00.000000000Z is in the future: the server's clock says ") !=
        std::string::npos);
  for (const char* before : {"2001-01-01T00:00:00Z", "2001-01-01 00:00:00+01:00", "-1h", "-200y"}) {
    CAPTURE(before);
    CHECK(status(before) == 3);
    CHECK(world.natskv({"diff", "b", "b", "--at", before}).err.find("bucket \"b\" was created after ") !=
          std::string::npos);
  }
  CHECK(status("-0s") == 0);
  CHECK(world.natskv({"get", "b", "a", "--at=-0s"}).out == "v3");
  CHECK(world.natskv({"get", "missing", "a", "--at", "1"}).status == 3);
  for (const Words& words : {Words{"get", "b", "a", "--at", "2", "--revision", "2"},
                             {"get", "b", "a", "--at", "2", "--consistent"},
                             {"get", "b", "a", "--partial"},
                             {"export", "b", "--at", "2", "--history"},
                             {"export", "b", "--at", "2", "--partial", "--dir", "d", "--prune", "-f"},
                             {"keys", "b", "--partial"},
                             {"ls", "--at", "2"},
                             {"diff", "b", "b", "--partial"}}) {
    CAPTURE(words[0]);
    CHECK(world.natskv(words).status == 2);
  }
}

TEST_CASE("a time includes what was stored at it, and -D counts from the server's clock") {
  using namespace std::chrono;
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5, "storage": "memory"})");
  const auto created = [&](int revision) {
    return lines(server.natskv({"export", "b", "--history"}).out)
        .at(revision - 1)["created"]
        .get<std::string>();
  };
  const auto ns_of = [](const std::string& time) { return natskv::text::from_rfc3339(time)->ns; };
  client.put("b", "k", "one");
  client.put("b", "other", "");
  client.put("b", "other", "");
  std::this_thread::sleep_for(seconds(2));
  client.put("b", "k", "two");
  const auto first = created(1), third = created(3), second = created(4);
  const auto just_before = natskv::text::rfc3339(natskv::Instant{ns_of(second) - 1});
  CHECK(server.natskv({"get", "b", "k", "--at", first}).out == "one");
  CHECK(server.natskv({"get", "b", "k", "--at", just_before}).out == "one");
  CHECK(server.natskv({"get", "b", "k", "--at", second}).out == "two");
  const auto early = natskv::text::rfc3339(natskv::Instant{ns_of(first) - 1});
  CHECK(server.natskv({"get", "b", "k", "--at", early}).status == 3);
  // Where natskv starts and ends within the time of one value, that is the one.
  bool decided = false;
  for (int attempt = 0; attempt < 50 && !decided; ++attempt) {
    const auto now = [] {
      return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
    };
    const auto ago = now() - ns_of(third) - 1'000'000;
    const auto result = server.natskv({"get", "b", "k", "--at", "-" + std::to_string(ago) + "ns"});
    CHECK((result.out == "one" || result.out == "two"));
    if (now() - ago >= ns_of(second)) continue;
    decided = true;
    CHECK(result.out == "one");
  }
  CHECK(decided);
}

TEST_CASE("an export of then takes a bucket back, and one that is uncertain changes nothing") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5})");
  const std::string binary("\0\xff\n", 3);
  client.put("b", "binary", binary);
  client.put("b", "empty", "");
  client.put("b", "gone", "was here");
  client.put("b", "same", "1");
  client.put("b", "binary", "other");
  client.put("b", "empty", "full");
  client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  client.put("b", "new", "1");
  const auto exported = server.natskv({"export", "b", "--at", "4", "-q"});
  CHECK(exported.status == 0);
  const Words import{"import", "b", "--skip-unchanged", "--prune", "-f"};
  const auto back = server.natskv(import, {.input = exported.out});
  CHECK(back.status == 0);
  CHECK(server.natskv({"diff", "b", "b", "--at", "4"}).status == 0);
  CHECK(server.natskv({"get", "b", "binary"}).out == binary);
  CHECK(client.last("b", "same").revision == 4);
  client.put("b", "same", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
  const auto last = client.last_revision("b");
  const auto nothing = server.natskv({"export", "b", "--at", "4"});
  CHECK(nothing.status == 1);
  CHECK(server.natskv(import, {.input = nothing.out}).status == 2);
  CHECK(client.last_revision("b") == last);
}

TEST_CASE("keys that expired or were removed leave no name, and that is told") {
  Server server;
  Client client(server.url());
  client.add_bucket("t", R"({"max_age": 1000000000, "duplicate_window": 1000000000})");
  client.put("t", "old", "1");
  REQUIRE(eventually([&] { return client.messages("t") == 0; }));
  client.put("t", "new", "1");
  const auto expired = server.natskv({"export", "t", "--at", "1"});
  CHECK(expired.status == 1);
  CHECK(expired.out == "");
  CHECK(expired.err.find("keys that it held at revision 1 may have expired since") != std::string::npos);
  CHECK(server.natskv({"get", "t", "old", "--at", "1", "--default", "x"}).status == 3);

  client.add_bucket("c", R"({"max_msgs_per_subject": 5})");
  client.put("c", "stays", "1");
  client.put("c", "gone", "1");
  client.put("c", "gone", "", {{"KV-Operation", "DEL"}});
  CHECK(server.natskv({"export", "c", "--at", "2", "-q"}).err == "");
  CHECK(server.natskv({"compact", "c", "--older-than", "0", "-f"}).status == 0);
  const auto compacted = server.natskv({"export", "c", "--at", "2", "-q"});
  CHECK(compacted.status == 0);
  CHECK(lines(compacted.out).size() == 1);
  CHECK(compacted.err.find("warning: bucket \"c\": revisions up to 2 were removed with nothing left of their "
                           "keys") != std::string::npos);
  const auto uncertain = server.natskv({"get", "c", "gone", "--at", "2", "--default", "x"});
  CHECK(uncertain.status == 3);
  CHECK(uncertain.out == "");
  CHECK(uncertain.err.find("is uncertain at revision 2: revisions up to 2 were removed") !=
        std::string::npos);
  CHECK(server.natskv({"keys", "c", "gone", "--at", "2"}).status == 3);
  CHECK(server.natskv({"get", "c", "stays", "--at", "2"}).out == "1");
}

TEST_CASE("a value that expired between two others makes the older one uncertain") {
  if (!server_at_least(2, 11)) SKIP("nats-server before 2.11 has no time to live of keys");
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5, "allow_msg_ttl": true})");
  client.put("b", "k", "first");
  client.put("b", "k", "second", {{"Nats-TTL", "6s"}});  // natskv has to start and read it before
  client.put("b", "other", "x");
  CHECK(server.natskv({"get", "b", "k", "--at", "2"}).out == "second");
  REQUIRE(eventually([&] { return client.messages("b") == 2; }));
  CHECK(server.natskv({"get", "b", "k", "--at", "1"}).out == "first");
  const auto between = server.natskv({"get", "b", "k", "--at", "2"});
  CHECK(between.status == 3);
  CHECK(between.err.find("a later value may have expired") != std::string::npos);
  CHECK(server.natskv({"get", "b", "other", "--at", "3"}).out == "x");
  CHECK(server.natskv({"keys", "b", "--at", "3"}).out == "other\n");
}

TEST_CASE("a mirror answers for what it surely has, from before itself too") {
  Server server;
  Client client(server.url());
  client.add_bucket("origin", R"({"max_msgs_per_subject": 2})");
  client.put("origin", "a", "1");
  client.put("origin", "b", "1");
  const auto time = lines(server.natskv({"export", "origin"}).out).at(1)["created"].get<std::string>();
  client.put("origin", "a", "2");
  client.add_bucket("m", R"({"mirror": {"name": "KV_origin"}, "subjects": [], "max_msgs_per_subject": 2,
                             "discard": "old", "mirror_direct": true})");
  REQUIRE(eventually([&] { return client.messages("m") == 3; }));
  CHECK(server.natskv({"get", "m", "a", "--at", "2"}).out == "1");
  CHECK(server.natskv({"get", "m", "a", "--at", time}).out == "1");
  CHECK(server.natskv({"keys", "m", "--at", "2"}).out == "a\nb\n");
  client.put("origin", "a", "3");
  REQUIRE(eventually([&] { return client.last_revision("m") == 4; }));
  REQUIRE(eventually([&] { return client.messages("m") == 3; }));
  const auto uncertain = server.natskv({"get", "m", "a", "--at", "1"});
  CHECK(uncertain.status == 3);
  CHECK(server.natskv({"get", "m", "b", "--at", "2"}).out == "1");
  CHECK(server.natskv({"get", "m", "a", "--at", "5"}).status == 3);
}

TEST_CASE("a bucket that is recreated while its past is read is never mixed with the new one") {
  Server server;
  Client client(server.url());
  const auto make = [&](const std::string& value) {
    client.add_bucket("b", R"({"max_msgs_per_subject": 3, "storage": "memory"})");
    for (const char* key : {"a", "b", "a", "c"}) client.put("b", key, value);
  };
  make("old");
  std::int64_t all = 0;
  {
    Proxy proxy(server.port());
    CHECK(natskv::test::natskv({"export", "b", "--at", "3", "-q", "-s", proxy.url()}).status == 0);
    all = proxy.sent();
  }
  int failed = 0;
  for (std::int64_t at = 1; at < all; at += all / 12) {
    CAPTURE(at);
    Proxy proxy(server.port());
    proxy.pause_after(at);
    Process reader(natskv_command({"export", "b", "--at", "3", "-q", "--timeout", "20s", "-s", proxy.url()}));
    REQUIRE(eventually([&] { return proxy.paused() || !reader.running(); }));
    client.delete_bucket("b");
    make("new");
    proxy.pause(false);
    const auto result = reader.wait(60);
    CAPTURE(result.err);
    const bool old = result.out.find("old") != std::string::npos;
    const bool fresh = result.out.find("new") != std::string::npos;
    CHECK_FALSE((old && fresh));
    if (result.status == 0) {
      CHECK(lines(result.out).size() == 2);
    } else {
      CHECK(result.status == 1);
      CHECK(result.err.find("bucket \"b\" was recreated while it was being read\n") != std::string::npos);
      ++failed;
    }
    client.delete_bucket("b");
    make("old");
  }
  CHECK(failed > 0);
}

namespace {

/// What a server stores: every write, and which revisions it keeps.
class Model {
 public:
  struct Write {
    std::string key, value;
    char operation;  // P, D, R (a purge marker, which rolls up)
  };
  explicit Model(std::size_t history) : history_(history) {}

  void add(Write write) {
    auto& kept = kept_[write.key];
    if (write.operation == 'R') kept.clear();
    writes_.push_back(std::move(write));
    kept.push_back(writes_.size());
    if (kept.size() > history_) kept.pop_front();
  }
  [[nodiscard]] const Write& at(std::size_t revision) const { return writes_[revision - 1]; }
  [[nodiscard]] std::size_t size() const { return writes_.size(); }
  [[nodiscard]] std::set<std::size_t> kept() const {
    std::set<std::size_t> all;
    for (const auto& [key, kept] : kept_) all.insert(kept.begin(), kept.end());
    return all;
  }

  /// Key by key what is true after a revision, and the keys that may not be told.
  struct State {
    std::map<std::string, std::size_t> present;
    std::set<std::string> uncertain;
  };
  [[nodiscard]] State state(std::size_t upto) const {
    std::map<std::string, std::size_t> truth;
    for (std::size_t revision = 1; revision <= upto; ++revision) truth[at(revision).key] = revision;
    const auto all = kept();
    const bool complete = std::distance(all.begin(), all.upper_bound(upto)) == static_cast<long>(upto);
    State state;
    for (const auto& [key, kept] : kept_) {
      const bool known = kept.front() <= upto;
      const bool may_have_lost = kept.size() == history_ || at(kept.front()).operation == 'R';
      if (!known && !complete && may_have_lost) {
        state.uncertain.insert(key);
        continue;
      }
      const auto found = truth.find(key);
      // Nothing is certain that is not true.
      CHECK((known || found == truth.end()));
      if (found != truth.end() && at(found->second).operation == 'P') state.present[key] = found->second;
    }
    return state;
  }

 private:
  std::size_t history_;
  std::vector<Write> writes_;
  std::map<std::string, std::deque<std::size_t>> kept_;
};

Model fill(Client& client, const std::string& bucket, std::size_t history, unsigned writes, unsigned seed) {
  std::mt19937 random(seed);
  Model model(history);
  for (unsigned i = 0; i < writes; ++i) {
    // Keys come into use one after the other, and some are written often.
    const unsigned known = 3 + i / 60;
    Model::Write write{"k." + std::to_string(std::min(random() % known, random() % known)), "", 'P'};
    const auto what = random() % 20;
    if (what < 3) write.operation = 'D';
    if (what == 3) write.operation = 'R';
    if (write.operation == 'P') write.value = std::to_string(i) + std::string(random() % 40, 'v');
    Headers headers;
    if (write.operation == 'D') headers = {{"KV-Operation", "DEL"}};
    if (write.operation == 'R') headers = {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}};
    client.put(bucket, write.key, write.value, headers);
    model.add(std::move(write));
  }
  return model;
}

void check_prefix(const Server& server, const std::string& bucket, const Model& model, std::size_t upto,
                  const std::string& at) {
  CAPTURE(bucket);
  CAPTURE(upto);
  const auto state = model.state(upto);
  const auto exported = server.natskv({"export", bucket, "--at", at, "--partial", "-q"});
  CAPTURE(exported.err);
  CHECK(exported.status == 0);
  std::map<std::string, std::size_t> have;
  std::size_t last = 0;
  for (const auto& line : lines(exported.out)) {
    const auto revision = line["revision"].get<std::size_t>();
    CHECK(revision > last);
    last = revision;
    have[line["key"]] = revision;
    CHECK(line["value"] == model.at(revision).value);
  }
  CHECK((have == state.present));
  const auto count = state.uncertain.size();
  CHECK((exported.err == "") == (count == 0));
  if (count > 0)
    CHECK(exported.err.find(": " + std::to_string(count) + (count == 1 ? " key is" : " keys are") +
                            " uncertain at ") != std::string::npos);
  const auto whole = server.natskv({"export", bucket, "--at", at, "-q"});
  CHECK(whole.status == (count == 0 ? 0 : 1));
  CHECK(whole.out == (count == 0 ? exported.out : ""));
  // One key alone is judged as in the whole.
  const std::string key = "k." + std::to_string(upto % 40);
  const auto one = server.natskv({"get", bucket, key, "--at", at, "-j"});
  if (const auto found = state.present.find(key); found != state.present.end())
    CHECK(Json::parse(one.out)["revision"] == found->second);
  else
    CHECK(one.status == 3);
  CHECK((one.err.find(" is uncertain at ") != std::string::npos) == state.uncertain.contains(key));
}

}  // namespace

// NATSKV_EVERY_PREFIX=1: all of them, some minutes.
TEST_CASE("after every revision of a random history natskv says what a model says") {
  const bool every = std::getenv("NATSKV_EVERY_PREFIX") != nullptr;
  constexpr unsigned writes = 3000;
  Server server;
  Client client(server.url());
  unsigned seed = 21;
  for (const std::size_t history : {1U, 5U, 64U}) {
    const std::string bucket = "h" + std::to_string(history);
    client.add_bucket(bucket, R"({"max_msgs_per_subject": )" + std::to_string(history) + "}");
    const auto model = fill(client, bucket, history, writes, ++seed);
    const auto kept = model.kept();
    std::map<std::size_t, std::string> times;
    for (const auto& line : lines(server.natskv({"export", bucket, "--history", "-q"}).out))
      times[line["revision"]] = line["created"];
    REQUIRE(times.size() == kept.size());
    const std::size_t step = every ? 1 : writes / 20 - 1;
    for (std::size_t upto = 1; upto <= writes; upto += step) {
      check_prefix(server, bucket, model, upto, std::to_string(upto));
      // A time ends before the next revision that is kept.
      const auto next = kept.upper_bound(upto);
      if (kept.contains(upto) && next != kept.end() && times[upto] != times[*next])
        check_prefix(server, bucket, model, *next - 1, times[upto]);
    }
    check_prefix(server, bucket, model, writes, std::to_string(writes));
  }
}
