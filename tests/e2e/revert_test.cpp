#include "support/buckets.hpp"
#include "support/colors.hpp"

#include <doctest/doctest.h>

using namespace natskv::test;

namespace {

constexpr std::string_view five = R"({"max_msgs_per_subject": 5})";

}  // namespace

TEST_CASE("revert stores an old value again and prints the new revision") {
  const TestBucket b(five);
  const std::string bytes("\0one\xff\n", 6);
  b.put("k", bytes);
  b.put("k", "two");
  CHECK(all(b("revert", {"k", "1"})) == "0|3\n|");
  CHECK(b.last("k").data == bytes);
  CHECK(b("revert", {"k", "2", "-j"}).out ==
        fmt::format("{{\"bucket\":\"{}\",\"key\":\"k\",\"revision\":4,\"operation\":\"PUT\"}}\n", b.name()));
}

TEST_CASE("a deleted key can be reverted, a marker cannot be reverted to") {
  const TestBucket b(five);
  b.put("k", "one");
  b.put("k", "", {{"KV-Operation", "DEL"}});
  CHECK(all(b("revert", {"k", "2"})) ==
        fmt::format(
            "1||natskv: revert: revision 2 of key \"k\" in bucket \"{}\" is a DEL marker, not a value\n",
            b.name()));
  CHECK(all(b("revert", {"k", "1"})) == "0|3\n|");
  CHECK(all(b("get", {"k"})) == "0|one|");
}

TEST_CASE("an empty value is a value") {
  const TestBucket b(five);
  b.put("k", "");
  b.put("k", "two");
  CHECK(all(b("revert", {"k", "1"})) == "0|3\n|");
  CHECK(all(b("get", {"k"})) == "0||");
}

TEST_CASE("revisions that are not the key's are not found") {
  const TestBucket b(five);
  b.put("k", "one");
  b.put("other", "two");
  for (const std::string revision : {"2", "3"}) {
    CHECK(all(b("revert", {"k", revision})) ==
          fmt::format("3||natskv: revert: key \"k\" in bucket \"{}\" has no revision {}\n", b.name(),
                      revision));
  }
  CHECK(b("revert", {"never", "1"}).status == 3);
  CHECK(kv({"revert", "nosuch", "k", "1"}).err ==
        "natskv: revert: bucket \"nosuch\" not found\nhint: natskv ls lists the buckets\n");
  CHECK(b("revert", {"k", "0"}).status == 2);
  CHECK(b("revert", {"k"}).status == 2);
  CHECK(b("revert", {"k", "1", "2"}).status == 2);
}

TEST_CASE("on a terminal revert asks, showing both values escaped and cut") {
  const TestBucket b(five);
  b.put("k", "one\ttab");
  b.put("k", std::string(100, 'x'));
  {
    Terminal terminal(b.command("revert", {"k", "1"}), {.cols = 400});
    REQUIRE(terminal.read_until("[y/N] "));
    CHECK(terminal.screen() ==
          fmt::format("Store revision 1 (one\\ttab) of key \"k\" again, over revision 2 ({}…)? [y/N] ",
                      std::string(59, 'x')));
    terminal.send("n\n");
    CHECK(terminal.wait().status == 1);
    CHECK(without_colors(terminal.screen()).ends_with("natskv: revert: nothing changed\r\n"));
  }
  CHECK(b.last_revision() == 2);
  {
    Terminal terminal(b.command("revert", {"k", "1"}));
    REQUIRE(terminal.read_until("[y/N] "));
    terminal.send("y\n");
    CHECK(terminal.wait().status == 0);
    CHECK(terminal.screen().ends_with("\r\n3\r\n"));
  }
  Terminal forced(b.command("revert", {"k", "2", "-f"}));
  CHECK(forced.wait().status == 0);
  CHECK(forced.screen() == "4\r\n");
}

TEST_CASE("a key written while revert asked stays") {
  const TestBucket b(five);
  b.put("k", "one");
  b.put("k", "two");
  Terminal terminal(b.command("revert", {"k", "1"}));
  REQUIRE(terminal.read_until("[y/N] "));
  b.put("k", "three");
  terminal.send("yes\n");
  CHECK(terminal.wait().status == 4);
  CHECK(b.last("k").data == "three");
}
