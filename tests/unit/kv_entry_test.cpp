#include "kv/entry.hpp"
#include "kv/message.hpp"
#include "nats/handle.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace natskv;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Message {
  nats::Message message;
  Entry entry;

  Message(const std::string& data, const Headers& headers, bool headers_only = false) {
    REQUIRE(nats_Open(-1) == NATS_OK);  // messages of a library that is not open crash it
    natsMsg* raw = nullptr;
    REQUIRE(natsMsg_Create(&raw, "$KV.b.k", nullptr, data.data(), static_cast<int>(data.size())) == NATS_OK);
    message.reset(raw);
    for (const auto& [name, value] : headers)
      REQUIRE(natsMsgHeader_Set(raw, name.c_str(), value.c_str()) == NATS_OK);
    read_entry(raw, headers_only, entry);
  }
};

Operation operation(const Headers& headers) { return Message("", headers).entry.operation; }
std::int64_t ttl(const std::string& word) { return Message("v", {{"Nats-TTL", word}}).entry.ttl.ns; }

bool readable(std::string_view reply) {
  Delivery delivery;
  return read_reply(reply, delivery);
}

}  // namespace

TEST_CASE("a delivery says its revision, time and what is left, in the old form and the new") {
  Delivery delivery;
  REQUIRE(read_reply("$JS.ACK.KV_b.C1.1.18446744073709551615.3.1700000000123456789.7", delivery));
  CHECK(delivery.sequence == 18446744073709551615U);
  CHECK(delivery.time.ns == 1700000000123456789);
  CHECK(delivery.pending == 7);
  CHECK(delivery.consumer == "C1");
  REQUIRE(read_reply("$JS.ACK._.ACCHASH.KV_b.C2.1.42.3.1700000000000000000.0.random", delivery));
  CHECK(delivery.sequence == 42);
  CHECK(delivery.pending == 0);
  CHECK(delivery.consumer == "C2");
  REQUIRE(read_reply("$JS.ACK.hub.ACCHASH.KV_b.C3.1.43.3.1700000000000000000.1", delivery));
  CHECK(delivery.sequence == 43);
  CHECK(delivery.consumer == "C3");
}

TEST_CASE("deliveries of one consumer, then of another") {
  Replies replies;
  Delivery delivery;
  REQUIRE(replies.read("$JS.ACK.KV_b.C1.1.41.1.1700000000000000000.2", delivery));
  REQUIRE(replies.read("$JS.ACK.KV_b.C1.1.42.2.1700000000123456789.1", delivery));
  CHECK(delivery.sequence == 42);
  CHECK(delivery.time.ns == 1700000000123456789);
  CHECK(delivery.pending == 1);
  CHECK(delivery.consumer == "C1");
  CHECK_FALSE(replies.read("$JS.ACK.KV_b.C1.1.43.3.1700000000123456789", delivery));
  CHECK_FALSE(replies.read("$JS.ACK.KV_b.C1.1.4x.3.1700000000123456789.0", delivery));
  CHECK_FALSE(replies.read("$JS.ACK.KV_b.C1.", delivery));
  REQUIRE(replies.read("$JS.ACK._.ACCHASH.KV_b.C2.1.44.4.1700000000000000000.0.random", delivery));
  CHECK(delivery.sequence == 44);
  REQUIRE(replies.read("$JS.ACK._.ACCHASH.KV_b.C2.1.45.5.1700000000000000000.3.random", delivery));
  CHECK(delivery.sequence == 45);
  CHECK(delivery.pending == 3);
  CHECK(delivery.consumer == "C2");
}

TEST_CASE("other replies are no deliveries") {
  CHECK_FALSE(readable(""));
  CHECK_FALSE(readable("_INBOX.abc.1"));
  CHECK_FALSE(readable("$JS.FC.KV_b.C1.x"));
  CHECK_FALSE(readable("$JS.ACK.KV_b.C1.1.2.3.4"));
  CHECK_FALSE(readable("$JS.ACK.KV_b.C1.1.2.3.4.5.6"));
  CHECK_FALSE(readable("$JS.ACK.KV_b.C1.1.x.3.4.5"));
  CHECK_FALSE(readable("$JS.ACK.KV_b.C1.1.2x.3.4.5"));
  CHECK_FALSE(readable("$JS.ACK.KV_b.C1.1.18446744073709551616.3.4.5"));
  CHECK_FALSE(readable("$JS.ACK.KV_b.C1.1..3.4.5"));
  CHECK_FALSE(readable("........"));
}

TEST_CASE("a value is its bytes, and no header makes it a marker by mistake") {
  const std::string bytes("\0\xff\n", 3);
  const Message message(bytes, {{"My-Header", "DEL"}, {"Nats-Rollup", "sub"}});
  CHECK(message.entry.value.data == bytes);
  CHECK(message.entry.size == 3);
  CHECK(message.entry.operation == Operation::put);
  CHECK_FALSE(message.entry.marker());
  CHECK(message.entry.marker_reason.empty());
  CHECK(operation({}) == Operation::put);
  CHECK(operation({{"KV-Operation", "PUT"}}) == Operation::put);
  CHECK(operation({{"KV-Operation", ""}}) == Operation::put);
}

TEST_CASE("markers of clients and of the server") {
  CHECK(operation({{"KV-Operation", "DEL"}}) == Operation::del);
  CHECK(operation({{"KV-Operation", "PURGE"}}) == Operation::purge);
  CHECK(operation({{"Nats-Marker-Reason", "MaxAge"}}) == Operation::purge);
  CHECK(operation({{"Nats-Marker-Reason", "Purge"}}) == Operation::purge);
  CHECK(operation({{"Nats-Marker-Reason", "Remove"}}) == Operation::del);
  CHECK(operation({{"Nats-Marker-Reason", "Unheard"}}) == Operation::put);
  CHECK(operation({{"KV-Operation", "DEL"}, {"Nats-Marker-Reason", "MaxAge"}}) == Operation::del);
  const Message message("left over", {{"Nats-Marker-Reason", "MaxAge"}, {"Nats-TTL", "3s"}});
  CHECK(message.entry.marker_reason == "MaxAge");
  CHECK(message.entry.value.data.empty());
  CHECK(message.entry.size == 0);
}

TEST_CASE("without values the size is the server's word") {
  CHECK(Message("", {{"Nats-Msg-Size", "1048576"}}, true).entry.size == 1048576);
  CHECK(Message("", {}, true).entry.size == 0);
  CHECK(Message("", {{"Nats-Msg-Size", "5"}, {"KV-Operation", "DEL"}}, true).entry.size == 0);
  CHECK(Message("abc", {{"Nats-Msg-Size", "5"}}).entry.size == 3);
}

TEST_CASE("the words of Nats-TTL") {
  CHECK(ttl("1") == 1'000'000'000);
  CHECK(ttl("5s") == 5'000'000'000);
  CHECK(ttl("1m") == 60'000'000'000);
  CHECK(ttl("1h30m") == 5'400'000'000'000);
  CHECK(ttl("2h0m1s") == 7'201'000'000'000);
  // As the server counts them: whole seconds.
  CHECK(ttl("1500ms") == 1'000'000'000);
  CHECK(ttl("90.5s") == 90'000'000'000);
  CHECK(ttl("1.5h") == 5'400'000'000'000);
  CHECK(ttl("+90s") == 90'000'000'000);
  CHECK(ttl("90000000us") == 90'000'000'000);
  CHECK(ttl("2562047h") == 9'223'369'200'000'000'000);
  for (const char* none : {"", "bogus", "2d", "1w", "s", "-1s", "-5", "3.0", "2 s", "5S", "0", "999ms",
                           "99999999999h", "9223372037", "99999999999999999999"}) {
    CAPTURE(none);
    CHECK(ttl(none) == 0);
  }
  CHECK(Message("v", {{"Nats-TTL", "NEVER"}}).entry.never_expires);
  CHECK_FALSE(Message("v", {{"Nats-TTL", "nevermore"}}).entry.never_expires);
  const Message never("v", {{"Nats-TTL", "never"}});
  CHECK(never.entry.never_expires);
  CHECK(never.entry.ttl.ns == 0);
  CHECK_FALSE(Message("v", {}).entry.never_expires);
}

TEST_CASE("of headers that are there twice the last one is the server's") {
  Message message("v", {});
  natsMsg* const raw = message.message.get();
  CHECK_FALSE(read_stored(raw));
  for (const auto& [name, value] : Headers{{"Nats-Sequence", "7"},
                                           {"Nats-Subject", "$KV.origin.k"},
                                           {"Nats-Time-Stamp", "2020-01-01T00:00:00Z"},
                                           {"Status", "404"},
                                           {"Nats-Sequence", "9"},
                                           {"Nats-Subject", "$KV.b.k"},
                                           {"Nats-Time-Stamp", "2026-11-24T01:02:03.5Z"}})
    REQUIRE(natsMsgHeader_Add(raw, name.c_str(), value.c_str()) == NATS_OK);
  const auto stored = read_stored(raw);
  REQUIRE(stored);
  CHECK(stored->sequence == 9);
  CHECK(stored->subject == "$KV.b.k");
  CHECK(stored->time.ns == 1'795'482'123'500'000'000);
  CHECK(last_header(raw, "Status") == "404");
  CHECK(last_header(raw, "None").empty());
}

TEST_CASE("a message that the leader tells in JSON is the same message") {
  Stored stored;
  const auto document = nlohmann::ordered_json::parse(
      R"({"subject": "$KV.b.a\\\"b", "seq": 9, "time": "2026-11-24T01:02:03.5Z", "data": "dg==",
          "hdrs": "TkFUUy8xLjANCktWLU9wZXJhdGlvbjogREVMDQpBOg0KDQo="})");
  const auto message = read_stored(document, stored);
  CHECK(stored.subject == "$KV.b.a\\\"b");
  CHECK(stored.sequence == 9);
  CHECK(std::string_view(natsMsg_GetData(message.get()), 1) == "v");
  CHECK(header(message.get(), "KV-Operation") == "DEL");
  CHECK_THROWS(read_stored(nlohmann::ordered_json::parse(R"({"data": "?"})"), stored));
}

TEST_CASE("operations have the names of the JSON field") {
  CHECK(name_of(Operation::put) == "PUT");
  CHECK(name_of(Operation::del) == "DEL");
  CHECK(name_of(Operation::purge) == "PURGE");
}
