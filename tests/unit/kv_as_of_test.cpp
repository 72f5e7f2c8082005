#include "kv/read/as_of.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace natskv;
using State = AsOf::State;
using Why = AsOf::Why;

namespace {

Entry put(std::string_view key, std::uint64_t revision, std::int64_t at = 0) {
  Entry entry;
  entry.key = key;
  entry.revision = revision;
  entry.created = Instant{at};
  return entry;
}

Entry marker(std::string_view key, std::uint64_t revision, Operation operation = Operation::del) {
  Entry entry = put(key, revision);
  entry.operation = operation;
  return entry;
}

AsOf read(const AsOf::Stream& stream, std::initializer_list<Entry> kept, std::uint64_t last) {
  AsOf keys(stream);
  std::uint64_t count = 0;
  for (const auto& entry : kept) {
    keys.add(entry);
    ++count;
  }
  keys.finish(last, count == last);
  return keys;
}

}  // namespace

TEST_CASE("a key holds its last revision up to then; what came later did not exist") {
  const auto keys = read({.upto = 3, .history = 5},
                         {put("a", 1), put("b", 2), marker("b", 3), put("a", 4), put("c", 5)}, 5);
  CHECK(keys.of("a").state == State::present);
  CHECK(keys.of("a").revision == 1);
  CHECK(keys.of("b").state == State::deleted);
  CHECK(keys.of("b").revision == 3);
  CHECK(keys.of("c").state == State::absent);
  CHECK(keys.of("never").state == State::absent);
  CHECK(keys.present() == 1);
  CHECK(keys.deleted() == 1);
  CHECK(keys.uncertain() == 0);
  CHECK(keys.held(put("a", 1)));
  CHECK_FALSE(keys.held(put("a", 4)));
  CHECK(keys.held(marker("b", 3)));
  CHECK(keys.first_held() == 1);
  CHECK(read({.upto = 5, .history = 5}, {put("a", 1), put("a", 4), put("b", 5)}, 5).first_held() == 4);
}

TEST_CASE("a key at the bucket's limit is uncertain before its oldest revision") {
  const std::initializer_list<Entry> kept{put("a", 2), put("b", 3), put("a", 4), put("new", 5)};
  const auto keys = read({.upto = 1, .history = 2}, kept, 5);
  CHECK(keys.of("a").state == State::uncertain);
  CHECK(keys.of("a").why == Why::limit);
  CHECK(keys.of("a").revision == 2);
  CHECK(keys.of("b").state == State::absent);
  CHECK(keys.of("new").state == State::absent);
  CHECK(keys.uncertain() == 1);
  // Nothing up to then is missing: everybody's past is known.
  const auto all = read({.upto = 1, .history = 1}, {put("a", 1), put("b", 2), put("c", 4)}, 4);
  CHECK(all.of("a").state == State::present);
  CHECK(all.of("b").state == State::absent);
  CHECK(all.uncertain() == 0);
}

TEST_CASE("a roll-up removed what was before it") {
  for (const bool purge : {true, false}) {
    Entry rollup = purge ? marker("a", 3, Operation::purge) : put("a", 3);
    rollup.rollup = !purge;
    const auto before = read({.upto = 2, .history = 9}, {put("b", 1), rollup, put("a", 4)}, 4);
    CHECK(before.of("a").state == State::uncertain);
    CHECK(before.of("a").why == Why::purged);
    CHECK(before.of("b").state == State::present);
    const auto after = read({.upto = 3, .history = 9}, {put("b", 1), rollup, put("a", 4)}, 4);
    CHECK(after.of("a").state == (purge ? State::deleted : State::present));
  }
}

TEST_CASE("where keys expire, one that is not kept may have been there, and others nobody can name") {
  const auto keys = read({.upto = 3, .history = 5, .expires = true}, {put("a", 3), put("b", 4)}, 4);
  CHECK(keys.of("a").state == State::present);
  CHECK(keys.of("b").why == Why::expired);
  CHECK(keys.of("never").state == State::uncertain);
  CHECK(keys.nameless());
  const auto complete = read({.upto = 1, .history = 5, .expires = true}, {put("a", 1), put("b", 2)}, 2);
  CHECK(complete.of("b").state == State::absent);
  CHECK_FALSE(complete.nameless());
}

TEST_CASE("where revisions may be missing in between, a key is certain only above the last that is") {
  const auto keys = read({.upto = 4, .history = 5, .gaps = true}, {put("a", 1), put("b", 4), put("c", 6)}, 6);
  CHECK(keys.of("a").state == State::uncertain);
  CHECK(keys.of("a").why == Why::gap);
  CHECK(keys.of("b").state == State::present);
  CHECK(keys.of("c").state == State::uncertain);
  CHECK_FALSE(keys.held(put("a", 1)));
  CHECK(keys.uncertain() == 2);
  CHECK(keys.nameless());
}

TEST_CASE("a revision that no kept key can have lost was removed with its key") {
  // 1 may be a's, which is at its limit; 3 can't.
  CHECK(read({.upto = 1, .history = 2}, {put("a", 2), put("a", 4)}, 4).unexplained() == 0);
  CHECK(read({.upto = 3, .history = 2}, {put("a", 2), put("a", 4)}, 4).unexplained() == 3);
  CHECK(read({.upto = 4, .history = 2}, {}, 4).unexplained() == 4);
  CHECK(read({.upto = 2, .history = 2}, {put("a", 1), put("a", 2)}, 2).unexplained() == 0);
}

TEST_CASE("a time counts what was stored then, and ends before the first revision after it") {
  const std::initializer_list<Entry> kept{put("a", 1, 10), put("b", 2, 20), put("a", 3, 20), put("a", 6, 30)};
  const auto upto = [&](std::int64_t at) {
    AsOf keys({.until = Instant{at}, .history = 5});
    for (const auto& entry : kept) keys.add(entry);
    keys.finish(6, false);
    return keys.upto();
  };
  CHECK(upto(9) == 0);
  CHECK(upto(10) == 1);
  CHECK(upto(19) == 1);
  CHECK(upto(20) == 5);
  CHECK(upto(29) == 5);
  CHECK(upto(30) == 6);
  AsOf nothing({.until = Instant{5}, .history = 5});
  nothing.finish(7, false);
  CHECK(nothing.upto() == 7);
}

TEST_CASE("only keys that were asked for are counted") {
  AsOf keys({.upto = 2, .history = 1});
  keys.add(put("a", 2), false);
  keys.add(put("b", 3), false);
  keys.add(put("c", 4), true);
  keys.finish(4, false);
  CHECK(keys.present() == 0);
  CHECK(keys.uncertain() == 1);
  CHECK(keys.of("b").state == State::uncertain);
  CHECK(keys.keeps("b"));
  CHECK_FALSE(keys.keeps("never"));
}
