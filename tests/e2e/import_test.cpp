// ctest: races
// import: JSON Lines in.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/kept.hpp"
#include "support/memory.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <list>
#include <random>
#include <string>
#include <tuple>
#include <vector>

using namespace natskv::test;

namespace {

struct World {
  Server server;
  Client client{server.url()};
  World() { client.add_bucket("b", R"({"max_msgs_per_subject": 5})"); }

  [[nodiscard]] Result import(const std::string& lines, std::vector<std::string> more = {}) const {
    std::vector<std::string> args{"import", "b"};
    args.insert(args.end(), more.begin(), more.end());
    return server.natskv(std::move(args), {.input = lines});
  }
  std::string value(const std::string& key) { return client.last("b", key).data; }
};

std::string line(const std::string& key, const std::string& value) {
  return nlohmann::json({{"key", key}, {"value", value}}).dump() + "\n";
}

/// What makes two exports equal: bucket names, revisions and times differ.
std::vector<std::tuple<std::string, std::string, std::string, std::string>> content(
    const std::string& jsonl) {
  std::vector<std::tuple<std::string, std::string, std::string, std::string>> found;
  for (std::size_t at = 0; at < jsonl.size();) {
    const auto end = jsonl.find('\n', at);
    const auto entry = nlohmann::json::parse(jsonl.substr(at, end - at));
    found.emplace_back(entry.at("key"), entry.at("operation"), entry.value("value", "(none)"),
                       entry.value("value_base64", "(none)"));
    at = end + 1;
  }
  return found;
}

/// Random keys, values of any bytes, markers and history.
void fill(Client& client, const std::string& bucket, unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](unsigned limit) { return random() % limit; };
  for (int i = 0; i < 400; ++i) {
    const std::string key = "k." + std::to_string(below(80)) + (below(2) == 0 ? "/x=_-" : "");
    if (below(8) == 0) {
      client.put(bucket, key, "", {{"KV-Operation", "DEL"}});
    } else if (below(12) == 0) {
      client.put(bucket, key, "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
    } else {
      std::string value(below(200), '\0');
      for (char& c : value) c = static_cast<char>(below(2) == 0 ? below(256) : 'a' + below(26));
      client.put(bucket, key, value);
    }
  }
}

/// Random buckets of `source`, exported and imported into `target`, are exported again as they were.
void same_content_after(const Server& source, const Server& target) {
  static int number = 0;
  Client from(source.url());
  Client to(target.url());
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const std::string bucket = "from" + std::to_string(++number);
    const std::string copy = "to" + std::to_string(number);
    from.add_bucket(bucket, R"({"max_msgs_per_subject": 4})");
    to.add_bucket(copy, R"({"max_msgs_per_subject": 4})");
    to.add_bucket(copy + "h", R"({"max_msgs_per_subject": 4})");
    fill(from, bucket, seed);
    const auto latest = source.natskv({"export", bucket});
    CHECK(content(latest.out).size() > 20);
    CHECK(target.natskv({"import", copy}, {.input = latest.out}).status == 0);
    CHECK(content(target.natskv({"export", copy}).out) == content(latest.out));
    const auto history = source.natskv({"export", bucket, "--history"});
    CHECK(content(history.out).size() > content(latest.out).size());
    CHECK(target.natskv({"import", copy + "h", "--check"}, {.input = history.out}).status == 0);
    CHECK(content(target.natskv({"export", copy + "h", "--history"}).out) == content(history.out));
  }
}

}  // namespace

TEST_CASE("import writes values, markers and any bytes, and says what it did") {
  World world;
  const auto result = world.import(line("a", "1") + "{\"key\":\"b\",\"value_base64\":\"AP8=\"}\n" +
                                   "{\"key\":\"c\",\"operation\":\"DEL\"}\n\n" + line("a", "2"));
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err ==
        "natskv: import: bucket \"b\": put 3, deleted 1; 1 line replaced an earlier line for the same "
        "key\n");
  CHECK(world.value("a") == "2");
  CHECK(world.value("b") == std::string("\0\xff", 2));
  CHECK(world.client.last("b", "c").headers.at("KV-Operation") == "DEL");
  CHECK(world.import(line("a", "3"), {"-q"}).err.empty());
}

TEST_CASE("export, import, export: equal in key, operation, value and order") {
  const World world;
  same_content_after(world.server, world.server);
}

TEST_CASE("export from one server version and import into another: equal, both ways") {
  const auto program = other_server_program();
  if (program.empty()) SKIP("no server of another version; tests/setup/new-server fetches one");
  const World world;
  const auto other = other_server(program);
  same_content_after(world.server, *other);
  same_content_after(*other, world.server);
}

TEST_CASE("values with a time to live come back with it") {
  if (!server_at_least(2, 11)) SKIP("this server has no per-key TTL");
  World world;
  for (const char* bucket : {"t1", "t2"})
    world.client.add_bucket(bucket, R"({"max_msgs_per_subject": 4, "allow_msg_ttl": true})");
  world.client.put("t1", "long", "v", {{"Nats-TTL", "2h"}});
  world.client.put("t1", "never", std::string("\0", 1), {{"Nats-TTL", "never"}});
  world.client.put("t1", "plain", "v");
  world.client.put("t1", "plain", "",
                   {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}, {"Nats-TTL", "1h"}});
  const auto first = world.server.natskv({"export", "t1", "--history"}).out;
  CHECK(world.server.natskv({"import", "t2"}, {.input = first}).status == 0);
  const auto second = world.server.natskv({"export", "t2", "--history"}).out;
  CHECK(content(first) == content(second));
  const auto ttl = [](const std::string& jsonl, int line) {
    std::size_t at = 0;
    for (int i = 0; i < line; ++i) at = jsonl.find('\n', at) + 1;
    return nlohmann::json::parse(jsonl.substr(at, jsonl.find('\n', at) - at)).value("ttl_seconds", 0);
  };
  for (const int line : {0, 2}) {
    CHECK(ttl(first, line) >= 3600);
    CHECK(ttl(second, line) <= ttl(first, line));
    CHECK(ttl(second, line) > ttl(first, line) - 60);
  }
  CHECK(ttl(second, 1) == 0);
}

TEST_CASE("--create writes new and deleted keys only; a key's later lines go over its first") {
  World world;
  world.client.put("b", "old", "here");
  world.client.put("b", "dead", "x");
  world.client.put("b", "dead", "", {{"KV-Operation", "DEL"}});
  const auto result = world.import(
      line("old", "1") + line("dead", "2") + line("new", "3") + line("new", "4") + line("old", "5"),
      {"--create"});
  CHECK(result.status == 4);
  CHECK(has(result.err, "line 1: key \"old\" of bucket \"b\" exists, at revision 1"));
  CHECK(has(result.err, "line 5: key \"old\""));
  CHECK(has(result.err, "put 3, conflicts 2"));
  CHECK(world.value("old") == "here");
  CHECK(world.value("dead") == "2");
  CHECK(world.value("new") == "4");
}

TEST_CASE("--update writes only over the line's revision") {
  World world;
  const auto revision = world.client.put("b", "k", "old");
  world.client.put("b", "l", "old");
  world.client.put("b", "l", "newer");
  const auto lines = "{\"key\":\"k\",\"value\":\"1\",\"revision\":" + std::to_string(revision) +
                     "}\n{\"key\":\"l\",\"value\":\"1\",\"revision\":2}\n";
  const auto dry = world.import(lines, {"--update", "--dry-run"});
  CHECK(dry.status == 4);
  CHECK(has(dry.err, "would put 1; conflicts 1"));
  CHECK(world.value("k") == "old");
  const auto result = world.import(lines, {"--update"});
  CHECK(result.status == 4);
  CHECK(has(result.err, "line 2: key \"l\" of bucket \"b\" is at revision 3, not 2; nothing was written"));
  CHECK(world.value("k") == "1");
  CHECK(world.value("l") == "newer");
  CHECK(world.import(line("k", "x"), {"--update"}).status == 2);
}

TEST_CASE("--skip-unchanged writes what differs, and a key's last line wins all the same") {
  World world;
  world.client.put("b", "same", "1");
  world.client.put("b", "other", "1");
  world.client.put("b", "back", "A");
  const auto before = world.client.messages("b");
  const auto result = world.import(
      line("same", "1") + line("other", "2") + line("back", "B") + line("back", "A"), {"--skip-unchanged"});
  CHECK(has(result.err, "put 3, unchanged 1"));
  CHECK(world.client.messages("b") == before + 3);
  CHECK(world.value("back") == "A");
  CHECK(has(world.import(line("same", "1") + line("other", "2"), {"--skip-unchanged"}).err, "unchanged 2"));
}

TEST_CASE("a bad line of a file stops before anything is written, of a pipe when it comes") {
  World world;
  const TempDir folder;
  const std::string bad = line("a", "1") + "{\"key\":\"b\"}\n" + line("c", "3");
  write_file(folder / "bad", bad);
  for (const auto& args : {std::vector<std::string>{"import", "b", "-F", folder / "bad"},
                           std::vector<std::string>{"import", "b", "--check"}}) {
    const auto result = world.server.natskv(args, {.input = bad});
    CHECK(result.status == 2);
    CHECK(has(result.err, "line 2: neither \"value\" nor \"value_base64\" is given\n"));
    CHECK(world.client.messages("b") == 0);
  }
  const auto piped = world.import(bad);
  CHECK(piped.status == 2);
  CHECK(has(piped.err, "the first line that was not acknowledged is 2"));
  CHECK(world.client.messages("b") == 1);
  const auto on = world.import(bad, {"--keep-going"});
  CHECK(on.status == 2);
  CHECK(has(on.err, "put 2, failed 1"));
  CHECK(world.value("c") == "3");
}

TEST_CASE("input of every wrong kind names its line") {
  World world;
  const auto refused = [&](const std::string& lines, std::string_view why) {
    const auto result = world.import(lines);
    CHECK(result.status == 2);
    CHECK_MESSAGE(has(result.err, why), result.err);
  };
  refused(line("a", "1") + "{\"key\":\"b\",\"value\":\"trunc", "line 2: invalid JSON");
  CHECK(has(world.import("{\n").err, "failed 1; "));
  refused("{\"key\":\"a b\",\"value\":\"1\"}\n", "line 1: \"key\": ");
  refused("{\"key\":\"a\",\"value\":\"1\",\"value_base64\":\"AA==\"}\n", "line 1: both");
  refused("{\"key\":\"a\",\"value_base64\":\"A\"}\n", "line 1: \"value_base64\" is not base64");
  refused("{\"key\":\"a\",\"value\":\"\\ud800\"}\n", "line 1: invalid JSON");
  refused("[]\n", "is a JSON array");
  const auto endless = world.import(line("a", "1") + std::string(100'000'000, 'x'));
  CHECK(endless.status == 2);
  CHECK(has(endless.err, "line 2 is longer than"));
  CHECK(has(endless.err, "put 1, failed 1; "));
  CHECK(has(endless.err, "the first line that was not acknowledged is 2\n"));
  CHECK(world.server.natskv({"import", "b", "-F", "/no/such/file"}).status == 2);
  CHECK(world.server.natskv({"import", "b", "-F", "/tmp"}).status == 2);
  const auto unreadable = world.server.natskv({"import", "b", "-F", "/proc/self/mem"});
  CHECK(unreadable.status == 1);
  CHECK(has(unreadable.err, "cannot read \"/proc/self/mem\": Input/output error"));
  CHECK(world.server.natskv({"import", "missing"}, {.input = line("a", "1")}).status == 3);
  CHECK(natskv::test::natskv({"import", "b", "-s", "127.0.0.1:1"}, {.input = ""}).status == 5);
  const auto warned =
      world.import("{\"key\":\"a\",\"value\":\"1\",\"x\":1}\n{\"key\":\"a\",\"value\":\"1\",\"y\":1}\n");
  CHECK(warned.status == 0);
  CHECK(has(warned.err, "warning: line 1: member \"x\" is not part of an entry"));
  CHECK_FALSE(has(warned.err, "\"y\""));
  CHECK(has(world.import("{\"key\":\"a\",\"value\":\"1\",\"password=secret\":1}\n").err,
            "member \"password=…\" is not part of an entry; such"));
  CHECK(has(world.import("{\"key\":\"a\",\"value\":\"1\",\"" + std::string(1000, 'm') + "\":1}\n").err,
            "member \"mmmmmmmmmmmmmmmmmmmm…\" is not part of an entry; such"));
  CHECK(world.import("").status == 0);
}

TEST_CASE("a value over the limit fails its line; the rest goes on with --keep-going") {
  World world;
  world.client.add_bucket("small", R"({"max_msg_size": 100})");
  const std::string lines = line("a", "1") + line("big", std::string(200, 'x')) + line("c", "3");
  const auto result = world.server.natskv({"import", "small", "--keep-going"}, {.input = lines});
  CHECK(result.status == 1);
  CHECK(has(result.err, "line 2: key \"big\" of bucket \"small\""));
  CHECK(has(result.err, "put 2, failed 1"));
  const auto huge = world.import(line("huge", std::string(2'000'000, 'x')));
  CHECK(huge.status == 1);
  CHECK(has(huge.err,
            "line 1: key \"huge\" of bucket \"b\": the value of 2000000 B is over the server's limit"));
}

TEST_CASE("a file with a value over the limit is refused whole, and so is what would be done with it") {
  World world;
  world.client.add_bucket("small", R"({"max_msg_size": 100})");
  const TempDir folder;
  const auto import = [&](const std::string& bucket, std::size_t size, std::vector<std::string> rest) {
    write_file(folder / "in", line("a", "1") + line("big", std::string(size, 'x')));
    rest.insert(rest.begin(), {"import", bucket, "-F", folder / "in"});
    return world.server.natskv(rest);
  };
  for (const std::vector<std::string>& rest : {std::vector<std::string>{}, {"--check"}, {"--dry-run"}}) {
    const auto small = import("small", 101, rest);
    CHECK(small.status == 1);
    CHECK(small.err ==
          "natskv: import: line 2: key \"big\" of bucket \"small\": the value of 101 B is over the bucket's "
          "limit of 100 B\nhint: natskv edit --max-value-size raises it; nothing was written\n");
    const auto huge = import("b", 1'500'000, rest);
    CHECK(huge.status == 1);
    CHECK(huge.err ==
          "natskv: import: line 2: key \"big\" of bucket \"b\": the value of 1500000 B is over the server's "
          "limit of 1048576 B\nhint: nothing was written\n");
  }
  CHECK(world.client.messages("small") == 0);
  CHECK(world.client.messages("b") == 0);
  const auto going = import("small", 101, {"--dry-run", "--keep-going"});
  CHECK(going.status == 1);
  CHECK(has(going.err, "would put 1; failed 1"));
  CHECK(import("small", 100, {}).status == 0);
}

TEST_CASE("--prune deletes what no line names, asked or forced only") {
  World world;
  for (const char* key : {"keep", "x.1", "x.2", "y.1"}) world.client.put("b", key, "v");
  const auto lines = line("keep", "v");
  const auto refused = world.import(lines, {"--prune"});
  CHECK(refused.status == 2);
  CHECK(
      refused.err ==
      "natskv: import: pruning bucket \"b\" needs confirmation, and this is not a terminal\nhint: --force does it "
      "without asking\n");
  CHECK(world.client.messages("b") == 4);
  CHECK(world.import(lines, {"--prune-pattern", "x*"}).err ==
        "natskv: import: \"x*\": * stands for a whole token; did you mean \"x.*\"?\n");
  const auto dry = world.import(lines, {"--prune-pattern", "x.*", "--dry-run"});
  CHECK(dry.status == 0);
  CHECK(dry.out ==
        "keep\tput\treplaces revision 1\n"
        "x.1\tdelete\tnot in standard input\n"
        "x.2\tdelete\tnot in standard input\n");
  CHECK(has(dry.err, "would put 1, delete 2"));
  CHECK(world.server.natskv({"keys", "b", "--count"}).out == "4\n");
  CHECK(world.import(lines, {"--prune-pattern", "x.*", "-f"}).status == 0);
  CHECK(world.server.natskv({"keys", "b"}).out == "y.1\nkeep\n");
  CHECK(world.import(lines, {"--prune", "-f"}).status == 0);
  CHECK(world.server.natskv({"keys", "b"}).out == "keep\n");
}

TEST_CASE("nothing is pruned for an empty input, a dead generator, or a line that was not written") {
  World world;
  world.client.put("b", "other", "v");
  CHECK(world.import("", {"--prune", "-f"}).status == 2);
  CHECK(world.import(line("a", "1") + "{\"key\":\"b\",\"va", {"--prune", "-f"}).status == 2);
  const auto partly = world.import(line("a", "1") + "{}\n", {"--prune", "-f", "--keep-going"});
  CHECK(partly.status == 2);
  CHECK(has(partly.err, "nothing was pruned"));
  CHECK(has(world.import(line("other", "1"), {"--create", "--prune", "-f"}).err, "nothing was pruned"));
  const auto dead = run({.args = {"sh", "-c", "false | \"$0\" import b --prune -f -s " + world.server.url(),
                                  natskv_command({}).args.at(0)}});
  CHECK(dead.status == 2);
  CHECK(world.value("other") == "v");
  CHECK(world.import("", {"--prune", "-f", "--allow-empty"}).status == 0);
  CHECK(world.server.natskv({"keys", "b", "--count"}).out == "0\n");
}

TEST_CASE("on a terminal --prune says how many would go and asks") {
  World world;
  const TempDir folder;
  write_file(folder / "in", line("keep", "v"));
  for (const char* key : {"a", "b", "keep"}) world.client.put("b", key, "v");
  Terminal no(world.server.command({"import", "b", "--prune", "-F", folder / "in"}));
  CHECK(no.read_until("delete 2 keys"));
  no.send("n\n");
  CHECK(no.wait().status == 1);
  CHECK(world.client.messages("b") == 3);
  Terminal yes(world.server.command({"import", "b", "--prune", "-F", folder / "in"}));
  CHECK(yes.read_until("delete 2 keys"));
  yes.send("y\n");
  CHECK(yes.wait().status == 0);
  CHECK(world.server.natskv({"keys", "b"}).out == "keep\n");
}

TEST_CASE("a time to live goes along as far as it is left, or fails before anything is written") {
  World world;
  const TempDir folder;
  write_file(folder / "in", line("plain", "1") + "{\"key\":\"k\",\"value\":\"v\",\"ttl_seconds\":3600}\n");
  const auto refused = world.server.natskv({"import", "b", "-F", folder / "in"});
  CHECK(refused.status == 1);
  CHECK(has(refused.err, "line 2: key \"k\" has a time to live"));
  CHECK(has(refused.err, "\nhint: --ignore-ttl writes the value without it; nothing was written\n"));
  CHECK(world.client.messages("b") == 0);
  CHECK(world.server.natskv({"import", "b", "--ignore-ttl", "-F", folder / "in"}).status == 0);
  CHECK(world.value("k") == "v");
  if (!server_at_least(2, 11)) SKIP("this server has no per-key TTL");
  world.client.add_bucket("ttl", R"({"allow_msg_ttl": true})");
  const auto taken = world.server.natskv({"import", "ttl"},
                                         {.input = "{\"key\":\"k\",\"value\":\"v\",\"ttl_seconds\":3600}\n"
                                                   "{\"key\":\"past\",\"value\":\"v\",\"ttl_seconds\":5,"
                                                   "\"created\":\"2020-01-01T00:00:00Z\"}\n"});
  CHECK(taken.status == 0);
  CHECK(has(taken.err, "put 1, "));
  CHECK(has(taken.err, "expired 1"));
  CHECK(world.client.last("ttl", "k").headers.at("Nats-TTL") == "3600s");
  CHECK(world.client.last("ttl", "past").revision == 0);
  world.client.add_bucket("ttl2", R"({"allow_msg_ttl": true})");
  CHECK(
      world.server.natskv({"import", "ttl2"}, {.input = world.server.natskv({"export", "ttl"}).out}).status ==
      0);
  CHECK(has(world.client.last("ttl2", "k").headers.at("Nats-TTL"), "s"));
}

TEST_CASE("import --prune deletes what was there at the question, and no key that was written since") {
  World world;
  const TempDir folder;
  write_file(folder / "in", line("keep", "v"));
  for (const char* key : {"a", "b", "keep"}) world.client.put("b", key, "v");
  Terminal terminal(world.server.command({"import", "b", "--prune", "-F", folder / "in"}));
  REQUIRE(terminal.read_until("delete 2 keys"));
  world.client.put("b", "a", "again");
  world.client.put("b", "young", "y");
  terminal.send("y\n");
  CHECK(terminal.wait().status == 4);
  CHECK(has(terminal.screen(),
            "prune: key \"a\" of bucket \"b\" was written meanwhile, at revision 4; it stays"));
  CHECK(has(terminal.screen(), "put 1, deleted 1, conflicts 2"));
  CHECK(world.server.natskv({"keys", "b"}).out == "a\nyoung\nkeep\n");
}

TEST_CASE("a bar on a terminal, gone at the end; a summary that stays; only that elsewhere") {
  const World world;
  const TempDir folder;
  std::string lines;
  for (int i = 0; i < 30'000; ++i) lines += line("k" + std::to_string(i), "v");
  write_file(folder / "in", lines);
  const std::vector<std::string> words{"import", "b", "-F", folder / "in"};
  const std::string summary = "natskv: import: bucket \"b\": put 30000";
  Terminal bar(world.server.command(words));
  CHECK(bar.wait(60).status == 0);
  const auto& screen = bar.screen();
  CHECK(has(screen, "\r\x1b[Kimport b  "));
  CHECK(has(screen, "/30000 ("));
  CHECK(has(screen, "/s"));
  CHECK(screen.rfind("\r\x1b[K" + summary) > screen.rfind("import b  "));
  CHECK_FALSE(has(screen.substr(0, screen.rfind(summary)), "\n"));  // one line
  const auto piped = world.server.natskv(words, {.limit = 60});
  CHECK(piped.err.find(summary) == 0);
  CHECK(std::count(piped.err.begin(), piped.err.end(), '\n') == 1);
  Run dumb = world.server.command(words);
  dumb.env["TERM"] = "dumb";
  Terminal plain(dumb);
  CHECK(plain.wait(60).status == 0);
  CHECK(plain.screen().find(summary) == 0);
}

TEST_CASE("Ctrl-C while the server says nothing: what is in flight is unknown, and it ends") {
  World world;
  Proxy proxy(world.server.port());
  Process import(natskv_command({"import", "b", "--trace", "-s", proxy.url()}, {.open_stdin = true}));
  import.send(line("a", "1"));
  REQUIRE(import.read_err_until("$KV.b.a "));  // with its answer
  world.server.pause();
  for (const char* key : {"b", "c"}) {
    const auto before = proxy.sent();
    import.send(line(key, "2"));
    REQUIRE(eventually([&] { return proxy.sent() > before; }));
  }
  import.signal(SIGINT);
  const auto result = import.wait(20);
  world.server.resume();
  CHECK(result.status == 130);
  CHECK_MESSAGE(has(result.err, "put 1, unknown 2"), result.err);
  CHECK(has(result.err, "the first line that was not acknowledged is 2\n"));
}

TEST_CASE("files that are not JSON Lines are called what they are") {
  World world;
  const TempDir folder;
  const auto import = [&](const std::string& bytes) {
    write_file(folder / "in", bytes);
    return world.server.natskv({"import", "b", "-F", folder / "in"});
  };
  const std::string utf16("\xFF\xFE{\0\"\0k\0", 8);
  const auto wide = import(utf16);
  CHECK(wide.status == 2);
  CHECK(has(wide.err, "is UTF-16, not JSON Lines\nhint: iconv"));
  const auto array = import(R"([{"key":"a","value":"1"}])");
  CHECK(array.status == 2);
  CHECK(has(array.err, "is a JSON array, not JSON Lines\nhint: jq -c '.[]'"));
  CHECK(world.client.messages("b") == 0);
  const auto marked = import("\xEF\xBB\xBF" + line("a", "1"));
  CHECK(marked.status == 0);
  CHECK(world.value("a") == "1");
}

TEST_CASE("if_revision is each line's own condition; a CHECK belongs to --atomic") {
  World world;
  world.client.put("b", "k", "old");
  world.client.put("b", "gone", "1");
  world.client.put("b", "gone", "", {{"KV-Operation", "DEL"}});
  const std::string lines =
      "{\"key\":\"k\",\"value\":\"1\",\"if_revision\":1}\n{\"key\":\"new\",\"value\":\"1\",\"if_revision\":0}\n"
      "{\"key\":\"gone\",\"value\":\"1\",\"if_revision\":0}\n{\"key\":\"k\",\"value\":\"2\",\"if_revision\":0}\n";
  const auto result = world.import(lines);
  CHECK(result.status == 4);
  CHECK(has(result.err, "line 4: key \"k\" of bucket \"b\" exists"));
  CHECK(has(result.err, "put 3, conflicts 1"));
  CHECK(world.value("k") == "1");
  CHECK(world.value("gone") == "1");
  CHECK(world.import("{\"key\":\"k\",\"value\":\"1\",\"if_revision\":1}\n", {"--create"}).status == 2);
  CHECK(world.import("{\"key\":\"k\",\"value\":\"1\",\"if_revision\":1}\n", {"--update"}).status == 2);
  const auto same = world.import("{\"key\":\"k\",\"value\":\"1\",\"if_revision\":1}\n", {"--skip-unchanged"});
  CHECK(same.status == 4);
  const auto check = world.import("{\"key\":\"k\",\"operation\":\"CHECK\",\"if_revision\":1}\n");
  CHECK(check.status == 2);
  CHECK(has(check.err, "line 1: a CHECK needs --atomic"));
}

TEST_CASE("import --dry-run lists each key once, by its last line") {
  World world;
  for (const char* key : {"same", "other"}) world.client.put("b", key, "1");
  const std::string lines = line("same", "1") + line("other", "2") + line("new", "1") + line("new", "2") +
                            "{\"key\":\"other2\",\"operation\":\"DEL\"}\n";
  const auto dry = world.import(lines, {"--dry-run", "--skip-unchanged"});
  CHECK(dry.status == 0);
  CHECK(dry.out ==
        "same\tunchanged\thas this value at revision 1\nother\tput\treplaces revision 2\nnew\tput\tnew\n"
        "other2\tdelete\tDEL\n");
  CHECK(
      dry.err ==
      "natskv: import: bucket \"b\": would put 2, delete 1; unchanged 1; 1 line replaced an earlier line for the "
      "same key\n");
  const auto json = world.import(lines, {"--dry-run", "-j"});
  CHECK(nlohmann::json::parse(json.out).size() == 4);
  CHECK(nlohmann::json::parse(json.err).at("summary").at("put") == 3);
  CHECK(world.client.messages("b") == 2);
  const auto summary = nlohmann::json::parse(world.import(lines, {"-j"}).out);
  CHECK(summary.at("put") == 4);
  CHECK(summary.at("deleted") == 1);
  CHECK(summary.at("replaced") == 1);
  CHECK(summary.at("unknown") == 0);
  CHECK(nlohmann::json::parse(world.import("{\n", {"-o", "jsonl"}).out).at("first_unacknowledged") == 1);
}

TEST_CASE("a generator may take longer than --timeout, also where its lines are read twice") {
  World world;
  std::list<Process> imports;
  for (const char* how : {"", "--check", "--dry-run"}) {
    imports.emplace_back(
        Run{.args = {"sh", "-c",
                     "(sleep 6; echo '{\"key\":\"late\",\"value\":\"1\"}') | \"$0\" import b --timeout "
                     "4s -s " +
                         world.server.url() + " " + how,
                     natskv_command({}).args.at(0)}});
  }
  for (auto& import : imports) {
    const auto result = import.wait();
    CHECK_MESSAGE(result.status == 0, result.err);
  }
  CHECK(world.value("late") == "1");
}
