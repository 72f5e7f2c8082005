// edit: changes what is named and nothing else.
#include "support/bucket.hpp"
#include "support/client.hpp"
#include "support/forgetful.hpp"
#include "support/liar.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/tcp.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv::test;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// An edit whose answer is the test's: `lie` changes the configuration that was sent.
template <class Lie>
Result lied_to(Forgetful& server, const Words& words, Lie&& lie) {
  Process edit(server.server.command(words));
  Json config = server.request();
  lie(config);
  server.answer(config);
  return edit.wait(20);
}

/// What a terminal shows without its line ends.
std::string lines_joined(std::string text) {
  std::erase(text, '\r');
  std::erase(text, '\n');
  return text;
}

std::string version() {
  return std::to_string(server_version().first) + "." + std::to_string(server_version().second);
}

}  // namespace

TEST_CASE("the fields that change are printed, old and new, in every format") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 5, "description": "old one"})");
  const Words change{"edit",          "b", "--history", "10", "--ttl", "90s", "--max-value-size", "1KB",
                     "--description", ""};
  const auto with = [&](Words more) {
    more.insert(more.begin(), change.begin(), change.end());
    return more;
  };
  const auto before = stream_config(server.url(), "b");
  const auto dry = server.natskv(with({"--dry-run"}));
  CHECK(dry.status == 0);
  CHECK(dry.err == "natskv: edit: dry run: nothing was changed\n");
  CHECK(dry.out.find("history\t5\t10\n") != std::string::npos);
  CHECK(dry.out.find("ttl_seconds\t\t90\n") != std::string::npos);
  CHECK(dry.out.find("max_value_bytes\t\t1024\n") != std::string::npos);
  CHECK(dry.out.find("description\told one\t\n") != std::string::npos);
  CHECK(stream_config(server.url(), "b") == before);

  const auto table = server.natskv(with({"--dry-run", "-o", "table", "-q"}));
  CHECK(table.err.empty());
  CHECK(table.out.find("FIELD") == 0);
  CHECK(table.out.find("1m30s") != std::string::npos);
  CHECK(table.out.find("1 KiB") != std::string::npos);

  const auto edited = server.natskv(with({"-j"}));
  CHECK(edited.status == 0);
  CHECK(edited.err.empty());
  const auto object = Json::parse(edited.out);
  CHECK(object["bucket"] == "b");
  Json rows = Json::object();
  for (const auto& row : object["changes"]) rows[row["field"].get<std::string>()] = row;
  CHECK(rows["history"] == Json({{"field", "history"}, {"old", 5}, {"new", 10}}));
  CHECK(rows["ttl_seconds"] == Json({{"field", "ttl_seconds"}, {"new", 90}}));
  CHECK(rows["max_value_bytes"] == Json({{"field", "max_value_bytes"}, {"new", 1024}}));
  CHECK(rows["description"] == Json({{"field", "description"}, {"old", "old one"}}));

  const auto again = server.natskv(with({"-j"}));
  CHECK(again.status == 0);
  CHECK(again.err ==
        "{\"note\":{\"message\":\"nothing to change: bucket \\\"b\\\" already has these settings\"}}\n");
  CHECK(again.out == "{\"bucket\":\"b\",\"changes\":[]}\n");
}

TEST_CASE("what makes the server drop values is asked about on a terminal, and refused elsewhere") {
  Server server;
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 10})");
  for (int i = 0; i < 8; ++i) client.put("b", "k", std::to_string(i));
  const auto before = stream_config(server.url(), "b");
  // An older server does not say its time, so that nobody knows the values' age.
  const std::string what =
      std::string("--history 2 drops up to 6 old revisions; --ttl 1h drops ") +
      (server_at_least(2, 10) ? "8 values once they are that old, none yet" : "up to 8 values");
  const Words words{"b", "--history", "2", "--ttl", "1h"};
  const auto with = [&](Words command, const Words& more = {}) {
    command.insert(command.end(), words.begin(), words.end());
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  for (const auto& command : {with({"edit"}), with({"add", "--update"})}) {
    const auto refused = server.natskv(command, {.input = "y\n"});
    CHECK(refused.status == 2);
    CHECK(refused.out.empty());
    CHECK(refused.err == "natskv: " + command[0] + ": changing bucket \"b\" (" + what +
                             ") needs confirmation, and this is not a terminal\n"
                             "hint: --force does it without asking\n");
    Terminal terminal(server.command(command));
    REQUIRE(terminal.read_until("[y/N] "));
    CHECK(lines_joined(terminal.screen())
              .find(what + ". Change bucket \"b\" at " + server.url() + "? [y/N] ") != std::string::npos);
    terminal.send("n\n");
    CHECK(terminal.wait().status == 1);
    CHECK(terminal.screen().find("nothing changed") != std::string::npos);
  }
  const auto dry = server.natskv(with({"edit", "--dry-run"}));
  CHECK(dry.status == 0);
  CHECK(dry.err == "natskv: edit: warning: " + what + "\nnatskv: edit: dry run: nothing was changed\n");
  CHECK(stream_config(server.url(), "b") == before);
  CHECK(client.messages("b") == 8);

  Terminal agreed(server.command({"edit", "b", "--history", "2"}));
  REQUIRE(agreed.read_until("[y/N] "));
  agreed.send("y\n");
  CHECK(agreed.wait().status == 0);
  CHECK(client.messages("b") == 2);
  const auto forced = server.natskv({"add", "b", "--update", "--history", "1", "-f", "-q"});
  CHECK(forced.status == 0);
  CHECK(forced.err.empty());
  CHECK(client.messages("b") == 1);
  // Nothing is asked where nothing can go.
  CHECK(server.natskv({"edit", "b", "--history", "10", "--max-bucket-size", "1MB"}).status == 0);
  const auto smaller = server.natskv({"edit", "b", "--max-bucket-size", "10"});
  CHECK(smaller.status == 2);
  CHECK(smaller.err.find("--max-bucket-size 10 B drops the oldest values") != std::string::npos);
  CHECK(server.natskv({"add", "c", "--force"}).err.find("--force belongs to --update") != std::string::npos);
}

TEST_CASE("settings that natskv does not name survive") {
  Server server;
  Client client(server.url());
  Json settings{{"allow_direct", false},
                {"max_msgs", 1000},
                {"max_consumers", 7},
                {"deny_delete", false},
                {"duplicate_window", 30'000'000'000},
                {"no_ack", false}};
  if (server_at_least(2, 10)) {
    settings["subject_transform"] = {{"src", "$KV.b.old.>"}, {"dest", "$KV.b.new.>"}};
    settings["consumer_limits"] = {{"max_ack_pending", 50}};
    settings["metadata"] = {{"owner", "x"}};
    settings["compression"] = "s2";
  }
  if (server_at_least(2, 12)) settings["allow_atomic"] = true;
  client.add_bucket("b", settings.dump());
  const auto before = stream_config(server.url(), "b");
  const auto edited = server.natskv({"edit", "b", "--history", "9", "--description", "new"});
  CHECK_MESSAGE(edited.status == 0, edited.err);
  auto expected = before;
  expected["max_msgs_per_subject"] = 9;
  expected["description"] = "new";
  CHECK(stream_config(server.url(), "b") == expected);
}

TEST_CASE("what was set can be removed") {
  Server server;
  Client client(server.url());
  const bool modern = server_at_least(2, 11);
  REQUIRE(server.natskv({"add", "plain"}).status == 0);
  Words add{"add",
            "b",
            "--description",
            "d",
            "--ttl",
            "1h",
            "--max-value-size",
            "1KB",
            "--max-bucket-size",
            "1MB",
            "--tags",
            "t",
            "--cluster",
            "c"};
  Words edit{
      "edit",   "b", "--description", "", "--ttl", "0", "--max-value-size", "-1", "--max-bucket-size", "-1",
      "--tags", "",  "--cluster",     ""};
  if (modern) {
    client.add_bucket("o");
    add.insert(add.end(),
               {"--compress", "--metadata", "k=v", "--source", "o", "--republish-destination", "out.>"});
    edit.insert(edit.end(), {"--no-compress", "--no-metadata", "--no-source", "o", "--no-republish"});
  }
  REQUIRE(server.natskv(add).status == 0);
  const auto edited = server.natskv(edit);
  CHECK_MESSAGE(edited.status == 0, edited.err);
  auto plain = stream_config(server.url(), "plain");
  plain["name"] = "KV_b";
  plain["subjects"] = {"$KV.b.>"};
  CHECK(stream_config(server.url(), "b") == plain);
  CHECK(server.natskv({"add", "b"}).status == 0);  // it is as a new one
}

TEST_CASE("metadata and sources are added to, a source that is none is named") {
  Server server;
  if (!server_at_least(2, 10)) SKIP("this server keeps no metadata");
  Client client(server.url());
  for (const char* name : {"o", "p", "q"}) client.add_bucket(name);
  REQUIRE(
      server.natskv({"add", "b", "--metadata", "a=1", "--metadata", "b=2", "--source", "o", "--source", "p"})
          .status == 0);
  CHECK(
      server
          .natskv({"edit", "b", "--metadata", "b=3", "--metadata", "c=", "--source", "q", "--no-source", "o"})
          .status == 0);
  const auto config = stream_config(server.url(), "b");
  CHECK(config["metadata"] == Json({{"a", "1"}, {"b", "3"}, {"c", ""}}));
  CHECK(config["sources"].size() == 2);
  CHECK(config["sources"][0]["name"] == "KV_p");
  CHECK(config["sources"][1]["name"] == "KV_q");
  const auto none = server.natskv({"edit", "b", "--no-source", "o"});
  CHECK(none.status == 1);
  CHECK(none.err == "natskv: edit: bucket \"b\" has no source \"o\"\n");
  CHECK(stream_config(server.url(), "b") == config);
}

TEST_CASE("limit markers are switched on and off, TTLs of keys stay allowed") {
  Server server;
  if (!server_at_least(2, 11)) SKIP("this server knows no TTL of keys");
  Client(server.url()).add_bucket("b");
  const auto before = server.natskv({"create", "b", "k", "v", "--ttl", "1m"});
  CHECK(before.status == 1);
  CHECK(before.err.find("edit b --marker-ttl") != std::string::npos);
  CHECK(server.natskv({"edit", "b", "--marker-ttl", "1h"}).status == 0);
  CHECK(stream_config(server.url(), "b")["subject_delete_marker_ttl"] == 3'600'000'000'000);
  CHECK(server.natskv({"create", "b", "k", "v", "--ttl", "1m"}).status == 0);
  const auto off = server.natskv({"edit", "b", "--marker-ttl", "0"});
  CHECK(off.status == 0);
  CHECK(off.out == "marker_ttl_seconds\t3600\t\n");
  CHECK(stream_config(server.url(), "b")["allow_msg_ttl"] == true);
  CHECK(server.natskv({"create", "b", "l", "v", "--ttl", "1m"}).status == 0);
}

TEST_CASE("what the server can't change is refused with the reason before a socket is opened") {
  Listener silent;
  const std::vector<std::pair<Words, std::string>> wrong{
      {{"--storage", "memory"},
       "--storage: the server cannot change a bucket's storage\nhint: create a bucket"},
      {{"--mirror", "o"}, "--mirror: the server cannot make a bucket a mirror or change its origin\nhint: "},
      {{"--mirror-domain", "o"}, "--mirror: the server cannot"},
      {{"--history", "0"}, "--history: \"0\" is not a number from 1 to 64"},
      {{}, "edit names nothing to change\nhint: natskv edit --help"},
      {{"--dry-run"}, "edit names nothing to change"},
      {{"--compress", "--no-compress"}, "--no-compress"},
      {{"--source", "o", "--no-source", "o"}, "--source and --no-source both name \"o\""},
      {{"--tags", "", "--tags", "x"}, "--tags"},
      {{"--marker-ttl", "1ms"}, "--marker-ttl: at least 1s"},
      {{"--metadata", "_nats.x=1"}, "--metadata: \"_nats.x\" is reserved for the server"},
  };
  for (const auto& [words, text] : wrong) {
    Words command{"edit", "b"};
    command.insert(command.end(), words.begin(), words.end());
    const auto result = natskv::test::natskv(command, {.env = {{"NATS_URL", silent.url()}}});
    CAPTURE(text);
    CHECK(result.status == 2);
    CHECK_MESSAGE(result.err.find(text) != std::string::npos, result.err);
  }
}

TEST_CASE("more than one replica is refused on a server on its own") {
  Server server;
  Client(server.url()).add_bucket("b");
  const auto before = stream_config(server.url(), "b");
  for (const auto& words :
       {Words{"edit", "b", "--replicas", "2"}, Words{"edit", "b", "--replicas", "2", "--dry-run"}}) {
    const auto edited = server.natskv(words);
    CHECK(edited.status == 1);
    CHECK(edited.err == "natskv: edit: bucket \"b\": more than one replica needs a cluster\n");
    CHECK(stream_config(server.url(), "b") == before);
  }
}

TEST_CASE("a bucket that is missing, and a part of a republishing that is not there") {
  Server server;
  const auto missing = server.natskv({"edit", "b", "--history", "2"});
  CHECK(missing.status == 3);
  CHECK(missing.err == "natskv: edit: bucket \"b\" not found\nhint: natskv ls lists the buckets\n");
  Client(server.url()).add_bucket("b");
  const auto part = server.natskv({"edit", "b", "--republish-headers"});
  CHECK(part.status == 2);
  CHECK(part.err.find("--republish-headers needs --republish-destination") != std::string::npos);
  if (!server_at_least(2, 10)) {
    // Said by the server: it can't change a republishing at all.
    const auto fixed = server.natskv({"edit", "b", "--republish-destination", "out.>"});
    CHECK(fixed.status == 1);
    CHECK(fixed.err.find("can not change RePublish") != std::string::npos);
    return;
  }
  CHECK(server.natskv({"edit", "b", "--republish-destination", "out.>"}).status == 0);
  CHECK(server.natskv({"edit", "b", "--republish-headers"}).status == 0);
  CHECK(stream_config(server.url(), "b")["republish"] ==
        Json({{"src", ">"}, {"dest", "out.>"}, {"headers_only", true}}));
  const auto refused = server.natskv({"edit", "b", "--republish-destination", "$KV.b.x"});
  CHECK(refused.status == 1);
  CHECK(refused.err ==
        "natskv: edit: bucket \"b\": stream configuration for republish destination forms a cycle\n");
}

TEST_CASE("each removal says in JSON what was there") {
  Server server;
  Client client(server.url());
  client.add_bucket("o");
  struct Removal {
    Words add, edit;
    Json change;
    int minor = 9;
  };
  const Json out{{"source", ">"}, {"destination", "out.>"}, {"headers_only", false}};
  const std::vector<Removal> removals{
      {{"--description", "d"}, {"--description", ""}, {{"field", "description"}, {"old", "d"}}},
      {{"--tags", "t"}, {"--tags", ""}, {{"field", "placement"}, {"old", {{"tags", {"t"}}}}}},
      {{"--cluster", "c"}, {"--cluster", ""}, {{"field", "placement"}, {"old", {{"cluster", "c"}}}}},
      {{"--compress"}, {"--no-compress"}, {{"field", "compression"}, {"old", "s2"}}, 10},
      {{"--metadata", "a=b"}, {"--no-metadata"}, {{"field", "metadata"}, {"old", {{"a", "b"}}}}, 10},
      {{"--source", "o"},
       {"--no-source", "o"},
       {{"field", "sources"}, {"old", Json::array({{{"bucket", "o"}}})}},
       10},
      {{"--republish-destination", "out.>"}, {"--no-republish"}, {{"field", "republish"}, {"old", out}}, 10},
  };
  for (const auto& removal : removals) {
    if (!server_at_least(2, removal.minor)) continue;
    CAPTURE(removal.edit[0]);
    Words add{"add", "b", "-q"}, edit{"edit", "b", "-j"};
    add.insert(add.end(), removal.add.begin(), removal.add.end());
    edit.insert(edit.end(), removal.edit.begin(), removal.edit.end());
    REQUIRE(server.natskv(add).status == 0);
    const auto edited = server.natskv(edit);
    CHECK_MESSAGE(edited.status == 0, edited.err);
    CHECK(Json::parse(edited.out) == Json({{"bucket", "b"}, {"changes", Json::array({removal.change})}}));
    CHECK(server.natskv({"add", "b"}).status == 0);
    client.delete_bucket("b");
  }
}

TEST_CASE("a mirror gets no sources") {
  Server server;
  Client(server.url()).add_bucket("o");
  REQUIRE(server.natskv({"add", "m", "--mirror", "o"}).status == 0);
  const auto before = stream_config(server.url(), "m");
  const auto refused = server.natskv({"edit", "m", "--source", "o"});
  CHECK(refused.status == 1);
  CHECK(refused.err.find(server_at_least(2, 10)
                             ? "bucket \"m\": stream mirrors can not also contain other sources"
                             : "--source needs nats-server 2.10") != std::string::npos);
  CHECK(stream_config(server.url(), "m") == before);
}

TEST_CASE("a change by somebody else between reading and writing stops it") {
  int looks = 0, updates = 0;
  const Liar server([&](const Request& r) {
    if (r.subject.find("STREAM.UPDATE") != std::string::npos) ++updates;
    if (r.subject.find("STREAM.INFO") == std::string::npos || ++looks == 1) return message(r.reply, info);
    auto changed = Json::parse(info);
    changed["config"]["max_msgs"] = 1000;
    return message(r.reply, changed.dump());
  });
  const auto result =
      natskv::test::natskv({"edit", "b", "--history", "9"}, {.env = {{"NATS_URL", server.url()}}});
  CHECK(result.status == 4);
  CHECK(result.err.find("bucket \"b\" was changed by another client meanwhile: max values is 1000, not ") !=
        std::string::npos);
  CHECK(result.out.empty());
  CHECK(looks == 2);
  CHECK(updates == 0);
}

TEST_CASE("what the answer to an edit shows is told as what it is") {
  Forgetful server("STREAM.UPDATE.KV_b");
  REQUIRE(
      server.server.natskv({"add", "b", "--republish-destination", "out.>", "--description", "old"}).status ==
      0);
  const std::string without = "did not take effect on nats-server " + version();
  SUBCASE("a change that the server dropped") {
    const auto edited =
        lied_to(server, {"edit", "b", "--history", "5"}, [](Json& c) { c["max_msgs_per_subject"] = 1; });
    CHECK(edited.status == 1);
    CHECK_MESSAGE(edited.err.find("natskv: edit: bucket \"b\": --history " + without) == 0, edited.err);
    CHECK(edited.err.find("history is 1, not 5") != std::string::npos);
  }
  SUBCASE("a removal that the server did not honour") {
    const auto edited = lied_to(server, {"edit", "b", "--no-republish", "--description", ""}, [](Json& c) {
      c["republish"] = {{"src", ">"}, {"dest", "out.>"}};
      c["description"] = "old";
    });
    CHECK(edited.status == 1);
    CHECK_MESSAGE(edited.err.find("republish") != std::string::npos, edited.err);
    CHECK(edited.err.find(without) != std::string::npos);
    CHECK(edited.err.find("description is old, not ") != std::string::npos);
    CHECK(edited.err.find("another client") == std::string::npos);
  }
  SUBCASE("a field that was not named: somebody else's change") {
    for (const char* by : {"edit", "add"}) {
      Words words{by, "b", "--history", "5"};
      if (words[0] == "add") words.emplace_back("--update");
      const auto edited = lied_to(server, words, [](Json& c) { c["description"] = "new"; });
      CHECK(edited.status == 1);
      CHECK(edited.err ==
            std::string("natskv: ") + by +
                ": bucket \"b\" was changed by another client meanwhile: description is new, not old\n");
    }
  }
  SUBCASE("both") {
    const auto edited = lied_to(server, {"edit", "b", "--history", "5"}, [](Json& c) {
      c["max_msgs_per_subject"] = 1;
      c["description"] = "new";
    });
    CHECK(edited.status == 1);
    CHECK(edited.err.find("--history did not take effect") != std::string::npos);
    CHECK(edited.err.find("--description did not") == std::string::npos);
    CHECK(edited.err.find("another client meanwhile: description is new, not old") != std::string::npos);
  }
}
