#include "support/buckets.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sstream>

using namespace natskv::test;

namespace {

std::string not_found(const TestBucket& b, const std::string& key) {
  return fmt::format("natskv: get: key \"{}\" not found in bucket \"{}\"\n", key, b.name());
}

}  // namespace

TEST_CASE("get writes the value's bytes and nothing else") {
  const TestBucket b;
  for (const std::string& bytes : {std::string("hello"), std::string(), std::string("line\n"),
                                   std::string("\0\xff\n\0", 4), std::string("grüße 😀")}) {
    b.put("k", bytes);
    CHECK(all(b("get", {"k"})) == "0|" + escaped(bytes) + "|");
    CHECK(all(b("get", {"k", "--raw"})) == "0|" + escaped(bytes) + "|");
    CHECK(all(b("get", {"k", "-o", "raw"})) == "0|" + escaped(bytes) + "|");
    CHECK(all(b("get", {"k", "--consistent"})) == "0|" + escaped(bytes) + "|");
    CHECK(b("get", {"k", "-0"}).out == bytes + std::string(1, '\0'));
  }
}

TEST_CASE("on a terminal a value without a newline gets one") {
  const TestBucket b;
  const auto screen = [&](const std::string& value) {
    b.put("k", value);
    Terminal terminal(b.command("get", {"k"}));
    CHECK(terminal.wait().status == 0);
    return terminal.screen();
  };
  CHECK(screen("hello") == "hello\r\n");
  CHECK(screen("hello\n") == "hello\r\n");
  CHECK(screen("") == "\r\n");
}

TEST_CASE("every kind of missing key is 3, and a missing bucket is told from it") {
  const TestBucket b;
  b.put("gone", "v");
  b.put("gone", "", {{"KV-Operation", "DEL"}});
  b.put("purged", "", {{"KV-Operation", "PURGE"}, {"Nats-Rollup", "sub"}});
  for (const std::string key : {"never", "gone", "purged"}) {
    CHECK(all(b("get", {key})) == "3||" + not_found(b, key));
    CHECK(all(b("get", {key, "--consistent"})) == "3||" + not_found(b, key));
    CHECK(b("get", {key, "-o", "json"}).status == 3);
  }
  const std::string ls = "hint: natskv ls lists the buckets\n";
  CHECK(all(kv({"get", "nosuch", "k"})) == "3||natskv: get: bucket \"nosuch\" not found\n" + ls);
  CHECK(all(kv({"get", "nosuch", "k", "l"})) == "3||natskv: get: bucket \"nosuch\" not found\n" + ls);
  CHECK(all(kv({"get", "nosuch", "*"})) == "3||natskv: get: bucket \"nosuch\" not found\n" + ls);
  CHECK(all(kv({"get", "nosuch", "k", "--consistent"})) ==
        "3||natskv: get: bucket \"nosuch\" not found\n" + ls);
}

TEST_CASE("a missing bucket of which there is a near one proposes that") {
  Server server({.config = R"(authorization { users = [
    {user: all, password: all},
    {user: some, password: some, permissions: {publish: {deny: "$JS.API.STREAM.NAMES"}}}
  ] })"});
  Client(server.url_as("all:all")).add_bucket("config");
  const auto said = [&](std::vector<std::string> words, const std::string& user = "all:all") {
    words.insert(words.end(), {"-s", server.url_as(user)});
    const auto result = natskv::test::natskv(words);
    CHECK(result.status == 3);
    return result.err.substr(result.err.find('\n') + 1);
  };
  using Words = std::vector<std::string>;
  for (const Words& words : {Words{"get", "confg", "k"},
                             {"put", "confg", "k", "v"},
                             {"keys", "confg"},
                             {"info", "confg"},
                             {"export", "confg"},
                             {"rm", "confg", "-f"}}) {
    CAPTURE(words[0]);
    CHECK(said(words) == "hint: did you mean \"config\"?\n");
  }
  CHECK(said({"get", "other", "k"}) == "hint: natskv ls lists the buckets\n");
  CHECK(said({"get", "confg", "k"}, "some:some") == "hint: natskv ls lists the buckets\n");
}

TEST_CASE("a revision is read where it is the key's, whatever came later") {
  const TestBucket b(R"({"max_msgs_per_subject": 5})");
  b.put("k", "one");
  b.put("other", "x");
  b.put("k", "three");
  b.put("k", "", {{"KV-Operation", "DEL"}});
  CHECK(all(b("get", {"k", "--revision", "1"})) == "0|one|");
  CHECK(all(b("get", {"k", "--revision=3"})) == "0|three|");
  CHECK(all(b("get", {"k", "--revision", "3", "--consistent"})) == "0|three|");
  for (const std::string revision : {"2", "5", "18446744073709551615"}) {
    CHECK(all(b("get", {"k", "--revision", revision})) ==
          fmt::format("3||natskv: get: key \"k\" in bucket \"{}\" has no revision {}\n", b.name(), revision));
  }
  CHECK(all(b("get", {"k", "--revision", "4"})) ==
        fmt::format("3||natskv: get: revision 4 of key \"k\" in bucket \"{}\" is a delete marker (DEL)\n",
                    b.name()));
}

TEST_CASE("--default stands in for a key that is not there, and for nothing else") {
  const TestBucket b;
  b.put("k", "v");
  b.put("gone", "", {{"KV-Operation", "DEL"}});
  CHECK(all(b("get", {"k", "--default", "d"})) == "0|v|");
  CHECK(all(b("get", {"never", "--default", "d"})) == "0|d|");
  CHECK(all(b("get", {"gone", "--default=--x"})) == "0|--x|");
  CHECK(all(b("get", {"never", "--default", ""})) == "0||");
  CHECK(all(b("get", {"never", "--default="})) == "0||");
  CHECK(b("get", {"never", "--default", "d", "-0"}).out == std::string("d\0", 2));
  CHECK(b("get", {"never", "--default", "d", "-j"}).out ==
        fmt::format("{{\"bucket\":\"{}\",\"key\":\"never\",\"size\":1,\"value\":\"d\"}}\n", b.name()));
  CHECK(b("get", {"never", "--default", "d", "-o", "tsv"}).out == "never\t\t\td\n");
  CHECK(kv({"get", "nosuch", "k", "--default", "d"}).status == 3);
  Terminal terminal(b.command("get", {"never", "--default", "d"}));
  CHECK(terminal.wait().status == 0);
  CHECK(terminal.screen() == "d\r\n");
}

TEST_CASE("options of get that contradict each other are refused") {
  const auto refused = [](std::vector<std::string> words, const std::string& text) {
    words.insert(words.begin(), {"get", "b"});
    CHECK(all(nowhere(words)) == "2||natskv: get: " + text + "\n");
  };
  refused({"k", "l", "--revision", "1"}, "--revision takes one KEY");
  refused({"*", "--revision", "1"}, "--revision takes one KEY");
  refused({"k", "l", "--default", "1"}, "--default takes one KEY");
  refused({"k", "--default", "1", "--revision", "1"}, "--default and --revision exclude each other");
  refused({"a.>", "--consistent"}, "--consistent takes keys, not patterns");
  refused({"k", "l", "--raw"}, "several values as raw bytes need -0");
  refused({"k", "l", "-o", "raw"}, "several values as raw bytes need -0");
  refused({"k", "--raw", "-o", "table"}, "--raw and --output name different formats");
  refused({"k", "l", "-0", "-o", "tsv"}, "-0 is for raw values and cannot be used with another --output");
}

TEST_CASE("one entry in every format") {
  const TestBucket b(R"({"max_msgs_per_subject": 5})");
  b.put("k", "tab\there\\ ü");
  const auto json = b("get", {"k", "-o", "json"});
  const auto entry = nlohmann::ordered_json::parse(json.out);
  std::string names;
  for (const auto& [name, value] : entry.items()) names += name + " ";
  CHECK(names == "bucket key revision operation created size value ");
  CHECK(entry["bucket"] == b.name());
  CHECK(entry["key"] == "k");
  CHECK(entry["revision"] == 1);
  CHECK(entry["operation"] == "PUT");
  CHECK(entry["size"] == 12);
  CHECK(entry["value"] == "tab\there\\ ü");
  const auto created = entry["created"].get<std::string>();
  CHECK(created.size() == std::string("2026-01-01T00:00:00.000000000Z").size());
  CHECK(b("get", {"k", "-o", "jsonl"}).out == json.out);
  CHECK(b("get", {"k", "-o", "tsv"}).out == fmt::format("k\t1\t{}\ttab\\there\\\\ ü\n", created));
  const auto table = b("get", {"k", "-o", "table"}).out;
  CHECK(table.starts_with("KEY  REV  CREATED (UTC)"));
  CHECK(table.find("  tab\\there") != std::string::npos);
  b.put("k", "\xff\x00");
  CHECK(b("get", {"k", "-o", "json"}).out.find("\"value_base64\":\"/w==\"") != std::string::npos);
  CHECK(b("get", {"k", "-o", "table"}).out.find("(binary, 1 B)") != std::string::npos);
}

TEST_CASE("several keys come in the order asked, missing ones are named, the others go on") {
  const TestBucket b;
  for (const std::string key : {"a", "b", "c"}) b.put(key, "v" + key);
  const auto result = b("get", {"c", "none", "a", "b", "a", "also.none", "-o", "jsonl"});
  CHECK(result.status == 3);
  std::string keys;
  std::istringstream rows(result.out);
  for (std::string row; std::getline(rows, row);)
    keys += nlohmann::json::parse(row)["key"].get<std::string>();
  CHECK(keys == "caba");
  const auto first = result.err.find("\"key\":\"none\"");
  const auto second = result.err.find("\"key\":\"also.none\"");
  CHECK(first < second);
  CHECK(second != std::string::npos);
  CHECK(all(b("get", {"c", "a", "-0"})) == "0|vc\\x00va\\x00|");
  CHECK(b("get", {"c", "a", "--consistent"}).out.starts_with("c\t3\t"));
  CHECK(lines(b("get", {"c", "a", "x", "--consistent"}).err) == 1);
}

TEST_CASE("the command line decides JSON's shape, not the result") {
  const TestBucket b;
  b.put("a.1", "v");
  CHECK(nlohmann::json::parse(b("get", {"a.1", "-j"}).out).is_object());
  const auto shape = [&](const std::vector<std::string>& keys, std::size_t size, int status) {
    std::vector<std::string> words = keys;
    words.emplace_back("-j");
    const auto result = b("get", words);
    CHECK(result.status == status);
    const auto json = nlohmann::json::parse(result.out);
    CHECK(json.is_array());
    CHECK(json.size() == size);
  };
  shape({"a.1", "none"}, 1, 3);
  shape({"none", "none.2"}, 0, 3);
  shape({"a.*"}, 1, 0);
  shape({">"}, 1, 0);
  shape({"none.*"}, 0, 0);
  shape({"none.*", "a.1"}, 1, 0);
}

TEST_CASE("patterns: whole tokens, each entry once, no match is no error") {
  const TestBucket b;
  for (const std::string key : {"a.1", "a.2", "a.2.x", "b.1", "a"}) b.put(key, key);
  b.put("a.gone", "", {{"KV-Operation", "DEL"}});
  const auto got = [&](const std::vector<std::string>& words) {
    std::vector<std::string> with = words;
    with.emplace_back("-0");
    auto out = b("get", with).out;
    std::replace(out.begin(), out.end(), '\0', ' ');
    return out;
  };
  CHECK(got({"a.*"}) == "a.1 a.2 ");
  CHECK(got({"a.>"}) == "a.1 a.2 a.2.x ");
  CHECK(got({"*"}) == "a ");
  CHECK(got({">"}) == "a.1 a.2 a.2.x b.1 a ");
  CHECK(got({"*.1", "a.>", "a.1"}) == "a.1 a.2 a.2.x b.1 ");
  CHECK(all(b("get", {"z.*"})) == "0||");
  CHECK(all(b("get", {"z.*", "a.none"})) == "3||" + not_found(b, "a.none"));
}

TEST_CASE("200 keys of 60 kB in the order asked, in bounded memory") {
  const TestBucket b;
  const std::string value(60'000, 'x');
  std::vector<std::string> words;
  for (int i = 0; i < 200; ++i) {
    b.put(fmt::format("k{}", i), value + std::to_string(i));
    words.push_back(fmt::format("k{}", 199 - i));
  }
  words.emplace_back("-0");
  const auto result = b("get", words);
  std::string expected;
  for (int i = 199; i >= 0; --i) expected += value + std::to_string(i) + std::string(1, '\0');
  CHECK(result.out == expected);
  CHECK(result.status == 0);
}

TEST_CASE("keys that other clients wrote can be read") {
  const TestBucket b;
  b.put("x~y:z", "v");
  b.put("grüße", "w");
  CHECK(all(b("get", {"x~y:z"})) == "0|v|");
  CHECK(all(b("get", {"grüße"})) == "0|w|");
  CHECK(all(b("get", {"x~y:z", "--revision", "1"})) == "0|v|");
  CHECK(all(b("get", {"x~y:w"})) == "3||" + not_found(b, "x~y:w"));
  CHECK(all(b("get", {"x~y:z", "grüße", "-0"})) == "0|v\\x00w\\x00|");
}

TEST_CASE("--literal names the one key, never what the server would match") {
  const TestBucket b(R"({"max_msgs_per_subject": 5})");
  bed().client.send("$KV." + b.name() + ".c.*", "literal");
  b.put("c.y", "another");
  b.put("tmp*", "star");
  CHECK(all(b("get", {"c.*", "--literal"})) == "0|literal|");
  CHECK(all(b("get", {"c.*", "c.y", "--literal", "-0"})) == "0|literal\\x00another\\x00|");
  CHECK(all(b("get", {"tmp*", "--literal"})) == "0|star|");
  CHECK(all(b("get", {"c.>", "--literal"})) == "3||" + not_found(b, "c.>"));
  const auto refused = b("get", {"tmp*"});
  CHECK(
      all(refused) ==
      "2||natskv: get: \"tmp*\": * stands for a whole token; did you mean \"tmp.*\"?\nhint: --literal takes "
      "it as the name of a key\n");
}

TEST_CASE("a mirror is read under its own name") {
  const TestBucket origin;
  origin.put("k", "v");
  origin.put("gone", "", {{"KV-Operation", "DEL"}});
  for (const bool direct : {true, false}) {
    const TestBucket mirror(fmt::format(
        R"({{"subjects": [], "mirror": {{"name": "KV_{}"}}, "mirror_direct": {}}})", origin.name(), direct));
    REQUIRE(eventually([&] { return mirror.last_revision() == 2; }));
    CHECK(all(mirror("get", {"k"})) == "0|v|");
    CHECK(mirror("get", {"gone"}).status == 3);
    CHECK(mirror("get", {"k", "none"}).out.starts_with("k\t1\t"));
    CHECK(all(mirror("get", {">", "-0"})) == "0|v\\x00|");
    CHECK(all(mirror("get", {"k", "--revision", "1"})) == "0|v|");
  }
}

TEST_CASE("a bucket without direct gets is read all the same") {
  const TestBucket b(R"({"allow_direct": false})");
  b.put("k", "v");
  b.put("l", "w");
  CHECK(all(b("get", {"k"})) == "0|v|");
  CHECK(all(b("get", {"l", "k", "-0"})) == "0|w\\x00v\\x00|");
  CHECK(b("get", {"none"}).status == 3);
  CHECK(b("get", {"x~y"}).status == 3);
}

TEST_CASE("markers that the server wrote are markers, never empty values") {
  if (!server_at_least(2, 11)) SKIP("message TTLs need nats-server 2.11");
  const TestBucket b(R"({"allow_msg_ttl": true, "subject_delete_marker_ttl": 60000000000})");
  b.put("expires", "v", {{"Nats-TTL", "1s"}});
  b.put("stays", "");
  REQUIRE(eventually([&] { return b.last("expires").headers.contains("Nats-Marker-Reason"); }));
  CHECK(b.last("expires").headers["Nats-Marker-Reason"] == "MaxAge");
  CHECK(all(b("get", {"expires"})) == "3||" + not_found(b, "expires"));
  CHECK(all(b("get", {"expires", "--default", "d"})) == "0|d|");
  CHECK(all(b("get", {"stays"})) == "0||");
  CHECK(all(b("get", {"expires", "stays", "-0"})) == "3|\\x00|" + not_found(b, "expires"));
  CHECK(all(b("keys")) == "0|stays\n|");
  const auto history = nlohmann::json::parse(b("history", {"expires", "-o", "jsonl"}).out);
  CHECK(history["operation"] == "PURGE");
  CHECK(history["marker_reason"] == "MaxAge");
  CHECK_FALSE(history.contains("value"));
  const auto created = b("create", {"expires", "again"});
  CHECK(all(created) == fmt::format("0|{}\n|", b.last_revision()));
  CHECK(all(b("get", {"expires"})) == "0|again|");
}
