// What is done with each item, without a server.
#include "commands/bulk/planner.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace natskv;
using namespace natskv::commands;

namespace {

constexpr Instant now{1'000'000'000'000};

/// Keys a (value 1, revision 5) and gone (a marker, revision 6).
Snapshot bucket() {
  Snapshot there;
  Entry entry;
  entry.key = "a";
  entry.value = Bytes{"1"};
  entry.revision = 5;
  there.set(entry);
  entry.key = "gone";
  entry.value = Bytes{""};
  entry.revision = 6;
  entry.operation = Operation::del;
  there.set(entry);
  return there;
}

Item item(std::string_view key, std::string_view value = "1") {
  Item made;
  made.key = key;
  made.value = value;
  return made;
}

Item with_condition(std::string_view key, std::uint64_t revision, std::string_view value = "1") {
  Item made = item(key, value);
  made.if_revision = revision;
  return made;
}

using Kind = Step::Kind;

}  // namespace

TEST_CASE("without rules every item is a write without a condition, again and again") {
  Planner planner({.bucket = "b"}, nullptr);
  for (const bool again : {false, true}) {
    const Step step = planner.plan(item("a"), now);
    CHECK(step.kind == Kind::write);
    CHECK(step.again == again);
    CHECK_FALSE(step.write.expected);
    CHECK(step.write.key == "a");
    CHECK(step.write.value == "1");
  }
  CHECK(planner.keys().size() == 1);
}

TEST_CASE("--create: a condition, over a marker too; a later item goes over the own one") {
  Planner planner({.bucket = "b", .create = true}, nullptr);
  const Step first = planner.plan(item("a"), now);
  CHECK(first.kind == Kind::write);
  CHECK(first.write.expected == 0U);
  CHECK(first.write.creates);
  CHECK(planner.plan(item("a"), now).kind == Kind::over_own);
}

TEST_CASE("a dry run decides by what the bucket held") {
  const Snapshot there = bucket();
  Planner create({.bucket = "b", .create = true, .decide = true}, &there);
  const Step exists = create.plan(item("a"), now);
  REQUIRE(exists.kind == Kind::refused);
  CHECK(exists.failure->exit() == Exit::conflict);
  CHECK(exists.failure->about().revision == 5);
  CHECK(create.plan(item("gone"), now).kind == Kind::write);
  CHECK(create.plan(item("new"), now).kind == Kind::write);
  Planner update({.bucket = "b", .update = true, .decide = true}, &there);
  Item at = item("a");
  at.revision = 5;
  CHECK(update.plan(at, now).kind == Kind::write);
  CHECK(update.plan(at, now).kind == Kind::refused);  // the first one changed it
  at.revision = 4;
  CHECK(Planner({.bucket = "b", .update = true, .decide = true}, &there).plan(at, now).kind == Kind::refused);
}

TEST_CASE("--skip-unchanged: the same operation and value, but not for a later item of the key") {
  const Snapshot there = bucket();
  Planner planner({.bucket = "b", .skip_unchanged = true}, &there);
  const Step same = planner.plan(item("a"), now);
  CHECK(same.kind == Kind::unchanged);
  CHECK(same.latest == 5);
  CHECK(planner.plan(item("a"), now).kind == Kind::write);
  CHECK(planner.plan(item("gone", ""), now).kind == Kind::write);
  Item marker = item("gone", "");
  marker.operation = Operation::del;
  CHECK(Planner({.bucket = "b", .skip_unchanged = true}, &there).plan(marker, now).kind == Kind::unchanged);
}

TEST_CASE("if_revision is the write's condition, checked before --skip-unchanged") {
  const Snapshot there = bucket();
  Planner plain({.bucket = "b"}, nullptr);
  CHECK(plain.plan(with_condition("a", 5), now).write.expected == 5U);
  const Step none = plain.plan(with_condition("b", 0), now);
  CHECK(none.write.expected == 0U);
  CHECK(none.write.creates);
  Planner skipping({.bucket = "b", .skip_unchanged = true}, &there);
  CHECK(skipping.plan(with_condition("a", 4), now).kind == Kind::refused);
  CHECK(Planner({.bucket = "b", .skip_unchanged = true}, &there).plan(with_condition("a", 5), now).kind ==
        Kind::unchanged);
  // The server reads a pattern: such a key is written alone, which a batch can't.
  CHECK(plain.plan(with_condition("c.*", 1), now).kind == Kind::write);
  Planner atomic({.bucket = "b", .atomic = true}, nullptr);
  CHECK(atomic.plan(with_condition("c.*", 1), now).kind == Kind::refused);
}

TEST_CASE("what is left of a time to live, in whole seconds rounded up; what is over is not written") {
  Planner planner({.bucket = "b", .ttl_allowed = true}, nullptr);
  Item timed = item("a");
  timed.ttl = seconds(10);
  timed.created = Instant{now.ns - 2'500'000'000};
  CHECK(planner.plan(timed, now).write.ttl == seconds(8));
  timed.created = Instant{now.ns - 10'000'000'000};
  CHECK(planner.plan(timed, now).kind == Kind::expired);
  timed.created.reset();
  CHECK(planner.plan(timed, now).write.ttl == seconds(10));
  Planner none({.bucket = "b"}, nullptr);
  CHECK(none.plan(timed, now).kind == Kind::refused);
  Planner ignoring({.bucket = "b", .ignore_ttl = true}, nullptr);
  CHECK_FALSE(ignoring.plan(timed, now).write.ttl);
}

TEST_CASE("limits are known before") {
  Planner planner({.bucket = "b", .max_value = 2, .max_payload = 3}, nullptr);
  CHECK(planner.plan(item("a", "12"), now).kind == Kind::write);
  CHECK(planner.plan(item("a", "123"), now).kind == Kind::refused);
  CHECK(planner.unfit(item("a", "1234")));
  Item check = with_condition("a", 5);
  check.check = true;
  REQUIRE(planner.unfit(check));
  CHECK(planner.unfit(check)->exit() == Exit::usage);
  Planner atomic({.bucket = "b", .atomic = true}, nullptr);
  const Step step = atomic.plan(check, now);
  CHECK(step.kind == Kind::check);
  CHECK(step.write.expected == 5U);
}

TEST_CASE("over a history what expires is written over nothing, or takes the history along") {
  const Snapshot there = bucket();
  const auto expiring = [](std::string_view key) {
    Item made = item(key, "2");
    made.ttl = seconds(60);
    return made;
  };
  Planner careful({.bucket = "b", .ttl_allowed = true, .keeps_history = true}, nullptr);
  const Step step = careful.plan(expiring("a"), now);
  CHECK(step.kind == Kind::write);
  CHECK(step.write.over_nothing);
  CHECK(step.write.creates);
  CHECK(step.write.expected == std::uint64_t{0});
  CHECK_FALSE(careful.plan(item("a"), now).write.over_nothing);
  Item at = expiring("a");
  at.if_revision = 5;
  const Step conditional = careful.plan(at, now);
  CHECK(conditional.write.over_nothing);
  CHECK_FALSE(conditional.write.creates);
  CHECK(conditional.write.expected == std::uint64_t{5});
  at.if_revision = 0;
  CHECK_FALSE(careful.plan(at, now).write.over_nothing);

  Planner listed({.bucket = "b", .decide = true, .ttl_allowed = true, .keeps_history = true}, &there);
  const Step refused = listed.plan(expiring("a"), now);
  CHECK(refused.kind == Kind::refused);
  CHECK(refused.failure->exit() == Exit::failure);
  CHECK(listed.plan(expiring("gone"), now).kind == Kind::write);

  Planner dropping({.bucket = "b", .ttl_allowed = true, .keeps_history = true, .drop_history = true},
                   nullptr);
  CHECK(dropping.plan(expiring("a"), now).write.drop_history);
  CHECK_FALSE(dropping.plan(expiring("a"), now).write.expected);
  CHECK(dropping.plan(item("a"), now).write.drop_history);
  Item purge = item("a");
  purge.operation = Operation::purge;
  CHECK_FALSE(dropping.plan(purge, now).write.drop_history);
  Planner without({.bucket = "b", .ttl_allowed = true, .drop_history = true}, nullptr);
  CHECK_FALSE(without.plan(expiring("a"), now).write.drop_history);
}
