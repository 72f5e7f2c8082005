// add: every option on both servers, what it refuses, what it leaves alone.
#include "support/bucket.hpp"
#include "support/client.hpp"
#include "support/forgetful.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// An option, what it makes of the stream's configuration, what info says of it; the server 2.x that first
/// knows it.
struct Row {
  Words words;
  Json config;
  Json record;
  int minor = 9;
  std::string edit = {};  // what edit says instead, "" where it does the same
  int edit_minor = 9;     // the server that first can change it
  std::string warning = {};
};

const std::vector<Row> rows{
    {{"--description", "of all"}, {{"description", "of all"}}, {{"description", "of all"}}},
    {{"--history", "64"}, {{"max_msgs_per_subject", 64}}, {{"history", 64}}},
    {{"--storage", "memory"},
     {{"storage", "memory"}},
     {{"storage", "memory"}},
     9,
     "--storage: the server cannot change"},
    {{"--ttl", "1m"},
     {{"max_age", 60'000'000'000}, {"duplicate_window", 60'000'000'000}},
     {{"ttl_seconds", 60}}},
    {{"--ttl", "1500ms"},
     {{"max_age", 1'500'000'000}, {"duplicate_window", 1'500'000'000}},
     {{"ttl_seconds", 1.5}}},
    {{"--ttl", "2d"}, {{"max_age", 172'800'000'000'000}}, {{"ttl_seconds", 172'800}}},
    {{"--marker-ttl", "90s"},
     {{"allow_msg_ttl", true}, {"subject_delete_marker_ttl", 90'000'000'000}},
     {{"marker_ttl_seconds", 90}, {"key_ttl", true}},
     11},
    {{"--replicas", "1"}, {{"num_replicas", 1}}, {{"replicas", 1}}},
    {{"--max-value-size", "1KB"}, {{"max_msg_size", 1024}}, {{"max_value_bytes", 1024}}},
    {{"--max-bucket-size", "2MiB"}, {{"max_bytes", 2 << 20}}, {{"max_bucket_bytes", 2 << 20}}},
    {{"--compress"}, {{"compression", "s2"}}, {{"compression", "s2"}}, 10},
    {{"--tags", "ssd", "--tags", "eu"},
     {{"placement", {{"tags", {"ssd", "eu"}}}}},
     {{"placement", {{"tags", {"ssd", "eu"}}}}}},
    {{"--cluster", "east"}, {{"placement", {{"cluster", "east"}}}}, {{"placement", {{"cluster", "east"}}}}},
    {{"--metadata", "team=a", "--metadata", "site:x=y"},
     {{"metadata", {{"team", "a"}, {"site", "x=y"}}}},
     {{"metadata", {{"team", "a"}, {"site", "x=y"}}}},
     10},
    {{"--republish-destination", "out.>"},
     {{"republish", {{"src", ">"}, {"dest", "out.>"}}}},
     {{"republish", {{"source", ">"}, {"destination", "out.>"}, {"headers_only", false}}}},
     9,
     "",
     10},
    {{"--republish-source", "$KV.b.>", "--republish-destination", "out.>", "--republish-headers"},
     {{"republish", {{"src", "$KV.b.>"}, {"dest", "out.>"}, {"headers_only", true}}}},
     {{"republish", {{"source", "$KV.b.>"}, {"destination", "out.>"}, {"headers_only", true}}}},
     9,
     "",
     10},
    {{"--mirror", "origin"},
     {{"mirror", {{"name", "KV_origin"}}}, {"mirror_direct", true}, {"subjects", nullptr}},
     {{"mirror", {{"bucket", "origin"}}}},
     9,
     "--mirror: the server cannot make a bucket a mirror"},
    {{"--mirror", "origin", "--mirror-domain", "hub"},
     {{"mirror", {{"name", "KV_origin"}, {"external", {{"api", "$JS.hub.API"}, {"deliver", ""}}}}},
      {"mirror_direct", true},
      {"subjects", nullptr}},
     {{"mirror", {{"bucket", "origin"}, {"domain", "hub"}}}},
     9,
     "--mirror: the server cannot make a bucket a mirror",
     9,
     "origin bucket \"origin\" could not be checked: no answer from JetStream domain \"hub\""},
    {{"--source", "origin"},
     {{"sources", Json::array({{{"name", "KV_origin"},
                                {"subject_transforms",
                                 Json::array({{{"src", "$KV.origin.>"}, {"dest", "$KV.b.>"}}})}}})}},
     {{"sources", Json::array({{{"bucket", "origin"}}})}},
     10},
};

std::string said(const Words& words) {
  std::string text;
  for (const auto& word : words) text += word + " ";
  return text;
}

Words command(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// What changes while the bucket lives.
Json steady(Json record) {
  record.erase("cluster");  // a lone server that names itself as leader does so later
  for (const char* part : {"mirror", "sources"}) {
    if (!record.contains(part)) continue;
    for (auto* one : record[part].is_array() ? [&] {
           std::vector<Json*> all;
           for (auto& source : record[part]) all.push_back(&source);
           return all;
         }()
                                             : std::vector<Json*>{&record[part]}) {
      if (one->contains("lag")) CHECK((*one)["lag"].is_number_unsigned());
      one->erase("lag");
      one->erase("last_seen_seconds");
      one->erase("error");
    }
  }
  return record;
}

/// A record's field as info's lines in a pipe.
std::string lines_of(const std::string& field, const Json& value) {
  std::string text;
  if (value.is_structured()) {
    for (const auto& [key, member] : value.items()) text += lines_of(field + "." + key, member);
    return text;
  }
  return field + "\t" + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
}

/// Whether info says so in lines, whatever stands between (what changes while the bucket lives).
void check_lines(const std::string& out, const Json& record) {
  for (const auto& [field, value] : record.items()) {
    std::istringstream lines(lines_of(field, value));
    for (std::string line; std::getline(lines, line);)
      CHECK_MESSAGE(("\n" + out).find("\n" + line + "\n") != std::string::npos, line);
  }
}

/// What edit -j must say of these fields: from a plain bucket's to the row's.
void check_changes(const std::string& out, const Json& plain, const Json& record) {
  const auto edited = Json::parse(out);
  CHECK(edited["bucket"] == "b");
  for (const auto& [field, value] : record.items()) {
    if (plain.value(field, Json()) == value) continue;
    Json expected{{"field", field}, {"new", value}};
    if (plain.contains(field)) expected["old"] = plain[field];
    const auto& all = edited["changes"];
    CHECK_MESSAGE(std::find(all.begin(), all.end(), expected) != all.end(), out);
  }
}

/// A plain bucket's configuration or record with the row's fields.
Json with(Json plain, const Json& fields) {
  plain.merge_patch(fields);
  return plain;
}

// What was said under this name, of lines of JSON.
std::string told(const std::string& err, const std::string& kind) {
  if (err.empty()) return "";
  return Json::parse(err.substr(0, err.find('\n'))).at(kind).at("message").get<std::string>();
}

}  // namespace

TEST_CASE("each option of a bucket is made, changed, shown and kept, or refused before anything is sent") {
  Server server;
  Client client(server.url());
  client.add_bucket("origin");
  REQUIRE(server.natskv({"add", "plain"}).status == 0);
  const Json plain_config = stream_config(server.url(), "plain");
  const Json plain_record = steady(Json::parse(server.natskv({"info", "plain", "-j"}).out));
  const auto named = [](Json json, bool config) {
    if (config) {
      json["name"] = "KV_b";
      json["subjects"] = {"$KV.b.>"};
    } else {
      json["bucket"] = "b";
      json["stream"] = "KV_b";
    }
    json.erase("created");
    return json;
  };
  for (const auto& row : rows) {
    CAPTURE(said(row.words));
    const bool known = server_at_least(2, row.minor);
    const auto added = server.natskv(command({"add", "b", "-j"}, row.words));
    if (!known) {
      CHECK(added.status == 1);
      CHECK(added.out.empty());
      CHECK(told(added.err, "error")
                .starts_with("bucket \"b\": " + row.words[0] + " needs nats-server 2." +
                             std::to_string(row.minor) + ", this one is 2.9."));
      CHECK(stream_config(server.url(), "b") == nullptr);
    } else {
      CHECK(added.status == 0);
      CHECK(told(added.err, "warning") == row.warning);
      CHECK(stream_config(server.url(), "b") == with(named(plain_config, true), row.config));
      const auto record = with(named(plain_record, false), row.record);
      CHECK(named(steady(Json::parse(added.out)), false) == record);
      CHECK(named(steady(Json::parse(server.natskv({"info", "b", "-j"}).out)), false) == record);
      check_lines(server.natskv({"info", "b"}).out, row.record);
      // Twice is once.
      const auto again = server.natskv(command({"add", "b", "-j"}, row.words));
      CHECK(again.status == 0);
      CHECK(told(again.err, "note") == "bucket \"b\" exists already, with this configuration");
      CHECK(named(steady(Json::parse(again.out)), false) == record);
      client.delete_bucket("b");
    }
    // The same by edit of a plain bucket.
    client.add_bucket("b", "{}");
    const auto before = stream_config(server.url(), "b");
    const auto edit = server.natskv(command({"edit", "b", "-j"}, row.words));
    if (!row.edit.empty()) {
      CHECK(edit.status == 2);
      CHECK(told(edit.err, "error").starts_with(row.edit));
      CHECK(stream_config(server.url(), "b") == before);
    } else if (!known) {
      CHECK(edit.status == 1);
      CHECK(edit.err.find(row.words[0] + " needs nats-server 2." + std::to_string(row.minor)) !=
            std::string::npos);
      CHECK(stream_config(server.url(), "b") == before);
    } else if (!server_at_least(2, row.edit_minor)) {
      CHECK(edit.status == 1);
      CHECK(told(edit.err, "error").starts_with("bucket \"b\": stream configuration update can not change"));
      CHECK(stream_config(server.url(), "b") == before);
    } else {
      CHECK_MESSAGE(edit.status == 0, edit.err);
      CHECK(edit.err.empty() == (before != stream_config(server.url(), "b")));
      check_changes(edit.out, plain_record, row.record);
      CHECK(stream_config(server.url(), "b") == with(before, row.config));
      CHECK(named(steady(Json::parse(server.natskv({"info", "b", "-j"}).out)), false) ==
            with(named(plain_record, false), row.record));
    }
    client.delete_bucket("b");
  }
}

TEST_CASE("all options at once") {
  Server server;
  const bool modern = server_at_least(2, 11);
  Words words{"add",
              "b",
              "--description",
              "d",
              "--history",
              "5",
              "--storage",
              "memory",
              "--ttl",
              "1h",
              "--replicas",
              "1",
              "--max-value-size",
              "1KB",
              "--max-bucket-size",
              "1MB",
              "--tags",
              "t",
              "--cluster",
              "c",
              "--republish-destination",
              "out.>",
              "-j"};
  if (modern) words = command(words, {"--marker-ttl", "1m", "--compress", "--metadata", "k=v"});
  const auto added = server.natskv(words);
  CHECK_MESSAGE(added.status == 0, added.err);
  // One line, SPEC's fields in SPEC's order.
  std::string keys;
  const auto record = nlohmann::ordered_json::parse(added.out);
  for (const auto& [key, value] : record.items()) keys += key + " ";
  const std::string modern_keys = modern ? "compression metadata " : "";
  CHECK(keys == "bucket description created values keys bytes history storage replicas ttl_seconds " +
                    std::string(modern ? "marker_ttl_seconds " : "") + "max_value_bytes max_bucket_bytes " +
                    modern_keys + "placement republish stream backing_store key_ttl atomic ");
}

TEST_CASE("the plain words of add on a terminal and in a pipe") {
  Server server;
  const auto piped = server.natskv({"new", "b", "--max-bucket-size", "1MB", "--utc"});
  CHECK(piped.status == 0);
  CHECK(piped.out.find("bucket\tb\ncreated\t2") == 0);
  CHECK(
      piped.out.find(
          "Z\nvalues\t0\nkeys\t0\nbytes\t0\nhistory\t1\nstorage\tfile\nreplicas\t1\n"
          "max_bucket_bytes\t1048576\nstream\tKV_b\nbacking_store\tJetStream\nkey_ttl\tfalse\natomic\tfalse\n") !=
      std::string::npos);
  const auto table = server.natskv({"add", "b", "--max-bucket-size", "1MB", "-o", "table", "--quiet"});
  CHECK(table.err.empty());
  CHECK(table.out.find("Bucket:          b\n") == 0);
  CHECK(table.out.find("Used:            0.0% of 1 MiB\n") != std::string::npos);
  CHECK(table.out.find("Max bucket size: 1 MiB\n") != std::string::npos);
}

TEST_CASE("another configuration is a conflict that lists what differs, and nothing is changed") {
  Server server;
  Client(server.url())
      .add_bucket("b", R"({"max_age": 3600000000000, "storage": "memory", "allow_direct": false})");
  const auto before = stream_config(server.url(), "b");
  const auto added = server.natskv({"add", "b", "--history", "3", "-j"});
  CHECK(added.status == 4);
  CHECK(added.out.empty());
  CHECK(told(added.err, "error").starts_with("bucket \"b\" exists with another configuration: "));
  for (const char* part : {"history is 1, not 3", "storage is memory, not file", "ttl is 1h, not none",
                           "allow_direct is none, not true"}) {
    CHECK_MESSAGE(added.err.find(part) != std::string::npos, added.err);
  }
  CHECK(Json::parse(added.err)["error"]["hint"] ==
        "not all of that can be changed: create another bucket and copy the keys with natskv cp");
  CHECK(added.err.find(R"({"error":{"exit":4,"code":"conflict","bucket":"b",)") != std::string::npos);
  CHECK(stream_config(server.url(), "b") == before);
  // What edit can change is said to be so, and it can.
  Client(server.url()).add_bucket("c", R"({"max_age": 3600000000000, "max_bytes": 1000})");
  const auto changeable = server.natskv({"add", "c"});
  CHECK(changeable.status == 4);
  CHECK(changeable.err.find("hint: natskv edit c changes it; add --update creates or changes\n") !=
        std::string::npos);
  CHECK(server.natskv({"edit", "c", "--ttl", "0", "--max-bucket-size", "-1"}).status == 0);
  CHECK(server.natskv({"add", "c"}).status == 0);
}

TEST_CASE("--update creates or edits") {
  Server server;
  CHECK(server.natskv({"add", "b", "--update", "--history", "3", "--ttl", "1h"}).status == 0);
  const auto updated = server.natskv({"add", "b", "--update", "--history", "4", "-j"});
  CHECK(updated.status == 0);
  CHECK(Json::parse(updated.out)["history"] == 4);
  CHECK(Json::parse(updated.out)["ttl_seconds"] == 3600);
  CHECK(server.natskv({"add", "b", "--update", "--storage", "file"}).status == 0);
  const auto fixed = server.natskv({"add", "b", "--update", "--storage", "memory"});
  CHECK(fixed.status == 4);
  CHECK(fixed.err.find("the server cannot change this: storage is file, not memory") != std::string::npos);
  CHECK(server.natskv({"add", "b", "--update", "--cluster", ""}).status == 0);
  const auto mirror = server.natskv({"add", "b", "--update", "--mirror", "o"});
  CHECK(mirror.status == 4);
  CHECK(mirror.err.find("mirror is none, not {\"bucket\":\"o\"}") != std::string::npos);
}

TEST_CASE("what is wrong is said before a socket is opened") {
  const std::vector<std::pair<Words, std::string>> wrong{
      {{"--history", "0"}, "--history: \"0\" is not a number from 1 to 64"},
      {{"--history", "65"}, "--history: \"65\" is not a number from 1 to 64"},
      {{"--history", ""}, "--history: \"\" is not a number from 1 to 64"},
      {{"--history", "5.0"}, "--history: \"5.0\" is not a number from 1 to 64"},
      {{"--history", "-1"}, "--history"},
      {{"--history", "18446744073709551616"}, "--history"},
      {{"--replicas", "0"}, "--replicas: \"0\" is not a number from 1 to 5"},
      {{"--replicas", "6"}, "--replicas: \"6\" is not a number from 1 to 5"},
      {{"--max-value-size", "-2"}, "--max-value-size"},
      {{"--max-value-size", "2GB"}, "--max-value-size: at most 2147483647 bytes"},
      {{"--max-value-size", "1.5KB"}, "--max-value-size"},
      {{"--max-bucket-size", "99999999TB"}, "--max-bucket-size"},
      {{"--max-bucket-size", "9223372036854775808"}, "--max-bucket-size"},
      {{"--ttl", "-1s"}, "--ttl"},
      {{"--ttl", "1ms"}, "--ttl: at least 100ms"},
      {{"--ttl", "300y"}, "--ttl"},
      {{"--ttl", "soon"}, "--ttl"},
      {{"--marker-ttl", "999ms"}, "--marker-ttl: at least 1s"},
      {{"--storage", "tape"}, "--storage: \"tape\" is not one of file, memory"},
      {{"--metadata", "word"}, "--metadata: \"word\" is not KEY=VALUE"},
      {{"--metadata", "=x"}, "--metadata"},
      {{"--metadata", "_nats.level=1"}, "--metadata: \"_nats.level\" is reserved for the server"},
      {{"--metadata", "a=1", "--metadata", "a:2"}, "--metadata: \"a\" is given twice"},
      {{"--republish-source", "a.>"}, "--republish-source needs --republish-destination"},
      {{"--republish-headers"}, "--republish-headers needs --republish-destination"},
      {{"--republish-destination", ""}, "--republish-destination: \"\" is not a subject"},
      {{"--republish-destination", "a..b"}, "--republish-destination"},
      {{"--republish-destination", "a b"}, "--republish-destination"},
      {{"--republish-source", "foo.>", "--republish-destination", "out.>"},
       "--republish-source: this bucket's keys are stored under $KV.b.>"},
      {{"--republish-source", "$KV.b", "--republish-destination", "out.>"}, "--republish-source: this"},
      {{"--mirror", "o", "--republish-source", "$KV.b.>", "--republish-destination", "out.>"},
       "are stored under $KV.o.>"},
      {{"--tags="}, "--tags: \"\" is not a tag"},
      {{"--cluster="}, "--cluster: \"\" is not the name of a cluster"},
      {{"--mirror", "o", "--source", "p"}, "--mirror"},
      {{"--mirror", "b"}, "--mirror: a bucket cannot mirror itself"},
      {{"--mirror", "o.o"}, "--mirror"},
      {{"--mirror-domain", "hub"}, "--mirror-domain needs --mirror"},
      {{"--mirror", "o", "--mirror-domain", "h*b"}, "--mirror-domain"},
      {{"--mirror", "o", "--marker-ttl", "1m"}, "--marker-ttl: a mirror"},
      {{"--source", "b"}, "--source: a bucket cannot be its own source"},
      {{"--source", "o", "--source", "o"}, "--source: \"o\" is given twice"},
      {{"more"}, ""},
      {{"-o", "raw"}, "raw"},
  };
  Listener silent;
  for (const auto& [words, text] : wrong) {
    CAPTURE(said(words));
    const auto result =
        natskv::test::natskv(command({"add", "b"}, words), {.env = {{"NATS_URL", silent.url()}}});
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK_MESSAGE(result.err.find(text) != std::string::npos, result.err);
  }
  CHECK(natskv::test::natskv({"add", "a.b"}).status == 2);
  CHECK(natskv::test::natskv({"add"}).status == 2);
}

TEST_CASE("what only the server can refuse comes in its words, and nothing is made") {
  Server server;
  const auto replicas = server.natskv({"add", "b", "--replicas", "2"});
  CHECK(replicas.status == 1);
  CHECK(replicas.err == "natskv: add: bucket \"b\": more than one replica needs a cluster\n");
  const auto cycle = server.natskv({"add", "b", "--republish-destination", "$KV.b.x.>"});
  CHECK(cycle.status == 1);
  CHECK(cycle.err.find("bucket \"b\": ") != std::string::npos);
  CHECK(cycle.err.find("cycle") != std::string::npos);
  CHECK(stream_config(server.url(), "b") == nullptr);
}

TEST_CASE("an origin that is missing or no bucket is warned of, a mirror of a mirror refused") {
  Server server;
  const auto mirror = server.natskv({"add", "m", "--mirror", "none"});
  CHECK(mirror.status == 0);
  CHECK(mirror.err == "natskv: add: warning: origin bucket \"none\" does not exist\n");
  add_foreign_stream(server.url(), "foreign", 0);
  const auto foreign = server.natskv({"add", "n", "--mirror", "foreign"});
  CHECK(foreign.status == 0);
  CHECK(foreign.err.find("warning: origin \"foreign\": stream \"KV_foreign\" is not a key-value bucket") !=
        std::string::npos);
  const auto chain = server.natskv({"add", "mm", "--mirror", "m"});
  CHECK(chain.status == 1);
  CHECK(chain.err.find("origin bucket \"m\" is itself a mirror of \"none\"") != std::string::npos);
  CHECK(stream_config(server.url(), "mm") == nullptr);
  const auto domain = server.natskv({"add", "d", "--mirror", "o", "--mirror-domain", "nowhere"});
  CHECK(domain.status == 0);
  CHECK(domain.err ==
        "natskv: add: warning: origin bucket \"o\" could not be checked: no answer from JetStream domain "
        "\"nowhere\"\n");
  if (!server_at_least(2, 10)) SKIP("the source: this server transforms no subjects");
  const auto source = server.natskv({"add", "s", "--source", "none"});
  CHECK(source.status == 0);
  CHECK(source.err == "natskv: add: warning: source bucket \"none\" does not exist\n");
}

TEST_CASE("a stream that only has a bucket's name is never touched") {
  Server server;
  add_foreign_stream(server.url(), "x", 3);
  Client(server.url()).add_bucket("plain");
  const auto before = stream_info(server.url(), "x")["config"];
  const std::string words = "stream \"KV_x\" exists but is not a key-value bucket";
  const std::vector<std::pair<Words, int>> commands{
      {{"add", "x"}, 4},
      {{"add", "x", "--update", "--ttl", "1h"}, 4},
      {{"edit", "x", "--ttl", "1h"}, 1},
      {{"info", "x"}, 1},
      {{"rm", "x", "--force"}, 1},
      {{"compact", "x", "--force", "--older-than", "0"}, 1},
      {{"purge", "x", "--all", "--force"}, 1},
      {{"purge", "x", ">", "--force"}, 1},
      {{"del", "x", ">", "--force"}, 1},
      {{"del", "x", "new"}, 1},
      {{"purge", "x", "new"}, 1},
      {{"put", "x", "new", "v"}, 1},
      {{"create", "x", "new", "v"}, 1},
      {{"update", "x", "new", "v", "1"}, 1},
      {{"get", "x", "new"}, 1},
      {{"get", "x", "a", "b"}, 1},
      {{"keys", "x"}, 1},
      {{"ls", "x"}, 1},
      {{"history", "x", "new"}, 1},
      {{"watch", "x", "--initial"}, 1},
      {{"revert", "x", "new", "1"}, 1},
      {{"export", "x"}, 1},
      {{"import", "x"}, 1},
      {{"diff", "x", "plain"}, 2},
      {{"diff", "plain", "x"}, 2},
      {{"create", "x", "new", "v", "--ttl", "1m"}, 1},
      {{"edit-value", "x", "new"}, 1},
      {{"import", "x", "--prune", "--allow-empty", "--force"}, 1},
      {{"ls", "x", "new.*"}, 1},
      {{"cp", "x", "plain"}, 1},
      {{"cp", "plain", "x", "--prune", "--force"}, 1},
  };
  for (const auto& [command, status] : commands) {
    CAPTURE(said(command));
    const auto result = server.natskv(command);
    CHECK(result.status == status);
    CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
    CHECK(result.out.empty());
  }
  const auto doctor = server.natskv({"doctor", "x"});
  CHECK(doctor.status == 1);
  CHECK_MESSAGE(doctor.out.find(words) != std::string::npos, doctor.out);
  CHECK(server.natskv({"ls", "-n"}).out == "plain\n");
  CHECK(stream_info(server.url(), "x")["config"] == before);
  CHECK(Client(server.url()).messages("x") == 3);
}

TEST_CASE("a stream that copies another stream is no bucket") {
  Server server;
  Client client(server.url());
  client.api("STREAM.CREATE.KV_w",
             R"({"name": "KV_w", "mirror": {"name": "ORDERS"}, "max_msgs_per_subject": 1,
      "storage": "memory"})");
  for (const auto& [command, status] : std::vector<std::pair<Words, int>>{{{"rm", "w", "-f"}, 1},
                                                                          {{"purge", "w", "--all", "-f"}, 1},
                                                                          {{"add", "w"}, 4},
                                                                          {{"edit", "w", "--ttl", "1h"}, 1},
                                                                          {{"info", "w"}, 1}}) {
    CAPTURE(said(command));
    const auto result = server.natskv(command);
    CHECK(result.status == status);
    CHECK(result.err.find("stream \"KV_w\" exists but is not a key-value bucket") != std::string::npos);
  }
  CHECK(server.natskv({"ls", "-n"}).out.empty());
}

TEST_CASE("a stream that takes other subjects beside a bucket's is that bucket; they are left alone") {
  Server server;
  Client client(server.url());
  add_foreign_stream(server.url(), "x", 2, R"(["$KV.x.>", "orders.>"])");
  CHECK(server.natskv({"put", "x", "k", "v"}).status == 0);
  CHECK(server.natskv({"put", "x", "l", "v"}).status == 0);
  CHECK(server.natskv({"get", "x", "k"}).out == "v");
  CHECK(server.natskv({"keys", "x"}).out == "k\nl\n");
  CHECK(server.natskv({"watch", "x", "--initial", "-o", "tsv"}).status == 0);
  CHECK(server.natskv({"info", "x", "-j"}).status == 0);
  CHECK(server.natskv({"ls", "-n"}).out == "x\n");
  CHECK(server.natskv({"edit", "x", "--description", "d"}).status == 0);
  CHECK(stream_config(server.url(), "x")["subjects"].size() == 2);
  const auto removed = server.natskv({"rm", "x", "-f"});
  CHECK(removed.status == 1);
  CHECK(removed.err.find("also takes \"orders.>\"") != std::string::npos);
  CHECK(server.natskv({"purge", "x", "--all", "-f"}).err ==
        "natskv: purge: removed 2 values of bucket \"x\"\n");
  CHECK(client.messages("x") == 2);
}

TEST_CASE("a bucket of an early client says what differs, and add --update brings it up to date") {
  Server server;
  Client client(server.url());
  client.api("STREAM.CREATE.KV_old",
             R"({"name": "KV_old", "subjects": ["$KV.old.>"], "discard": "old", "max_msgs_per_subject": 3,
      "storage": "file", "num_replicas": 1, "duplicate_window": 3600000000000, "description": "mine"})");
  client.put("old", "a", "1");
  const auto purged = server.natskv({"purge", "old", "a"});
  CHECK(purged.status == 1);
  CHECK(purged.err.find("hint: natskv add old --update allows it") != std::string::npos);
  const auto doctor = server.natskv({"doctor", "old", "-o", "tsv"});
  CHECK(doctor.status == 0);
  CHECK(doctor.out.find("configuration\twarning\t") != std::string::npos);
  CHECK(doctor.out.find("discard is old") != std::string::npos);
  const auto conflict = server.natskv({"add", "old", "--history", "3", "--description", "mine"});
  CHECK(conflict.status == 4);
  CHECK(conflict.err.find("discard is old, not new") != std::string::npos);
  CHECK(conflict.err.find("hint: natskv add old --update changes it") != std::string::npos);
  // What is not named stays.
  CHECK(server.natskv({"add", "old", "--update", "-q"}).status == 0);
  const auto config = stream_config(server.url(), "old");
  CHECK(config["discard"] == "new");
  CHECK(config["allow_rollup_hdrs"] == true);
  CHECK(config["deny_delete"] == true);
  CHECK(config["allow_direct"] == true);
  CHECK(config["duplicate_window"] == 120'000'000'000);
  CHECK(config["max_msgs_per_subject"] == 3);
  CHECK(config["description"] == "mine");
  CHECK(server.natskv({"add", "old", "--history", "3", "--description", "mine"}).status == 0);
  CHECK(server.natskv({"purge", "old", "a"}).status == 0);
}

TEST_CASE("what add --update can't change is said, and is no success") {
  Server server;
  Client(server.url())
      .api("STREAM.CREATE.KV_i",
           R"({"name": "KV_i", "subjects": ["$KV.i.>"], "retention": "interest",
      "max_msgs_per_subject": 1, "storage": "memory"})");
  const auto result = server.natskv({"add", "i", "--storage", "memory", "--update"});
  CHECK(result.status == 1);
  CHECK(result.err.find("retention is interest, not limits") != std::string::npos);
  const auto doctor = server.natskv({"doctor", "i", "-o", "tsv"});
  CHECK(doctor.out.find("retention is interest") != std::string::npos);
}

TEST_CASE("--mirror and --source take the stream's name for the bucket's, as nats does") {
  Server server;
  REQUIRE(server.natskv({"add", "s", "-q"}).status == 0);
  CHECK(server.natskv({"add", "m", "--mirror", "KV_s", "-q"}).status == 0);
  CHECK(stream_config(server.url(), "m")["mirror"]["name"] == "KV_s");
  CHECK(server.natskv({"add", "m", "--mirror", "s", "-q"}).status == 0);
  CHECK(server.natskv({"add", "s", "--mirror", "KV_s"}).status == 2);
  if (!server_at_least(2, 10)) return;
  CHECK(server.natskv({"add", "c", "--source", "KV_s", "-q"}).status == 0);
  CHECK(stream_config(server.url(), "c")["sources"][0]["name"] == "KV_s");
  CHECK(server.natskv({"edit", "c", "--no-source", "KV_s", "-q"}).status == 0);
}

TEST_CASE("a source without a subject transform is said to be one, and edit --source adds it") {
  if (!server_at_least(2, 10)) SKIP("this server transforms no subjects");
  Server server;
  Client client(server.url());
  client.add_bucket("o");
  client.put("o", "foo", "bar");
  client.add_bucket("all", R"({"sources": [{"name": "KV_o"}]})");
  const auto info = server.natskv({"info", "all", "-j"});
  CHECK(Json::parse(info.out)["sources"][0]["as_keys"] == false);
  CHECK(info.err.find("hint") == std::string::npos);
  CHECK(info.err.find("natskv edit all --source o adds the subject transform") != std::string::npos);
  CHECK(server.natskv({"doctor", "all", "-o", "tsv"}).out.find("has no subject transform") !=
        std::string::npos);
  const auto conflict = server.natskv({"add", "all", "--source", "o"});
  CHECK(conflict.status == 4);
  CHECK(conflict.err.find(R"(sources is [{"bucket":"o","as_keys":false}], not [{"bucket":"o"}])") !=
        std::string::npos);
  CHECK(server.natskv({"edit", "all", "--source", "o", "-q"}).status == 0);
  CHECK(server.natskv({"add", "all", "--source", "o"}).status == 0);
  std::string keys;
  for (int i = 0; i < 200 && keys.empty(); ++i) {
    keys = server.natskv({"keys", "all"}).out;
    if (keys.empty()) run({.args = {"sleep", "0.05"}});
  }
  CHECK(keys == "foo\n");
}

TEST_CASE("add --like starts from a bucket's settings, or from what info printed; other options win") {
  Server server;
  Client client(server.url());
  const TempDir folder;
  client.add_bucket("o", R"({"max_msgs_per_subject": 7, "max_msgs": 100, "description": "d",
      "max_age": 3600000000000, "max_msg_size": 1000, "republish": {"src": "$KV.o.>", "dest": "r.>"}})");
  client.put("o", "k", "v");
  const auto like = server.natskv({"add", "one", "--like", "o", "--history", "3", "-j"});
  REQUIRE_MESSAGE(like.status == 0, like.err);
  const auto one = stream_config(server.url(), "one");
  CHECK(one["subjects"] == Json::array({"$KV.one.>"}));
  CHECK(one["max_msgs_per_subject"] == 3);
  CHECK(one["max_msgs"] == 100);
  CHECK(one["max_age"] == 3'600'000'000'000);
  CHECK(one["republish"]["src"] == "$KV.one.>");
  CHECK(client.messages("one") == 0);
  CHECK(server.natskv({"add", "one", "--like", "o", "--history", "3"}).status == 0);
  CHECK(server.natskv({"add", "one", "--like", "o"}).status == 4);
  CHECK(server.natskv({"add", "two", "--like", "none"}).status == 3);

  // What a bucket copies is one or the other.
  if (server_at_least(2, 10)) {
    REQUIRE(server.natskv({"add", "m", "--mirror", "o", "-q"}).status == 0);
    REQUIRE(server.natskv({"add", "collected", "--like", "m", "--source", "one"}).status == 0);
    const auto collected = stream_config(server.url(), "collected");
    CHECK_FALSE(collected.contains("mirror"));
    CHECK(collected["sources"].size() == 1);
    CHECK(collected["subjects"] == Json::array({"$KV.collected.>"}));
    REQUIRE(server.natskv({"add", "copied", "--like", "collected", "--mirror", "one"}).status == 0);
    CHECK(stream_config(server.url(), "copied")["mirror"]["name"] == "KV_one");
  }

  const auto printed = server.natskv({"info", "o", "-j"}).out;
  write_file(folder / "o.json", printed);
  REQUIRE(server.natskv({"add", "two", "--like", folder / "o.json", "--description", "e"}).status == 0);
  const auto two = stream_config(server.url(), "two");
  CHECK(two["max_msgs_per_subject"] == 7);
  CHECK(two["description"] == "e");
  CHECK(two["max_age"] == 3'600'000'000'000);
  CHECK(two["max_msg_size"] == 1000);
  CHECK(two["republish"]["dest"] == "r.>");
  CHECK(server.natskv({"add", "three", "--like", "-", "-q"}, {.input = printed}).status == 0);
  // Before connecting.
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"{", "is not what natskv info -o json prints"},
           {R"({"bucket": "x"})", "is not what natskv info -o json prints"},
           {R"({"bucket": "x", "history": "many"})", "\"history\" is not what"},
           {R"({"bucket": "x", "history": 1, "sources": {}})", "\"sources\" is not what"}}) {
    write_file(folder / "bad.json", text);
    const auto refused =
        natskv::test::natskv({"-s", "127.0.0.1:1", "add", "x", "--like", folder / "bad.json"});
    CHECK(refused.status == 2);
    CHECK_MESSAGE(refused.err.find(said) != std::string::npos, refused.err);
  }
  CHECK(natskv::test::natskv({"-s", "127.0.0.1:1", "add", "x", "--like", "./none"}).status == 2);
  CHECK(natskv::test::natskv({"-s", "127.0.0.1:1", "add", "x", "--like", "a b"}).status == 2);
}

TEST_CASE("--atomic is asked for, kept and taken back; a server that would drop it is not asked") {
  Server server;
  const auto made = server.natskv({"add", "b", "--atomic", "-j"});
  if (!server_at_least(2, 12)) {
    CHECK(made.status == 1);
    CHECK(made.err.find("--atomic needs nats-server 2.12") != std::string::npos);
    CHECK(server.natskv({"info", "b"}).status == 3);
    CHECK(server.natskv({"add", "b", "-q"}).status == 0);
    CHECK(server.natskv({"edit", "b", "--atomic"}).status == 1);
    CHECK(server.natskv({"doctor", "b", "-o", "tsv"}).out.find("atomic\toff\t") != std::string::npos);
    return;
  }
  CHECK(made.status == 0);
  CHECK(Json::parse(made.out)["atomic"] == true);
  CHECK(Json::parse(made.out)["key_ttl"] == false);
  CHECK(stream_config(server.url(), "b")["allow_atomic"] == true);
  CHECK(server.natskv({"doctor", "b", "-o", "tsv"}).out.find("atomic\tok\t") != std::string::npos);
  CHECK(server.natskv({"edit", "b", "--no-atomic"}).out == "atomic\ttrue\tfalse\n");
  CHECK(Json::parse(server.natskv({"info", "b", "-j"}).out)["atomic"] == false);
  const auto off = server.natskv({"doctor", "b", "-o", "tsv"});
  CHECK(off.status == 0);
  CHECK(off.out.find("natskv edit b --atomic") != std::string::npos);
  CHECK(off.out.find("natskv edit b --marker-ttl 1m") != std::string::npos);
  CHECK(server.natskv({"edit", "b", "--marker-ttl", "1m", "--atomic", "-q"}).status == 0);
  const auto on = server.natskv({"doctor", "b", "-o", "tsv"}).out;
  CHECK(on.find("key ttl\tok\t") != std::string::npos);
  CHECK(on.find("lock\tok\t") != std::string::npos);
}

TEST_CASE("who may not ask is told so, and who finds nobody, too") {
  Server server(
      {.config =
           R"(authorization { users: [ { user: u, password: p, permissions: { publish: { deny: ["$JS.API.STREAM.CREATE.>"] } } } ] })"});
  const auto url = "nats://u:p@127.0.0.1:" + std::to_string(server.port());
  const auto refused = natskv::test::natskv({"add", "b"}, {.env = {{"NATS_URL", url}}});
  CHECK(refused.status == 6);
  CHECK(refused.err.find("bucket \"b\": ") != std::string::npos);
  CHECK(refused.err.find("STREAM.CREATE.KV_b") != std::string::npos);
  Server none({.jetstream = false});
  CHECK(none.natskv({"add", "b"}).status == 5);
  CHECK(none.natskv({"ls"}).status == 5);
}

TEST_CASE("who may not ask for the API level is told by the server's greeting what it knows") {
  Server server(
      {.config =
           R"(authorization { users: [ { user: u, password: p, permissions: { publish: { deny: ["$JS.API.INFO"] } } } ] })"});
  const auto url = "nats://u:p@127.0.0.1:" + std::to_string(server.port());
  const auto on = [&](const Words& words) {
    return natskv::test::natskv(words, {.env = {{"NATS_URL", url}}});
  };
  const auto added = on({"add", "c", "--compress", "-j"});
  if (server_at_least(2, 11)) {
    CHECK_MESSAGE(added.status == 0, added.err);
    CHECK(added.err.empty());
    CHECK(on({"edit", "c", "--metadata", "a=b"}).status == 0);
  } else {
    CHECK(added.status == 1);
    CHECK(added.err.find("--compress needs nats-server 2.10, this one is 2.") != std::string::npos);
  }
}

TEST_CASE("an answer that never comes leaves the outcome unknown") {
  // Creations and changes go where somebody listens and never answers.
  Server server(
      {.config =
           R"(mappings: { "$JS.API.STREAM.CREATE.>": "lost.>", "$JS.API.STREAM.UPDATE.>": "lost.>" })"});
  Client client(server.url());
  natsSubscription* raw = nullptr;
  REQUIRE(natsConnection_SubscribeSync(&raw, client.connection(), "lost.>") == NATS_OK);
  const natskv::nats::Handle<natsSubscription, natsSubscription_Destroy> subscription(raw);
  REQUIRE(natsConnection_FlushTimeout(client.connection(), 5000) == NATS_OK);
  const auto added = server.natskv({"add", "b", "--timeout", "4s"});  // to connect, too
  CHECK(added.status == 7);
  CHECK(added.out.empty());
  CHECK(added.err ==
        "natskv: add: bucket \"b\": no answer; the change may have been made\n"
        "hint: check with natskv info b; repeating the command is safe\n");
}

TEST_CASE("what the server dropped without a word is named, with the option, and nothing is removed") {
  Forgetful server("STREAM.CREATE.KV_b");
  Process add(server.server.command({"add", "b", "--description", "wanted", "--history", "1"}));
  auto config = server.request();
  config.erase("description");
  server.answer(config);
  const auto added = add.wait(20);
  CHECK(added.status == 1);
  const auto version = std::to_string(server_version().first) + "." + std::to_string(server_version().second);
  CHECK_MESSAGE(
      added.err.find("natskv: add: bucket \"b\": --description did not take effect on nats-server " +
                     version) == 0,
      added.err);
  CHECK(added.err.find("description is none, not wanted") != std::string::npos);
  CHECK(server.silent());
}
