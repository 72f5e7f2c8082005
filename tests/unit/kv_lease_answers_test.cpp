#include "kv/lease/answers.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace natskv;
using Kind = lease::WriteOutcome::Kind;

namespace {

nats::Answer answer(const std::string& text) {
  REQUIRE(nats_Open(-1) == NATS_OK);  // messages of a library that is not open crash it
  natsMsg* raw = nullptr;
  REQUIRE(natsMsg_Create(&raw, "inbox", nullptr, text.data(), static_cast<int>(text.size())) == NATS_OK);
  return {.id = 1, .status = NATS_OK, .message = nats::Message(raw)};
}

Kind outcome(natsStatus status) { return lease::outcome_of(nats::Answer{.id = 1, .status = status}).kind; }
Kind outcome(const char* json) { return lease::outcome_of(answer(json)).kind; }

}  // namespace

TEST_CASE("A write is stored, refused, not sent, unanswered or failed") {
  const auto stored = lease::outcome_of(answer(R"({"stream":"KV_b","seq":7})"));
  CHECK(stored.kind == Kind::stored);
  CHECK(stored.revision == 7);
  CHECK(outcome(R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 8"}})") ==
        Kind::refused);
  // On replicated streams, where another write is under way.
  CHECK(outcome(R"({"error":{"code":400,"err_code":10164,"description":"wrong last sequence"}})") ==
        Kind::refused);
  CHECK(lease::outcome_of(std::nullopt).kind == Kind::not_sent);
  CHECK(outcome(NATS_NO_RESPONDERS) == Kind::not_sent);
  for (const auto status : {NATS_TIMEOUT, NATS_CONNECTION_DISCONNECTED, NATS_CONNECTION_CLOSED})
    CHECK(outcome(status) == Kind::unanswered);
  CHECK(outcome(NATS_NOT_PERMITTED) == Kind::failed);
  const auto full = lease::outcome_of(
      answer(R"({"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}})"));
  CHECK(full.kind == Kind::failed);
  REQUIRE(full.error);
  CHECK(full.error->code == 10077);
}

TEST_CASE("What is no answer of a leader's proves nothing") {
  CHECK(outcome("") == Kind::unanswered);
  CHECK(outcome("not JSON") == Kind::unanswered);
  CHECK(outcome("{}") == Kind::unanswered);
  CHECK(
      outcome(
          R"({"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}})") ==
      Kind::unanswered);
}

TEST_CASE("A look tells who holds the key, and what only looks like a holder") {
  const auto sight = [](const char* headers, const char* data) {
    nlohmann::ordered_json message{
        {"subject", "$KV.b.k"}, {"seq", 9}, {"data", data}, {"time", "2026-01-02T03:04:05Z"}};
    if (*headers != '\0') message["hdrs"] = headers;
    return lease::sight_of(message);
  };
  // NATS/1.0, Natskv-Holder: abc, Nats-TTL: 30s; value "host:1"
  const auto held = sight("TkFUUy8xLjANCk5hdHNrdi1Ib2xkZXI6IGFiYw0KTmF0cy1UVEw6IDMwcw0KDQo=", "aG9zdDox");
  CHECK(held.live);
  CHECK(held.revision == 9);
  CHECK(held.holder == "abc");
  CHECK(held.text == "host:1");
  CHECK(held.ttl == seconds(30));
  // The value of another client's may be a secret.
  const auto foreign = sight("", "c2VjcmV0");
  CHECK(foreign.live);
  CHECK(foreign.holder.empty());
  CHECK(foreign.text.empty());
  // NATS/1.0, KV-Operation: PURGE
  const auto marker = sight("TkFUUy8xLjANCktWLU9wZXJhdGlvbjogUFVSR0UNCg0K", "");
  CHECK_FALSE(marker.live);
  CHECK(marker.revision == 9);
}
