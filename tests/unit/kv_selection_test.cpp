#include "kv/read/selection.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using natskv::Selection;

TEST_CASE("all keys, one pattern, one key: the server's filter is exact") {
  const Selection all({}, "$KV.b.");
  CHECK(all.filter() == "$KV.b.>");
  CHECK(all.exact());
  CHECK(all.all_keys());
  CHECK(all.key_of("$KV.b.x.y") == "x.y");
  CHECK_FALSE(all.key_of("$KV.bb.x"));
  const Selection pattern({{"app.>", true}}, "$KV.b.");
  CHECK(pattern.filter() == "$KV.b.app.>");
  CHECK(pattern.exact());
  CHECK_FALSE(pattern.all_keys());
  CHECK(Selection({{"app.x", false}}, "$KV.b.").filter() == "$KV.b.app.x");
}

TEST_CASE("what one filter lets through is looked at here") {
  const Selection two({{"app.x", false}, {"app.y", false}}, "$KV.b.");
  CHECK(two.filter() == "$KV.b.app.*");
  CHECK_FALSE(two.exact());
  CHECK(two.key_of("$KV.b.app.x") == "app.x");
  CHECK_FALSE(two.key_of("$KV.b.app.z"));
  const Selection wide({{"a.>", true}, {"b.c", false}}, "$KV.b.");
  CHECK(wide.filter() == "$KV.b.*.>");
  CHECK_FALSE(wide.all_keys());
  // Keys that read as patterns, or that JSON cannot hold.
  const Selection literal({{"a.*", false}}, "$KV.b.");
  CHECK_FALSE(literal.exact());
  CHECK(literal.key_of("$KV.b.a.*") == "a.*");
  CHECK_FALSE(literal.key_of("$KV.b.a.b"));
  const Selection bytes({{"a.\xff", false}}, "$KV.b.");
  CHECK(bytes.filter() == "$KV.b.a.*");
  CHECK(bytes.key_of("$KV.b.a.\xff") == "a.\xff");
  CHECK_FALSE(bytes.key_of("$KV.b.a.b"));
}

TEST_CASE("what several patterns select is counted once, by filters that the server knows") {
  using Counted = std::map<std::string, int>;
  const auto counted = [](std::vector<natskv::Pattern> patterns) {
    return Selection(std::move(patterns), "b.").counted();
  };
  CHECK(counted({{"a", false}, {"c.*", true}}) == Counted{{"b.a", 1}, {"b.c.*", 1}});
  CHECK(counted({{"a", false}, {"a", false}}) == Counted{{"b.a", 1}});
  CHECK(counted({{"a.x", false}, {"a.>", true}, {"a.y", false}}) == Counted{{"b.a.>", 1}});
  CHECK(counted({{"a.*", true}, {"*.x", true}}) == Counted{{"b.a.*", 1}, {"b.*.x", 1}, {"b.a.x", -1}});
  // Each of the eight keys with tokens of a and b is counted once or not at all.
  const std::vector<natskv::Pattern> three{{"a.*.*", true}, {"*.a.>", true}, {"*.*.a", true}};
  const auto sum = counted(three);
  for (int bits = 0; bits < 8; ++bits) {
    std::string key;
    for (int i = 0; i < 3; ++i) key += (i == 0 ? "" : ".") + std::string((bits >> i & 1) != 0 ? "a" : "b");
    int times = 0;
    for (const auto& [filter, factor] : sum) times += natskv::matches(filter, "b." + key) ? factor : 0;
    CHECK_MESSAGE(times == (bits == 0 ? 0 : 1), key);
  }
  CHECK(counted({{"a.*", false}, {"b", false}}).empty());
  CHECK(counted({{"a.\xff", false}, {"b", false}}).empty());
  std::vector<natskv::Pattern> many;
  for (int i = 0; i < 65; ++i) many.push_back({"k" + std::to_string(i), false});
  CHECK(counted(many).empty());
}
