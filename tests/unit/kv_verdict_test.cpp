// What is done with a write that was not acknowledged.
#include "kv/write/verdict.hpp"

#include <doctest/doctest.h>

using natskv::after_loss;
using natskv::after_refusal;
using natskv::Exit;
using natskv::InFlight;
using natskv::Latest;
using natskv::Verdict;
using natskv::nats::Error;
using What = Verdict::What;

namespace {

InFlight put() { return {.number = 1, .write = {.key = "k", .value = "v"}, .floor = 10}; }

InFlight update(std::uint64_t expected) {
  auto write = put();
  write.write.expected = write.condition = expected;
  return write;
}

InFlight create() {
  auto write = update(0);
  write.write.creates = true;
  return write;
}

Verdict lost(const InFlight& write, const Latest& latest, bool comparable = true) {
  return after_loss("b", write, latest, comparable);
}

const Error conflict{NATS_ERR, 10071, "wrong last sequence: 12"};
const Error too_many{NATS_ERR, 10167, "too many requests"};
const Error full{NATS_ERR, 10077, "maximum bytes exceeded"};
const Error nobody{NATS_NO_RESPONDERS, 0, "no responders"};

}  // namespace

TEST_CASE("what the server refuses for now is sent again") {
  CHECK(after_refusal(put(), too_many, false).what == What::later);
  CHECK(after_refusal(update(3), too_many, false).what == What::later);
  CHECK(after_refusal(put(), nobody, true).what == What::later);
  CHECK(after_refusal(put(), nobody, false).what == What::failed);
  CHECK(after_refusal(put(), full, true).what == What::failed);
}

TEST_CASE("a conflict is the caller's own, but for a create over a marker and a condition of ours") {
  CHECK(after_refusal(update(3), conflict, false).what == What::failed);
  CHECK(after_refusal(create(), conflict, false).what == What::look);
  auto again = put();
  again.condition = 7;
  CHECK(after_refusal(again, conflict, false).what == What::look);
  auto erase = update(3);
  erase.write.erase = erase.write.creates = true;
  CHECK(after_refusal(erase, conflict, false).what == What::failed);
}

TEST_CASE("a lost put is sent again where the key is as it was before") {
  for (const std::uint64_t latest : {0, 3, 10}) {
    const auto verdict = lost(put(), {.revision = latest, .live = latest > 0});
    CHECK(verdict.what == What::again);
    CHECK(verdict.revision == latest);
  }
}

TEST_CASE("a lost put that the bucket holds was stored; other bytes are another's") {
  const auto stored = lost(put(), {.revision = 12, .live = true, .same = true});
  CHECK(stored.what == What::stored);
  CHECK(stored.revision == 12);
  const auto other = lost(put(), {.revision = 12, .live = true});
  REQUIRE(other.what == What::failed);
  CHECK(other.failure->exit() == Exit::conflict);
  CHECK(other.failure->about().revision == 12);
}

TEST_CASE("a lost compare-and-set is sent again only while its condition holds, whatever the bytes") {
  CHECK(lost(update(3), {.revision = 3, .live = true}).what == What::again);
  const auto unknown = lost(update(3), {.revision = 12, .live = true, .same = true});
  REQUIRE(unknown.what == What::failed);
  CHECK(unknown.failure->exit() == Exit::unknown);
}

TEST_CASE("a lost create goes over a marker that was there before, and over nothing else") {
  CHECK(lost(create(), {}).what == What::again);
  CHECK(lost(create(), {.revision = 9}).what == What::again);
  CHECK(lost(create(), {.revision = 9, .live = true}).what == What::failed);
  CHECK(lost(create(), {.revision = 12}).failure->exit() == Exit::unknown);
  CHECK(lost(create(), {.revision = 12, .live = true, .same = true}).failure->exit() == Exit::unknown);
}

TEST_CASE("a refused create is sent again over a marker; a value is a conflict") {
  auto refused = create();
  refused.refused = true;
  const auto again = lost(refused, {.revision = 12});
  CHECK(again.what == What::again);
  CHECK(again.revision == 12);
  const auto exists = lost(refused, {.revision = 12, .live = true, .same = true});
  REQUIRE(exists.what == What::failed);
  CHECK(exists.failure->exit() == Exit::conflict);
}

TEST_CASE("what cannot be compared is unknown: a mirror's origin, a purge without a marker") {
  CHECK(lost(put(), {.revision = 12, .live = true, .same = true}, false).failure->exit() == Exit::unknown);
  auto erase = update(3);
  erase.write.erase = true;
  CHECK(lost(erase, {.revision = 3, .live = true}).failure->exit() == Exit::unknown);
}

TEST_CASE("what expires goes over nothing, and its own lost answer is known by its bytes") {
  auto write = create();
  write.write.over_nothing = true;
  const auto returns = [](const Verdict& verdict) {
    return verdict.what == What::failed && verdict.failure && verdict.failure->exit() == Exit::failure;
  };
  CHECK(lost(write, {.revision = 0}).what == What::again);
  CHECK(lost(write, {.revision = 9}).what == What::again);  // a marker
  CHECK(returns(lost(write, {.revision = 9, .live = true})));
  CHECK(lost(write, {.revision = 12, .live = true, .same = true}).what == What::stored);
  CHECK(lost(write, {.revision = 12, .live = true}).failure->exit() == Exit::conflict);
  write.refused = true;
  CHECK(lost(write, {.revision = 12}).what == What::again);
  CHECK(returns(lost(write, {.revision = 12, .live = true})));
}
