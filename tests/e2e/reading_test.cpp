// Listings and watches under the permissions, limits and streams that real accounts have.
#include "support/buckets.hpp"
#include "support/client.hpp"
#include "support/liar.hpp"
#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv::test;
using Words = std::vector<std::string>;

namespace {

/// A user "u" beside "a", who may do everything; the first may publish to what is listed only.
std::string least_privilege(const std::string& allowed) {
  return R"(accounts { A { jetstream: enabled, users: [ {user: a, password: p}, {user: u, password: p,
    permissions: { publish: { allow: [)" +
         allowed + R"(] }, subscribe: { allow: ["_INBOX.>"] } } } ] } })";
}

}  // namespace

TEST_CASE("permissions for consumers of a part of the bucket are enough to read that part") {
  const std::string part = R"("$JS.API.CONSUMER.CREATE.KV_b.*.$KV.b.dev.>")";
  const std::string all = R"("$JS.API.CONSUMER.CREATE.KV_b.>")";
  // Without CONSUMER.INFO a heartbeat tells the end.
  for (const std::string& consumers : {part + R"(, "$JS.API.CONSUMER.INFO.KV_b.>")", all, part}) {
    CAPTURE(consumers);
    const Server server({.config = least_privilege(R"("$JS.API.STREAM.INFO.KV_b", )" + consumers)});
    const std::string url = server.url_as("u:p");
    Client client(server.url_as("a:p"));
    client.add_bucket("b", R"({"max_msgs_per_subject": 3})");
    for (const char* key : {"dev.1", "dev.2", "dev.1", "other"}) client.put("b", key, "v");
    const auto out = [&](Words words) {
      words.insert(words.end(), {"-s", url});
      const auto result = natskv::test::natskv(words);
      CHECK_MESSAGE(result.status == 0, result.err);
      CHECK(result.err.find("Violation") == std::string::npos);
      return result.out;
    };
    CHECK(out({"keys", "b", "dev.>"}) == "dev.2\ndev.1\n");
    CHECK(out({"keys", "b", "dev.1", "dev.2"}) == "dev.2\ndev.1\n");
    CHECK(occurrences(out({"history", "b", "dev.1"}), "\n") == 2);
    CHECK(occurrences(out({"watch", "b", "dev.*", "--initial"}), "\n") == 2);
    CHECK(occurrences(out({"export", "b", "dev.>"}), "\n") == 2);
    const auto doctor = natskv::test::natskv({"doctor", "b", "--key", "dev.1", "-s", url, "-o", "tsv"});
    CHECK_MESSAGE(doctor.out.find("\nwatch\tok\t") != std::string::npos, doctor.out);
    const auto whole = natskv::test::natskv({"keys", "b", "-s", url});
    CHECK(whole.status == (consumers == all ? 0 : 6));
  }
}

TEST_CASE("a server before 2.9, which names consumers itself, is asked as it knows") {
  const Liar liar([](const Request& r) {
    if (r.subject.find("STREAM.INFO") != std::string::npos) {
      auto answer = nlohmann::json::parse(info);
      answer.erase("ts");
      answer["config"].erase("allow_direct");
      return message(r.reply, answer.dump());
    }
    if (r.subject == "$JS.API.CONSUMER.CREATE.KV_b") {
      CHECK(nlohmann::json::parse(r.data).at("config").contains("name") == false);
      return message(r.reply, R"({"name":"C","num_pending":0,"created":"2026-01-01T00:00:00Z",)"
                              R"("delivered":{"consumer_seq":0,"stream_seq":0}})");
    }
    return std::string();
  });
  const auto result =
      natskv::test::natskv({"keys", "b", "--timeout", "3s"}, {.env = {{"NATS_URL", liar.url()}}});
  CHECK(result.status == 0);
  CHECK(result.err.empty());
}

TEST_CASE("a listing leaves no consumer that an account's limit would count") {
  const Server server(
      {.config = R"(accounts { A { jetstream { max_mem: 1MB, max_file: 10MB, max_consumers: 3 },
    users: [{user: a, password: a}] } }
    no_auth_user: a)"});
  Client client(server.url());
  client.add_bucket("b", R"({"max_msgs_per_subject": 2})");
  for (const char* key : {"x", "y", "x"}) client.put("b", key, "v");
  for (int i = 0; i < 3; ++i) {
    for (const auto& words : {Words{"keys", "b"},
                              {"history", "b", "x"},
                              {"get", "b", "*"},
                              {"export", "b", "-q"},
                              {"watch", "b", "--initial"},
                              {"watch", "b", "--count", "1"}}) {
      const auto result = server.natskv(words);
      CHECK_MESSAGE(result.status == 0, words[0], ": ", result.err);
    }
  }
}

TEST_CASE("a limit on unacknowledged messages is kept to where a listing is read with a window") {
  const Server server({.jetstream_config = "limits: { max_ack_pending: 100 }"});
  Client client(server.url());
  client.add_bucket("b");
  client.add_bucket("c");
  for (int i = 0; i < 300; ++i) client.send("$KV.b.k" + std::to_string(i), "v");
  REQUIRE(eventually([&] { return client.messages("b") == 300; }));
  const auto diff = server.natskv({"diff", "b", "c"});
  CHECK_MESSAGE(diff.status == 1, diff.err);
  CHECK(occurrences(diff.out, "\n") == 300);
  for (const auto& words :
       {Words{"del", "b", "k1.>", "--dry-run"}, {"cp", "b", "c"}, {"purge", "b", "k1", "k2.>", "-f"}}) {
    const auto result = server.natskv(words);
    CHECK_MESSAGE(result.status == 0, words[0], ": ", result.err);
  }
  CHECK(client.messages("c") == 300);
  const auto doctor = server.natskv({"doctor", "b"});
  CHECK_MESSAGE(
      doctor.out.find("; 100 messages may wait for acknowledgement (max ack pending)") != std::string::npos,
      doctor.out);
}

TEST_CASE("delta is what is left of this listing, of several patterns too") {
  const Server server;
  Client client(server.url());
  client.add_bucket("b");
  for (const char* key : {"a.1", "b.1", "a.2", "b.2"}) client.put("b", key, "v");
  const auto deltas = [&](Words words) {
    if (words[0] == "watch") words.emplace_back("--initial");
    words.insert(words.end(), {"-q", "-o", "jsonl"});
    std::string all;
    const auto result = server.natskv(words);
    for (std::size_t at = 0, end = 0; (end = result.out.find('\n', at)) != std::string::npos; at = end + 1)
      all += nlohmann::json::parse(result.out.substr(at, end - at)).value("delta", nlohmann::json()).dump() +
             " ";
    return all + result.err;
  };
  CHECK(deltas({"watch", "b"}) == "3 2 1 0 ");
  CHECK(deltas({"watch", "b", "a.*"}) == "1 0 ");
  for (const std::string verb : {"watch", "get", "history", "export"}) {
    CAPTURE(verb);
    CHECK(deltas({verb, "b", "a.*", "b.2"}) == "2 1 0 ");
    CHECK(deltas({verb, "b", "a.1", "b.2", "a.>"}) == "2 1 0 ");
    CHECK(deltas({verb, "b", "*.1", "a.*"}) == "2 1 0 ");  // a.1 is of both
  }
  CHECK(deltas({"keys", "b", "-v", "b.*", "a.2"}) == "2 1 0 ");
  CHECK(deltas({"watch", "b", "b.1", "a.2", "b.none"}) == "1 0 ");
  // More than are counted: not there rather than wrong.
  Words many{"watch", "b", "a.1"};
  for (int i = 0; i < 70; ++i) many.push_back("b." + std::to_string(i));
  CHECK(deltas(many) == "null null null ");
}

TEST_CASE("a mirror that renames its origin's keys to its own name is read by that name") {
  if (!server_at_least(2, 10)) SKIP("this server transforms no subjects");
  const Server server;
  Client client(server.url());
  client.add_bucket("o", R"({"max_msgs_per_subject": 5})");
  client.put("o", "app.x", "1");
  client.put("o", "app.x", "2");
  client.put("o", "b.y", "3");
  // All of it, and a part whose keys are shorter here.
  client.add_bucket("all", R"({"max_msgs_per_subject": 5, "subjects": null, "mirror": {"name": "KV_o",
    "subject_transforms": [{"src": "$KV.o.>", "dest": "$KV.all.>"}]}})");
  client.add_bucket("part", R"({"max_msgs_per_subject": 5, "subjects": null, "mirror": {"name": "KV_o",
    "subject_transforms": [{"src": "$KV.o.app.>", "dest": "$KV.part.>"}]}})");
  REQUIRE(eventually([&] { return client.messages("all") == 3 && client.messages("part") == 2; }));
  const auto out = [&](const Words& words) {
    const auto result = server.natskv(words);
    CHECK_MESSAGE(result.status == 0, words[0], " ", words[1], ": ", result.err);
    return result.out;
  };
  CHECK(out({"get", "all", "app.x"}) == "2");
  CHECK(out({"get", "all", "app.x", "--consistent"}) == "2");
  CHECK(occurrences(out({"get", "all", "b.y", "app.x"}), "\n") == 2);
  CHECK(out({"keys", "all"}) == "app.x\nb.y\n");
  CHECK(occurrences(out({"history", "all", "app.x"}), "\n") == 2);
  CHECK(occurrences(out({"watch", "all", "--initial"}), "\n") == 2);
  CHECK(occurrences(out({"export", "all"}), "\n") == 2);
  CHECK(out({"keys", "part"}) == "x\n");
  CHECK(out({"get", "part", "x"}) == "2");
  // What a copy holds is not pruned, and writes go to the origin, by its names.
  client.add_bucket("d");
  client.put("d", "app.x", "2");
  (void)out({"cp", "all", "d", "app.x", "--prune", "-f"});
  CHECK(client.last("d", "app.x").data == "2");
  (void)out({"del", "all", "b.y", "--must-exist"});
  CHECK(client.last("o", "b.y").headers.at("KV-Operation") == "DEL");
  (void)out({"del", "part", "x", "--must-exist"});
  CHECK(client.last("o", "app.x").headers.at("KV-Operation") == "DEL");
}

TEST_CASE("a consumer that delivers to another account ends the reading with the reason, a watch too") {
  const Server server({.config = R"(accounts {
    A { jetstream: enabled, users: [{user: a, password: p}],
        exports: [ {service: "$JS.API.>"}, {service: "$KV.>"} ] }
    B { users: [{user: b, password: p}],
        imports: [ {service: {account: A, subject: "$JS.API.>"}, to: "import.>"},
                   {service: {account: A, subject: "$KV.>"}, to: "import.$KV.>"} ] } })"});
  Client client(server.url_as("a:p"));
  client.add_bucket("b");
  client.put("b", "k", "v");
  for (const Words& words : {Words{"keys", "b"}, {"watch", "b", "--initial"}, {"watch", "b", "--updates"}}) {
    auto command = words;
    command.insert(command.end(),
                   {"-s", server.url_as("b:p"), "--js-api-prefix", "import", "--timeout", "1s"});
    const auto result = natskv::test::natskv(command, {.limit = 20});
    CAPTURE(result.err);
    CHECK(result.status == 5);
    CHECK(result.err.find("nothing that it delivers arrives\nhint: ") != std::string::npos);
    CHECK(result.out.empty());
  }
}
