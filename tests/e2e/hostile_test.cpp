// ctest: long
// A server that answers every request with nonsense: each command ends in time, with a status of SPEC 3, and
// does not crash. Run under the address sanitizer in CI.
#include "support/liar.hpp"
#include "support/process.hpp"
#include "support/skipped.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using namespace natskv::test;

namespace {

const std::vector<std::vector<std::string>> commands{
    {"get", "b", "k"},
    {"get", "b", "k", "--consistent"},
    {"get", "b", "k", "--revision", "2"},
    {"get", "b", "k", "other"},
    {"get", "b", "*"},
    {"put", "b", "k", "v"},
    {"create", "b", "k", "v"},
    {"update", "b", "k", "v", "1"},
    {"del", "b", "k"},
    {"del", "b", "*", "-f"},
    {"purge", "b", "k"},
    {"purge", "b", "--all", "-f"},
    {"keys", "b"},
    {"keys", "b", "--count"},
    {"history", "b", "k"},
    {"revert", "b", "k", "1"},
    {"watch", "b", "--initial", "--max-disconnect", "1s"},
    {"compact", "b", "-f"},
    {"rm", "b", "-f"},
    {"add", "b"},
    {"edit", "b", "--description", "d"},
    {"info", "b"},
    {"info", "b", "-j"},
    {"ls"},
    {"ls", "-n"},
    {"export", "b"},
    {"diff", "b", "c"},
    {"cp", "b", "c"},
    {"doctor", "b"},
    {"import", "b", "--skip-unchanged"},
    {"import", "b", "--prune", "--allow-empty", "--force"},
    {"edit-value", "b", "k"},
    {"__complete", "--", "get", "b", ""},
    {"watch", "b", "k", "--history"},
};

/// Every command against one way to lie. A status of 0 is fine where the lie is harmless (purge answered with
/// {}).
void try_all(const Liar::Answer& answer, Leaks leaks = Leaks::all) {
  for (const auto& command : commands) {
    const Liar liar(answer);
    const bool waits = command[0] == "watch";
    auto variables = environment(liar.url(), leaks);
    variables["EDITOR"] = "true";
    Process process(natskv_command(quick(command), {.input = R"({"key":"k","value":"v"})"
                                                             "\n",
                                                    .env = std::move(variables)}));
    if (waits) {
      process.read_for(0.8);
      if (process.running()) process.signal(SIGTERM);
    }
    const auto result = process.wait(20);
    check_good_order(command, result, waits);
  }
}

// nats.c 3.13 and later take an empty answer to an API request for a good one, and then read its JSON by a
// null pointer (js_unmarshalResponse): nothing that a caller could prevent.
bool library_survives_empty_answers() {
  const auto version = natskv::test::natskv({"--version"}).out;
  const std::string_view before = "running ";
  const auto at = version.find(before);
  int major = 0;
  int minor = 0;
  REQUIRE(at != std::string::npos);
  REQUIRE(std::sscanf(version.c_str() + at + before.size(), "%d.%d", &major, &minor) == 2);
  if (std::pair(major, minor) < std::pair(3, 13)) return true;
  skip("nats.c " + std::to_string(major) + "." + std::to_string(minor) +
       " itself crashes on an empty answer");
  return false;
}

}  // namespace

TEST_CASE("every answer is empty") {
  if (!library_survives_empty_answers()) return;
  try_all([](const Request& r) { return message(r.reply, ""); });
}

TEST_CASE("every answer is bytes that are no JSON") {
  try_all([](const Request& r) { return message(r.reply, std::string_view("\x00\xff\xfe{[\"", 6)); });
}

TEST_CASE("every answer is JSON cut short") {
  try_all([](const Request& r) { return message(r.reply, info.substr(0, 100)); });
}

TEST_CASE("every answer is deeply nested JSON") {
  const std::string deep(200'000, '[');
  try_all([&](const Request& r) { return message(r.reply, deep); });
}

TEST_CASE("every answer has the members, each of another type") {
  try_all([](const Request& r) {
    return message(
        r.reply,
        R"({"config":[],"state":"x","created":5,"ts":{},"error":7,"streams":{},"total":"many","seq":-1,)"
        R"("stream":3,"message":[],"name":{},"num_pending":"no","cluster":1,"mirror":[],"sources":8})");
  });
}

TEST_CASE("members of the members are of another type") {
  // nats.c 3.4 leaks the error's members when one of them is of another type (js_unmarshalResponse).
  const auto answer = [](const Request& r) {
    return message(
        r.reply,
        R"({"config":{"name":1,"subjects":"x","max_msgs_per_subject":"5","mirror":{"name":[]},"sources":[1],)"
        R"("placement":{"tags":{}},"metadata":[],"republish":1,"allow_direct":"yes"},"state":{"messages":-3,)"
        R"("last_seq":-1,"first_seq":1e300,"num_subjects":{}},"created":"soon","ts":"99","streams":[1,{},null],)"
        R"("cluster":{"replicas":{"a":1},"leader":5},"error":{"err_code":"x","description":{}}})");
  };
  try_all(answer, Leaks::not_those_of_the_library);
}

TEST_CASE("counts are as large as they can be") {
  try_all([](const Request& r) {
    return message(
        r.reply,
        R"({"config":{"name":"KV_b","subjects":["$KV.b.>"],"max_msgs_per_subject":9223372036854775807,)"
        R"("max_age":9223372036854775807,"max_bytes":9223372036854775807,"num_replicas":2147483647},)"
        R"("state":{"messages":18446744073709551615,"bytes":18446744073709551615,)"
        R"("first_seq":18446744073709551615,"last_seq":18446744073709551615,"num_subjects":9223372036854775807},)"
        R"("created":"2026-01-01T00:00:00Z","total":9223372036854775807,"offset":0,"limit":1,"streams":[],)"
        R"("stream":"KV_b","seq":18446744073709551615,"purged":18446744073709551615,"success":true,)"
        R"("num_pending":18446744073709551615,"name":"c","stream_name":"KV_b"})");
  });
}

TEST_CASE("counts are negative") {
  try_all([](const Request& r) {
    return message(
        r.reply,
        R"({"config":{"name":"KV_b","subjects":["$KV.b.>"],"max_msgs_per_subject":-5,"max_age":-1},)"
        R"("state":{"messages":-1,"bytes":-1,"first_seq":-1,"last_seq":-1},"created":"2026-01-01T00:00:00Z",)"
        R"("total":-1,"offset":-1,"limit":-1,"stream":"KV_b","seq":-1,"success":false})");
  });
}

TEST_CASE("every answer is an error without end") {
  const std::string text(300'000, 'x');
  try_all([&](const Request& r) {
    return message(r.reply,
                   R"({"error":{"code":500,"err_code":99999999999999,"description":")" + text + "\"}}");
  });
}

TEST_CASE("an error's text with terminal escapes reaches no terminal") {
  // As JSON says them, and, where JSON lets them stand, as they are. 5 is blinking, which natskv never asks
  // for.
  const std::string escapes = R"(a\u001b[5mb\rc\u0007d\u009be\u202ef)"
                              "\xC2\x9B"
                              "5mg\xE2\x80\xAEh\\ni";
  const std::vector<std::string> obeyed{"\x1B[5m", "\rc", "\x07", "\xC2\x9B"};
  const Liar liar([&](const Request& r) {
    return message(r.reply, R"({"error":{"code":500,"err_code":1,"description":")" + escapes + "\"}}");
  });
  auto variables = environment(liar.url());
  variables["EDITOR"] = "true";
  int said = 0;
  const auto clean = [&](const std::string& text, bool turns) {
    for (const auto& part : obeyed) CHECK_MESSAGE(text.find(part) == std::string::npos, escaped(part));
    // Texts of TSV, which is a pipe's, and strings of JSON hold what is no control as it is.
    if (!turns) CHECK(text.find("\xE2\x80\xAE") == std::string::npos);
    if (text.find("\\x1B[5m") != std::string::npos) ++said;
  };
  for (const auto& command : commands) {
    if (command[0] == "watch") continue;
    CAPTURE(command[0]);
    const auto result = natskv::test::natskv(quick(command), {.env = variables, .limit = 20});
    check_good_order(command, result);
    clean(result.err, command.back() == "-j");
    clean(result.out, true);
    Terminal terminal(natskv_command(quick(command), {.env = variables, .limit = 20}), {.in = false});
    auto shown = terminal.wait(20);
    shown.err = terminal.screen();
    check_good_order(command, shown);
    clean(terminal.screen(), command.back() == "-j");
  }
  CHECK(said > 40);  // most commands show the text, made visible, both ways
}

TEST_CASE("the bucket is there and everything else is nonsense") {
  try_all([](const Request& r) { return or_info(r, message(r.reply, "nonsense")); });
}

TEST_CASE("the bucket is there and gets are of other subjects and sequences") {
  try_all([](const Request& r) {
    return or_info(
        r, with_headers(r.reply,
                        "\r\nNats-Stream: KV_other\r\nNats-Subject: $KV.other.x\r\nNats-Sequence: -7\r\n"
                        "Nats-Time-Stamp: yesterday\r\nNats-TTL: 99999999999999999999h\r\n"
                        "KV-Operation: DANCE\r\nNats-Msg-Size: -1",
                        "value"));
  });
}

TEST_CASE("deliveries of other subjects than the bucket's are not shown") {
  const std::vector<std::string> foreign{"$KV.other.x", "foreign", "$KV.bb.x", "$KV.b.\x1B[5mx"};
  const Liar liar([&](const Request& r) {
    if (r.subject.find("STREAM.INFO") != std::string::npos) {
      // Its last revision is that of the last delivery.
      return message(r.reply, std::string(info).replace(info.find(R"("last_seq":3)"), 12, R"("last_seq":5)"));
    }
    if (r.subject.find("CONSUMER.CREATE") == std::string::npos) return std::string();
    const auto to = nlohmann::json::parse(r.data).at("config").at("deliver_subject").get<std::string>();
    std::string answer =
        message(r.reply, fmt::format(R"({{"name":"C","num_pending":{},"created":"2026-01-01T00:00:00Z",)"
                                     R"("delivered":{{"consumer_seq":0,"stream_seq":0}}}})",
                                     foreign.size() + 1));
    std::size_t number = 0;
    const auto deliver = [&](const std::string& subject, std::string_view value) {
      ++number;
      answer += message(subject, value,
                        fmt::format("$JS.ACK.KV_b.C.1.{}.{}.1700000000000000000.{}", number, number,
                                    foreign.size() + 1 - number),
                        sid_of(to));
    };
    for (const auto& subject : foreign) deliver(subject, subject.starts_with("$KV.b.") ? "odd" : "theirs");
    deliver("$KV.b.ours", "mine");
    return answer;
  });
  for (const std::vector<std::string>& command : {std::vector<std::string>{"keys", "b"},
                                                  {"export", "b"},
                                                  {"history", "b", ">"},
                                                  {"watch", "b", "--initial", "--count", "2"}}) {
    const auto result =
        natskv::test::natskv(quick(command), {.env = {{"NATS_URL", liar.url()}}, .limit = 20});
    check_good_order(command, result);
    CAPTURE(result.out);
    CHECK(result.out.find("ours") != std::string::npos);
    for (const char* text : {"other", "foreign", "theirs", "\x1B"})
      CHECK_MESSAGE(result.out.find(text) == std::string::npos, text);
  }
}

TEST_CASE("a get's answer of another key is not that of the key asked for") {
  for (const std::string subject : {"$KV.b.evil",
                                    "$KV.b.k\x1B[5m\xC2\x9B"
                                    "5m",
                                    "$KV.other.evil", "$KV.b.", "evil"}) {
    CAPTURE(escaped(subject));
    const Liar liar([&](const Request& r) {
      return or_info(r, with_headers(r.reply,
                                     "\r\nNats-Stream: KV_b\r\nNats-Subject: " + subject +
                                         "\r\nNats-Sequence: 3\r\nNats-Time-Stamp: 2026-01-01T00:00:00Z",
                                     "evil value"));
    });
    for (const std::vector<std::string>& command : {std::vector<std::string>{"get", "b", "k", "j"},
                                                    {"get", "b", "k", "-j"},
                                                    {"get", "b", "k", "j", "-j"},
                                                    {"get", "b", "k", "--revision", "3"}}) {
      const auto result =
          natskv::test::natskv(quick(command), {.env = {{"NATS_URL", liar.url()}}, .limit = 20});
      check_good_order(command, result);
      CHECK((result.status == 3 || result.status == 1));
      CHECK((result.out.empty() || result.out == "[]\n"));
      CHECK(result.err.find('\x1B') == std::string::npos);
      CHECK(result.err.find("\xC2\x9B") == std::string::npos);
    }
  }
}

TEST_CASE("the bucket is there and answers have a status of their own") {
  if (!library_survives_empty_answers()) return;
  for (const auto* status : {" 503", " 404 No", " 999999999999 x", " abc", " 100 Idle Heartbeat"}) {
    const Liar liar([&](const Request& r) { return or_info(r, with_headers(r.reply, status, "")); });
    for (const auto& command : commands) {
      if (command[0] == "watch") continue;
      const auto result =
          natskv::test::natskv(quick(command), {.env = {{"NATS_URL", liar.url()}}, .limit = 20});
      CAPTURE(status);
      check_good_order(command, result);
    }
  }
}

TEST_CASE("the bucket is there, nothing else is answered") {
  try_all([](const Request& r) { return or_info(r, ""); });
}

/// An answer of that many messages, each good for each request.
Liar::Answer repeated(int times) {
  // With a name: nats.c 3.4 copies the name of the consumer it got without looking whether there is one
  // (js.c, _subscribe), before natskv sees the answer.
  const std::string named =
      std::string(info.substr(0, info.size() - 1)) + R"(,"name":"c","stream_name":"KV_b"})";
  return [=](const Request& r) {
    std::string all;
    for (int i = 0; i < times; ++i) all += message(r.reply, named);
    return all;
  };
}

TEST_CASE("each answer comes a hundred times") { try_all(repeated(100)); }

// nats.c before 3.6.1 frees what takes the answers while they come in: one such close in fifty was a crash,
// of which doctor has six.
TEST_CASE("connections are closed while answers come in") {
  const Liar liar(repeated(2000));
  for (int i = 0; i < 20; ++i) {
    check_good_order({"doctor", "b"},
                     natskv::test::natskv(quick({"doctor", "b"}), {.env = {{"NATS_URL", liar.url()}}}));
  }
}

TEST_CASE("pages of streams never end") {
  const Liar liar([](const Request& r) {
    return message(r.reply,
                   R"({"total":1000000,"offset":0,"limit":256,"streams":[)" + std::string(info) + "]}");
  });
  for (const auto& command : {std::vector<std::string>{"ls"}, {"ls", "-n"}, {"ls", "--sort", "bytes"}}) {
    check_good_order(command, natskv::test::natskv(
                                  quick(command),
                                  {.out_file = "/dev/null", .env = {{"NATS_URL", liar.url()}}, .limit = 30}));
  }
}

// A consumer's deliveries: what comes out of order, or less than the heartbeat says, is asked for again.
TEST_CASE("a listing that loses messages on its way asks for them again") {
  for (const bool by_heartbeat : {false, true}) {
    CAPTURE(by_heartbeat);
    std::vector<std::string> starts;
    const auto delivery = [](const std::string& to, int consumer, int order, int revision, int pending) {
      return message(
          fmt::format("$KV.b.k{}", revision), "v",
          fmt::format("$JS.ACK.KV_b.C{}.1.{}.{}.1700000000000000000.{}", consumer, revision, order, pending),
          sid_of(to));
    };
    const Liar liar([&](const Request& r) {
      if (r.subject.find("STREAM.INFO") != std::string::npos) return message(r.reply, info);
      if (r.subject.find("CONSUMER.CREATE") == std::string::npos) return std::string();
      const auto config = nlohmann::json::parse(r.data).at("config");
      const auto to = config.at("deliver_subject").get<std::string>();
      starts.push_back(config.value("deliver_policy", ""));
      const auto made = static_cast<int>(starts.size());
      std::string answer =
          message(r.reply, fmt::format(R"({{"name":"C{}","num_pending":{},"created":"2026-01-01T00:00:00Z",)"
                                       R"("delivered":{{"consumer_seq":0,"stream_seq":0}}}})",
                                       made, 3));
      if (made > 1) {
        return answer + delivery(to, made, 1, 1, 2) + delivery(to, made, 2, 2, 1) +
               delivery(to, made, 3, 3, 0);
      }
      answer += delivery(to, made, 1, 1, 2);
      if (!by_heartbeat) return answer + delivery(to, made, 3, 3, 0);
      return answer +
             with_headers(to, " 100 Idle Heartbeat\r\nNats-Last-Consumer: 3\r\nNats-Last-Stream: 3", "");
    });
    const auto result = natskv::test::natskv({"keys", "b"}, {.env = {{"NATS_URL", liar.url()}}});
    CHECK(result.err.empty());
    CHECK(result.out == "k1\nk2\nk3\n");
    CHECK(starts == std::vector<std::string>{"last_per_subject", "last_per_subject"});
  }
}

TEST_CASE("a listing whose deliveries never come in order ends, and a watch can be ended") {
  std::atomic<int> made = 0;
  const Liar liar([&](const Request& r) {
    if (r.subject.find("STREAM.INFO") != std::string::npos) return message(r.reply, info);
    if (r.subject.find("CONSUMER.CREATE") == std::string::npos) return std::string();
    const auto to = nlohmann::json::parse(r.data).at("config").at("deliver_subject").get<std::string>();
    const int number = ++made;
    return message(r.reply, fmt::format(R"({{"name":"C{}","num_pending":3,"created":"2026-01-01T00:00:00Z",)"
                                        R"("delivered":{{"consumer_seq":0,"stream_seq":0}}}})",
                                        number)) +
           message("$KV.b.k5", "v", fmt::format("$JS.ACK.KV_b.C{}.1.5.5.1700000000000000000.0", number),
                   sid_of(to));
  });
  const auto keys =
      natskv::test::natskv(quick({"keys", "b"}), {.env = {{"NATS_URL", liar.url()}}, .limit = 20});
  CHECK_FALSE(keys.timed_out);
  CHECK(keys.status == 5);
  Process watch(natskv_command(quick({"watch", "b"}), {.env = {{"NATS_URL", liar.url()}}, .limit = 20}));
  watch.read_for(1);
  made = 0;
  watch.read_for(1);
  CHECK(made < 100);  // not as fast as it goes
  watch.signal(SIGTERM);
  CHECK(watch.wait().status == 143);
}

TEST_CASE("what is missing behind a pause without heartbeats is said, without one it is not") {
  for (const bool pause : {true, false}) {
    CAPTURE(pause);
    const Liar liar([&](const Request& r) {
      // A watch that is kept from running takes a longer pause for an outage, and must find the same stream.
      if (r.subject.find("STREAM.INFO") != std::string::npos)
        return message(r.reply,
                       std::string(info).replace(info.find(R"("last_seq":3)"), 12, R"("last_seq":7)"));
      if (r.subject.find("CONSUMER.CREATE") == std::string::npos) return std::string();
      const auto to = nlohmann::json::parse(r.data).at("config").at("deliver_subject").get<std::string>();
      const auto delivery = [&](int order, int revision) {
        return message(fmt::format("$KV.b.k{}", revision), "v",
                       fmt::format("$JS.ACK.KV_b.C.1.{}.{}.1700000000000000000.0", revision, order),
                       sid_of(to));
      };
      return message(r.reply, R"({"name":"C","num_pending":0,"created":"2026-01-01T00:00:00Z",)"
                              R"("delivered":{"consumer_seq":0,"stream_seq":0}})") +
             delivery(1, 4) + std::string(pause ? 22 : 3, '\x02') + delivery(2, 7);
    });
    Process watch(natskv_command({"watch", "b", "--count", "2"}, {.env = {{"NATS_URL", liar.url()}}}));
    const auto result = watch.wait();
    CHECK(result.out ==
          "k4\t4\tPUT\t2023-11-14T22:13:20.000000000Z\t1\tv\nk7\t7\tPUT\t2023-11-14T22:13:20."
          "000000000Z\t1\tv\n");
    CHECK(result.err ==
          (pause
               ? "natskv: watch: warning: bucket \"b\": revisions 5 to 6 are no longer kept and were missed\n"
               : ""));
  }
}

TEST_CASE("a create that is refused and then loses its connection says so, not a bare error") {
  const Liar liar([](const Request& r) {
    if (r.subject.starts_with("$KV.")) {
      return message(r.reply,
                     R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"}})");
    }
    if (r.subject.find("STREAM.INFO") != std::string::npos) return message(r.reply, info);
    return std::string("-ERR 'Stale Connection'\r\n");
  });
  const auto result =
      natskv::test::natskv(quick({"create", "b", "k", "v"}), {.env = {{"NATS_URL", liar.url()}}});
  CHECK(result.status == 5);
  CHECK(result.err.find("nothing was changed") != std::string::npos);
}

// Found by tests/faults/run --cluster --experiment register: 4 from a key that had no value all the time.
TEST_CASE("create believes no replica that a key is there, and runs after one marker for the next") {
  std::atomic<int> told = 0;
  std::atomic<std::uint64_t> latest = 4;  // a DEL at each revision; the replica still shows the value before
  std::vector<std::string> conditions;
  const Liar liar([&](const Request& r) {
    if (r.subject.find("STREAM.INFO") != std::string::npos) return message(r.reply, info);
    if (r.subject.find("DIRECT.GET") != std::string::npos && told++ == 0) {
      return with_headers(r.reply,
                          "\r\nNats-Stream: KV_b\r\nNats-Subject: $KV.b.k\r\nNats-Sequence: 3\r\n"
                          "Nats-Time-Stamp: 2026-01-01T00:00:00Z",
                          "old");
    }
    if (r.subject.find("DIRECT.GET") != std::string::npos) {
      return with_headers(
          r.reply,
          fmt::format("\r\nNats-Stream: KV_b\r\nNats-Subject: $KV.b.k\r\nNats-Sequence: {}\r\n"
                      "Nats-Time-Stamp: 2026-01-01T00:00:00Z\r\nKV-Operation: DEL",
                      latest.load()),
          "");
    }
    if (r.subject.find("STREAM.MSG.GET") != std::string::npos) {
      return message(r.reply, R"({"message":{"subject":"$KV.b.k","seq":4,"time":"2026-01-01T00:00:00Z",)"
                              R"("hdrs":"TkFUUy8xLjANCktWLU9wZXJhdGlvbjogREVMDQoNCg=="}})");
    }
    const auto head = r.data.substr(0, r.data.find("\r\n\r\n"));
    constexpr std::string_view name = "Nats-Expected-Last-Subject-Sequence: ";
    const auto at = head.find(name);
    conditions.push_back(at == std::string::npos ? "none" : head.substr(at + name.size()));
    if (conditions.size() == 4) return message(r.reply, R"({"stream":"KV_b","seq":7})");
    if (conditions.size() > 1) ++latest;
    return message(r.reply,
                   R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 9"}})");
  });
  const auto result = natskv::test::natskv({"create", "b", "k", "v"}, {.env = {{"NATS_URL", liar.url()}}});
  CHECK(result.err.empty());
  CHECK(result.out == "7\n");
  CHECK(conditions == std::vector<std::string>{"0", "4", "5", "6"});
}

// Found by tests/faults/run --cluster --experiment kill: a get between two leaders was status 1.
TEST_CASE("a cluster without a leader just now is no answer, not a failure of its own kind") {
  const std::vector<std::vector<std::string>> reads{
      {"get", "b", "k", "--consistent"}, {"keys", "b"}, {"history", "b", "k"}};
  for (const char* error :
       {R"({"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"})",
        R"({"code":503,"err_code":10009,"description":"JetStream cluster can not handle request"})"}) {
    CAPTURE(error);
    const Liar liar([&](const Request& r) {
      if (r.subject.find("STREAM.INFO") != std::string::npos) return message(r.reply, info);
      return message(r.reply, R"({"error":)" + std::string(error) + "}");
    });
    auto commands = reads;
    // To a write only the stream's own leader answers, with the second at most: before it does anything.
    if (std::string_view(error).find("10009") != std::string_view::npos) {
      for (const auto* const verb : {"put", "create"}) commands.push_back({verb, "b", "k", "v"});
      commands.push_back({"update", "b", "k", "v", "1"});
      commands.push_back({"del", "b", "k"});
    }
    for (const auto& command : commands) {
      CAPTURE(command[0]);
      const auto result = natskv::test::natskv(command, {.env = {{"NATS_URL", liar.url()}}});
      CHECK(result.status == 5);
      CHECK(result.err.find("no leader for it just now; nothing was changed") != std::string::npos);
    }
  }
}
