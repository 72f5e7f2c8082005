// Writes whose answer acknowledges nothing: never taken for stored, never for refused.
#include "support/liar.hpp"
#include "support/process.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace natskv::test;

namespace {

Liar answering_writes(std::string_view answer) {
  return Liar([answer = std::string(answer)](const Request& r) {
    if (r.subject.starts_with("$KV.") || r.subject.find("STREAM.PURGE") != std::string::npos)
      return message(r.reply, answer);
    if (r.subject.find("DIRECT.GET") != std::string::npos)
      return with_headers(r.reply, " 404 Message Not Found", "");
    return or_info(r, "");
  });
}

const std::vector<std::string_view> senseless{"{}",
                                              R"({"error":7})",
                                              R"({"stream":"KV_b"})",
                                              R"({"stream":"KV_b","seq":0})",
                                              R"({"stream":"KV_b","seq":-3})",
                                              R"({"stream":"KV_b","seq":"x"})",
                                              R"({"stream":"KV_b","seq":[]})",
                                              R"({"stream":"KV_b","seq":1e400})",
                                              "[1]",
                                              "garbage",
                                              R"({"stream":"KV_b",)"};

}  // namespace

TEST_CASE("one write whose answer makes no sense may have been stored") {
  for (const auto& answer : senseless) {
    if (answer.find("-3") != std::string_view::npos || answer.find("e4") != std::string_view::npos)
      continue;  // a number to the library
    CAPTURE(answer);
    const Liar liar = answering_writes(answer);
    for (const auto& command : {std::vector<std::string>{"put", "b", "k", "v"},
                                {"create", "b", "k", "v"},
                                {"update", "b", "k", "v", "1"},
                                {"del", "b", "k", "--if-revision", "1"},
                                {"purge", "b", "k", "--if-revision", "1"}}) {
      CAPTURE(command[0]);
      const auto result = natskv::test::natskv(command, {.env = {{"NATS_URL", liar.url()}}});
      CAPTURE(result.err);
      CHECK(result.out.empty());
      CHECK(result.status == 7);
      CHECK(result.err.find("may have been stored") != std::string::npos);
    }
  }
}

// Found by tests/faults/run --experiment cut: a listing that was lost behind writes ended with 5, and
// "nothing was changed".
TEST_CASE("what was written before an answer stays away is not nothing") {
  int listings = 0;
  const Liar liar([&](const Request& r) {
    if (r.subject.starts_with("$KV.")) return message(r.reply, R"({"stream":"KV_b","seq":1})");
    if (r.subject.find("CONSUMER.CREATE") == std::string::npos) return or_info(r, "");
    ++listings;
    return std::string();
  });
  const auto result = natskv::test::natskv({"import", "b", "--prune", "--force", "--timeout", "5s"},
                                           {.input = R"({"key":"k","value":"v"})"
                                                     "\n",
                                            .env = {{"NATS_URL", liar.url()}}});
  CAPTURE(result.err);
  CHECK(listings == 1);
  CHECK(result.status == 7);
  CHECK(result.err.find("what was written before stays") != std::string::npos);
  CHECK(result.err.find("nothing was changed") == std::string::npos);
}

// Found by tests/faults/run --cluster --experiment pause: a node that had slept answered for the leader,
// which purged, and compact ended with 5, "nothing was changed".
TEST_CASE("a node that knows no leader does not speak for the one that leads") {
  constexpr std::string_view refusal =
      R"({"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}})";
  constexpr std::string_view not_found =
      R"({"error":{"code":404,"err_code":10059,"description":"stream not found"}})";
  const Liar liar([&](const Request& r) {
    if (r.subject.ends_with("STREAM.INFO.KV_new")) return message(r.reply, not_found);
    if (r.subject.find("STREAM.INFO") != std::string::npos) return message(r.reply, info);
    // Asked where the delivery seems to be late.
    if (r.subject.find("CONSUMER.INFO") != std::string::npos) {
      return message(r.reply, R"({"name":"C","num_pending":0,"created":"2026-01-01T00:00:00Z",)"
                              R"("delivered":{"consumer_seq":1,"stream_seq":3}})");
    }
    if (r.subject.find("CONSUMER.CREATE") == std::string::npos) return message(r.reply, refusal);
    const auto to = nlohmann::json::parse(r.data).at("config").at("deliver_subject").get<std::string>();
    return message(r.reply, R"({"name":"C","num_pending":1,"created":"2026-01-01T00:00:00Z",)"
                            R"("delivered":{"consumer_seq":0,"stream_seq":0}})") +
           with_headers("$KV.b.k", "\r\nKV-Operation: DEL", "", "$JS.ACK.KV_b.C.1.3.1.1700000000000000000.0",
                        sid_of(to));
  });
  for (const auto& command : {std::vector<std::string>{"compact", "b", "--older-than", "0", "--force"},
                              {"purge", "b", "--all", "--force"},
                              {"add", "new"},
                              {"edit", "b", "--history", "9"},
                              {"rm", "b", "--force"}}) {
    CAPTURE(command[0]);
    const auto result = natskv::test::natskv(command, {.env = {{"NATS_URL", liar.url()}}});
    CAPTURE(result.err);
    CHECK(result.status == 7);
    CHECK(result.err.find("nothing was changed") == std::string::npos);
  }
}

TEST_CASE("of many writes those that were acknowledged count, the first that was not is named") {
  for (const auto& answer : senseless) {
    CAPTURE(answer);
    int written = 0;
    const Liar liar([&](const Request& r) {
      if (!r.subject.starts_with("$KV.")) return or_info(r, "");
      return message(r.reply, ++written == 4 ? std::string(answer)
                                             : R"({"stream":"KV_b","seq":)" + std::to_string(written) + "}");
    });
    std::string lines;
    for (int i = 1; i <= 10; ++i)
      lines += R"({"key":"k)" + std::to_string(i) +
               R"(","value":"v"})"
               "\n";
    const auto result = natskv::test::natskv({"import", "b", "--keep-going"},
                                             {.input = lines, .env = {{"NATS_URL", liar.url()}}});
    CAPTURE(result.err);
    CHECK(result.status == 7);
    CHECK(result.err.find("put 9, unknown 1") != std::string::npos);
    CHECK(result.err.find("line 4") != std::string::npos);
  }
}

TEST_CASE("what an answer that is no JSON holds is in no message") {
  for (const std::string_view answer :
       {"s3cret", R"({"message":{"data":s3cret)", R"({"s3cret)", R"({"message":{"s3cret":"x" "s3cret"}})",
        R"({"message":"s3cret)",
        R"({"message":{"time":"s3cret","data":"dg==","subject":"$KV.b.k","seq":1}})"}) {
    const Liar liar([&](const Request& r) { return or_info(r, message(r.reply, answer)); });
    for (const std::vector<std::string>& words : {std::vector<std::string>{"get", "b", "k", "--consistent"},
                                                  {"get", "b", "k", "--revision", "1", "--consistent"},
                                                  {"revert", "b", "k", "1"},
                                                  {"put", "b", "k", "v"},
                                                  {"keys", "b"}}) {
      // What nats.c has read by the time that it refuses an answer it leaves behind.
      const auto result =
          natskv::test::natskv(words, {.env = environment(liar.url(), Leaks::not_those_of_the_library)});
      CAPTURE(answer);
      check_good_order(words, result);
      CHECK(result.status != 0);
      CHECK(result.err.find("s3cret") == std::string::npos);
    }
  }
}
