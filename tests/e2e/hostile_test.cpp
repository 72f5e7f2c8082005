// ctest: long
// A server that answers every request with nonsense: each command ends in time, with a status of SPEC 3, and
// does not crash. Run under the address sanitizer in CI.
#include "support/buckets.hpp"
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
#include <list>
#include <string>
#include <utility>
#include <vector>

using namespace natskv::test;

namespace {

/// One for each way to ask: a single answer, an API's, a listing, writes, many writes, settings, many
/// requests.
const std::vector<std::vector<std::string>> commands{
    {"get", "b", "k"},
    {"get", "b", "k", "--consistent"},
    {"get", "b", "k", "other"},
    {"keys", "b"},
    {"put", "b", "k", "v"},
    {"create", "b", "k", "v"},
    {"del", "b", "*", "-f"},
    {"purge", "b", "--all", "-f"},
    {"add", "b"},
    {"edit", "b", "--description", "d"},
    {"info", "b"},
    {"ls"},
    {"doctor", "b"},
    {"import", "b", "--skip-unchanged"},
    {"watch", "b", "--initial", "--max-disconnect", "1s"},
};

/// What all of them end with, at once, on a server that answers so. As far as answers come at all the
/// time-out is too long to matter.
std::string outcomes(const Liar::Answer& answer, const std::string& timeout = "20s",
                     Leaks leaks = Leaks::all) {
  const Liar liar(answer);
  std::list<Process> running;
  for (auto words : commands) {
    words.insert(words.begin(), {"--timeout", timeout});
    running.emplace_back(natskv_command(words, {.input = R"({"key":"k","value":"v"})"
                                                         "\n",
                                                .env = environment(liar.url(), leaks)}));
  }
  std::string all;
  auto process = running.begin();
  for (const auto& command : commands) {
    const auto result = (process++)->wait(60);  // they start all at once
    check_good_order(command, result);
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", command[0], result.status);
  }
  return all;
}

/// Where even the bucket is not found out.
const std::string senseless =
    "get 1, get 1, get 1, keys 1, put 1, create 1, del 1, purge 1, add 1, edit 1, info 1, ls 1, doctor 5, "
    "import 1, watch 1";
/// Where it is, and what was written may have been stored.
const std::string senseless_of_bucket =
    "get 1, get 1, get 1, keys 1, put 7, create 7, del 1, purge 7, add 4, edit 7, info 0, ls 1, doctor 5, "
    "import 1, watch 1";

// CONSUMER.INFO, which is asked where deliveries seem to be late: they are on their way.
constexpr std::string_view all_delivered = R"({"name":"C","num_pending":0,"created":"2026-01-01T00:00:00Z",)"
                                           R"("delivered":{"consumer_seq":5,"stream_seq":5}})";

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
  CHECK(outcomes([](const Request& r) { return message(r.reply, ""); }) == senseless);
}

TEST_CASE("every answer is bytes that are no JSON") {
  CHECK(outcomes([](const Request& r) {
          return message(r.reply, std::string_view("\x00\xff\xfe{[\"", 6));
        }) == senseless);
}

TEST_CASE("every answer is JSON cut short") {
  CHECK(outcomes([](const Request& r) { return message(r.reply, info.substr(0, 100)); }) == senseless);
}

TEST_CASE("every answer is deeply nested JSON") {
  const std::string deep(200'000, '[');
  // Fifteen sanitized processes take 20 s of processor time to read it.
  CHECK(outcomes([&](const Request& r) { return message(r.reply, deep); }, "60s") == senseless);
}

TEST_CASE("every answer has the members, each of another type") {
  CHECK(
      outcomes([](const Request& r) {
        return message(
            r.reply,
            R"({"config":[],"state":"x","created":5,"ts":{},"error":7,"streams":{},"total":"many","seq":-1,)"
            R"("stream":3,"message":[],"name":{},"num_pending":"no","cluster":1,"mirror":[],"sources":8})");
      }) ==
      "get 1, get 1, get 1, keys 1, put 1, create 1, del 1, purge 1, add 1, edit 1, info 1, ls 0, doctor 1, import 1, watch 1");
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
  CHECK(outcomes(answer, "20s", Leaks::not_those_of_the_library) == senseless);
}

TEST_CASE("counts are as large as they can be") {
  CHECK(
      outcomes([](const Request& r) {
        return message(
            r.reply,
            R"({"config":{"name":"KV_b","subjects":["$KV.b.>"],"max_msgs_per_subject":9223372036854775807,)"
            R"("max_age":9223372036854775807,"max_bytes":9223372036854775807,"num_replicas":2147483647},)"
            R"("state":{"messages":18446744073709551615,"bytes":18446744073709551615,)"
            R"("first_seq":18446744073709551615,"last_seq":18446744073709551615,"num_subjects":9223372036854775807},)"
            R"("created":"2026-01-01T00:00:00Z","total":9223372036854775807,"offset":0,"limit":1,"streams":[],)"
            R"("stream":"KV_b","seq":18446744073709551615,"purged":18446744073709551615,"success":true,)"
            R"("num_pending":18446744073709551615,"name":"c","stream_name":"KV_b"})");
      }) ==
      "get 1, get 1, get 1, keys 1, put 0, create 0, del 1, purge 0, add 4, edit 1, info 0, ls 0, doctor 1, import 1, watch 1");
}

TEST_CASE("counts are negative") {
  CHECK(
      outcomes([](const Request& r) {
        return message(
            r.reply,
            R"({"config":{"name":"KV_b","subjects":["$KV.b.>"],"max_msgs_per_subject":-5,"max_age":-1},)"
            R"("state":{"messages":-1,"bytes":-1,"first_seq":-1,"last_seq":-1},"created":"2026-01-01T00:00:00Z",)"
            R"("total":-1,"offset":-1,"limit":-1,"stream":"KV_b","seq":-1,"success":false})");
      }) ==
      "get 1, get 1, get 1, keys 1, put 1, create 1, del 1, purge 1, add 4, edit 1, info 1, ls 0, doctor 1, import 1, watch 1");
}

TEST_CASE("every answer is an error without end") {
  const std::string text(300'000, 'x');
  CHECK(outcomes([&](const Request& r) {
          return message(r.reply,
                         R"({"error":{"code":500,"err_code":99999999999999,"description":")" + text + "\"}}");
        }) == senseless);
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
    // Not quick(): all is answered.
    const auto result = natskv::test::natskv(command, {.env = variables});
    check_good_order(command, result);
    clean(result.err, command.back() == "-j");
    clean(result.out, true);
    Terminal terminal(natskv_command(command, {.env = variables}), {.in = false});
    auto shown = terminal.wait();
    shown.err = terminal.screen();
    check_good_order(command, shown);
    clean(terminal.screen(), command.back() == "-j");
  }
  CHECK(said > 20);  // most commands show the text, made visible, both ways
}

TEST_CASE("the bucket is there and everything else is nonsense") {
  CHECK(outcomes([](const Request& r) { return or_info(r, message(r.reply, "nonsense")); }) ==
        senseless_of_bucket);
}

TEST_CASE("the bucket is there and gets are of other subjects and sequences") {
  CHECK(outcomes([](const Request& r) {
          return or_info(
              r,
              with_headers(r.reply,
                           "\r\nNats-Stream: KV_other\r\nNats-Subject: $KV.other.x\r\nNats-Sequence: -7\r\n"
                           "Nats-Time-Stamp: yesterday\r\nNats-TTL: 99999999999999999999h\r\n"
                           "KV-Operation: DANCE\r\nNats-Msg-Size: -1",
                           "value"));
        }) == senseless_of_bucket);
}

TEST_CASE("deliveries of other subjects than the bucket's are not shown") {
  const std::vector<std::string> foreign{"$KV.other.x", "foreign", "$KV.bb.x", "$KV.b.\x1B[5mx"};
  const Liar liar([&](const Request& r) {
    if (r.subject.find("STREAM.INFO") != std::string::npos) {
      // Its last revision is that of the last delivery.
      return message(r.reply, std::string(info).replace(info.find(R"("last_seq":3)"), 12, R"("last_seq":5)"));
    }
    if (r.subject.find("CONSUMER.INFO") != std::string::npos) return message(r.reply, all_delivered);
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
    // Not quick(): all that it waits for is answered.
    const auto result = natskv::test::natskv(command, {.env = {{"NATS_URL", liar.url()}}, .limit = 20});
    check_good_order(command, result);
    CAPTURE(result.out);
    CAPTURE(result.err);
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
      // Not quick(): all is answered.
      const auto result = natskv::test::natskv(command, {.env = {{"NATS_URL", liar.url()}}});
      check_good_order(command, result);
      // A revision may be another key's, without a lie.
      CHECK(result.status == (command[command.size() - 2] == "--revision" ? 3 : 1));
      CHECK((result.out.empty() || result.out == "[]\n"));
      CHECK(result.err.find('\x1B') == std::string::npos);
      CHECK(result.err.find("\xC2\x9B") == std::string::npos);
    }
  }
}

TEST_CASE("the bucket is there and answers have a status of their own") {
  if (!library_survives_empty_answers()) return;
  const std::string nobody =
      "get 5, get 5, get 5, keys 5, put 5, create 5, del 5, purge 5, add 4, edit 5, info 0, ls 1, doctor 5, "
      "import 5, watch 5";
  const std::string no_key =
      "get 3, get 1, get 3" + senseless_of_bucket.substr(std::string("get 1, get 1, get 1").size());
  for (const auto& [status, expected] :
       std::vector<std::pair<std::string, std::string>>{{" 503", nobody},
                                                        {" 404 No", no_key},
                                                        {" 999999999999 x", senseless_of_bucket},
                                                        {" abc", senseless_of_bucket},
                                                        {" 100 Idle Heartbeat", senseless_of_bucket}}) {
    CAPTURE(status);
    CHECK(outcomes([&](const Request& r) { return or_info(r, with_headers(r.reply, status, "")); }) ==
          expected);
  }
}

TEST_CASE("the bucket is there, nothing else is answered") {
  CHECK(
      outcomes([](const Request& r) { return or_info(r, ""); }, "5s") ==
      "get 5, get 5, get 5, keys 5, put 7, create 7, del 5, purge 7, add 4, edit 7, info 0, ls 5, doctor 5, import 5, watch 5");
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

TEST_CASE("each answer comes a hundred times") {
  CHECK(
      outcomes(repeated(100)) ==
      "get 1, get 1, get 1, keys 1, put 7, create 7, del 1, purge 0, add 4, edit 1, info 0, ls 0, doctor 1, import 1, watch 1");
}

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
    std::string asked;
    const auto delivery = [](const std::string& to, int consumer, int order, int revision, int pending) {
      return message(
          fmt::format("$KV.b.k{}", revision), "v",
          fmt::format("$JS.ACK.KV_b.C{}.1.{}.{}.1700000000000000000.{}", consumer, revision, order, pending),
          sid_of(to));
    };
    const Liar liar([&](const Request& r) {
      asked += r.subject + " ";
      if (r.subject.find("STREAM.INFO") != std::string::npos) return message(r.reply, info);
      if (r.subject.find("CONSUMER.INFO") != std::string::npos) return message(r.reply, all_delivered);
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
    const auto result =
        natskv::test::natskv({"--timeout", "20s", "keys", "b"}, {.env = {{"NATS_URL", liar.url()}}});
    CAPTURE(asked);
    CHECK(result.err == "");
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
  made = 0;
  // Not quick(): that would bound its start.
  Process watch(natskv_command({"watch", "b"}, {.env = {{"NATS_URL", liar.url()}}}));
  REQUIRE(eventually([&] { return made > 1; }));
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
             delivery(1, 4) + std::string(pause ? 28 : 0, '\x02') + delivery(2, 7);
    });
    Process watch(natskv_command({"watch", "b", "--count", "2"}, {.env = {{"NATS_URL", liar.url()}}}));
    const auto result = watch.wait();
    CHECK(result.out ==
          "k4\t4\tPUT\t2023-11-14T22:13:20.000000000Z\t1\tv\nk7\t7\tPUT\t2023-11-14T22:13:20."
          "000000000Z\t1\tv\n");
    // After a pause that became an outage, that is said, too.
    if (pause)
      CHECK(has(result.err, "warning: bucket \"b\": revisions 5 to 6 are no longer kept and were missed\n"));
    else
      CHECK(result.err == "");
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
  const auto result = natskv::test::natskv({"create", "b", "k", "v"}, {.env = {{"NATS_URL", liar.url()}}});
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
  CHECK(result.err == "");
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
      CHECK(result.err.find("currently it has no leader; nothing was changed") != std::string::npos);
    }
  }
}
