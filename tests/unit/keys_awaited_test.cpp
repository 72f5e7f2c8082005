#include "commands/keys/awaited.hpp"

#include <doctest/doctest.h>

#include <string>

using natskv::Bytes;
using natskv::Entry;
using natskv::Instant;
using natskv::Operation;
using natskv::Pattern;
using natskv::seconds;
using natskv::Span;
using natskv::commands::Awaited;
using natskv::commands::Wanted;

namespace {

Entry put(std::string_view key, std::uint64_t revision, std::string_view value = "v") {
  Entry entry;
  entry.bucket = "b";
  entry.key = key;
  entry.value = Bytes{value};
  entry.revision = revision;
  return entry;
}

Entry del(std::string_view key, std::uint64_t revision) {
  Entry entry = put(key, revision, "");
  entry.operation = Operation::del;
  return entry;
}

Entry expiring(std::string_view key, std::uint64_t revision, std::int64_t created, std::int64_t ttl) {
  Entry entry = put(key, revision);
  entry.created = Instant{seconds(created).ns};
  entry.ttl = seconds(ttl);
  return entry;
}

void see(Awaited& awaited, const Entry& entry, Span max_age = {}) {
  awaited.saw(entry, awaited.wanted().counts(entry), max_age);
}

/// Revisions of the entries that are kept.
std::string kept(const Awaited& awaited) {
  std::string all;
  awaited.for_each(
      [&](const Entry& entry) { all += std::string(entry.key) + "=" + std::string(entry.value.data) + " "; });
  return all;
}

const Pattern key{.text = "k"}, all{.text = ">", .wild = true};

}  // namespace

TEST_CASE("which entries count") {
  const Wanted any{.keys = key};
  CHECK(any.counts(put("k", 1)));
  CHECK(any.counts(put("k", 1, "")));
  CHECK_FALSE(any.counts(del("k", 1)));
  const Wanted value{.keys = key, .value = "x"};
  CHECK(value.counts(put("k", 1, "x")));
  CHECK_FALSE(value.counts(put("k", 1, "xy")));
  CHECK_FALSE(value.counts(del("k", 1)));
  const Wanted empty{.keys = key, .value = ""};
  CHECK(empty.counts(put("k", 1, "")));
  CHECK_FALSE(empty.counts(del("k", 1)));
  const Wanted other{.keys = key, .not_value = "x"};
  CHECK(other.counts(put("k", 1, "y")));
  CHECK_FALSE(other.counts(put("k", 1, "x")));
  CHECK_FALSE(other.counts(del("k", 1)));
  const Wanted after{.keys = key, .after = 5};
  CHECK_FALSE(after.counts(put("k", 5)));
  CHECK(after.counts(put("k", 6)));
  CHECK(after.counts(del("k", 6)));
  const Wanted value_after{.keys = key, .value = "x", .after = 5};
  CHECK_FALSE(value_after.counts(put("k", 5, "x")));
  CHECK(value_after.counts(put("k", 6, "x")));
  CHECK_FALSE(value_after.counts(del("k", 6)));
  const Wanted command_after{.keys = key, .after = 5, .command = true};
  CHECK_FALSE(command_after.counts(del("k", 6)));
  CHECK(command_after.counts(put("k", 6)));
}

TEST_CASE("a condition is so when enough keys count at the same time") {
  Awaited awaited({.keys = all, .count = 2}, true);
  see(awaited, put("a", 1));
  see(awaited, put("a", 2, "again"));
  CHECK_FALSE(awaited.is_so());
  see(awaited, del("a", 3));
  see(awaited, put("b", 4));
  CHECK_FALSE(awaited.is_so());
  see(awaited, put("a", 5, "last"));
  CHECK(awaited.is_so());
  CHECK(kept(awaited) == "a=last b=v ");
  awaited.start_over();
  CHECK_FALSE(awaited.is_so());
  CHECK(kept(awaited).empty());
}

TEST_CASE("what COMMAND does not accept does not count, and a value that it accepted counts no more") {
  Awaited awaited({.keys = key, .command = true}, false);
  awaited.saw(put("k", 1), false, {});
  CHECK_FALSE(awaited.is_so());
  awaited.saw(put("k", 2), true, {});
  CHECK(awaited.is_so());
  CHECK(kept(awaited).empty());
  awaited.saw(put("k", 3), false, {});
  CHECK_FALSE(awaited.is_so());
}

TEST_CASE("absent is so only when everything was seen") {
  Awaited awaited({.keys = all, .absent = true}, false);
  CHECK_FALSE(awaited.is_so());
  see(awaited, put("a", 1));
  see(awaited, del("b", 2));
  awaited.all_seen();
  CHECK_FALSE(awaited.is_so());
  see(awaited, del("a", 3));
  CHECK(awaited.is_so());
  awaited.start_over();
  CHECK_FALSE(awaited.is_so());
}

TEST_CASE("the first end of a key that counts, by its own time to live or the bucket's") {
  Awaited awaited({.keys = all, .absent = true}, false);
  CHECK_FALSE(awaited.first_end());
  see(awaited, put("for ever", 1));
  CHECK_FALSE(awaited.first_end());
  see(awaited, expiring("a", 2, 100, 30));
  CHECK(awaited.first_end() == Instant{seconds(130).ns});
  see(awaited, expiring("b", 3, 100, 30), seconds(10));
  CHECK(awaited.first_end() == Instant{seconds(110).ns});
  see(awaited, expiring("c", 4, 100, 5), seconds(10));
  CHECK(awaited.first_end() == Instant{seconds(105).ns});
  Entry never = put("d", 5);
  never.never_expires = true;
  never.created = Instant{seconds(50).ns};
  see(awaited, never, seconds(20));
  CHECK(awaited.first_end() == Instant{seconds(70).ns});
}

TEST_CASE("a look removes what is gone without an event, and nothing that came after it") {
  Awaited awaited({.keys = all, .count = 3}, false);
  see(awaited, expiring("a", 1, 100, 5));
  see(awaited, expiring("b", 2, 100, 9));
  see(awaited, put("new", 8));
  CHECK(awaited.may_vanish());
  CHECK(awaited.is_so());
  awaited.is_left("b");
  awaited.is_left("unknown");
  awaited.all_left(7);
  CHECK_FALSE(awaited.is_so());
  CHECK(awaited.first_end() == Instant{seconds(109).ns});
  awaited.is_left("new");
  awaited.all_left(8);
  awaited.all_left(9);
  CHECK_FALSE(awaited.may_vanish());
  CHECK_FALSE(awaited.first_end());
}

TEST_CASE("conditions in words, without a value") {
  const auto words = [](Wanted wanted) {
    wanted.bucket = "b";
    return wanted.sentence();
  };
  const Pattern pattern{.text = "p.*", .wild = true};
  CHECK(words({.keys = key}) == R"(key "k" in bucket "b" has a value)");
  CHECK(words({.keys = key, .value = "secret"}) == R"(key "k" in bucket "b" has the given value)");
  CHECK(words({.keys = key, .not_value = "secret"}) == R"(key "k" in bucket "b" has another value)");
  CHECK(words({.keys = key, .after = 4}) == R"(key "k" in bucket "b" has a revision above 4)");
  CHECK(words({.keys = key, .value = "secret", .after = 4}) ==
        R"(key "k" in bucket "b" has the given value at a revision above 4)");
  CHECK(words({.keys = key, .absent = true}) == R"(key "k" in bucket "b" has no value)");
  CHECK(words({.keys = pattern, .absent = true}) == R"(no key in bucket "b" that matches "p.*" has a value)");
  CHECK(words({.keys = pattern, .command = true}) ==
        R"(a key in bucket "b" that matches "p.*" has a value that COMMAND accepts)");
  CHECK(words({.keys = pattern, .count = 3}) == R"(3 keys in bucket "b" that match "p.*" have a value)");
}
