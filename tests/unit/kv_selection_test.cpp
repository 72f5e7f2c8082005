#include "kv/read/selection.hpp"

#include <doctest/doctest.h>

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
