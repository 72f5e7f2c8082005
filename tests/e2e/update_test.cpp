#include "support/buckets.hpp"

#include <doctest/doctest.h>

using namespace natskv::test;

TEST_CASE("update stores only over the revision that was named") {
  const TestBucket b;
  b.put("k", "1");
  CHECK(all(b("update", {"k", "2", "1"})) == "0|2\n|");
  CHECK(all(b("update", {"k", "3", "--if-revision", "2"})) == "0|3\n|");
  CHECK(all(b("update", {"k", "x", "2"})) ==
        fmt::format(
            "4||natskv: update: key \"k\" of bucket \"{}\" is at revision 3, not 2; nothing was written\n",
            b.name()));
  CHECK(all(b("update", {"never", "x", "2"})) ==
        fmt::format(
            "4||natskv: update: key \"never\" of bucket \"{}\" does not exist, so it is not at revision "
            "2; nothing was written\n",
            b.name()));
  CHECK(b.last("k").data == "3");
  CHECK(b.last("never").revision == 0);
}

TEST_CASE("a conflict as JSON says the current revision") {
  const TestBucket b;
  b.put("k", "1");
  b.put("k", "2");
  const auto result = b("update", {"k", "x", "1", "-j"});
  CHECK(result.status == 4);
  CHECK(result.out.empty());
  const std::string message = fmt::format(
      "key \\\"k\\\" of bucket \\\"{}\\\" is at revision 2, not 1; nothing was written", b.name());
  CHECK(result.err.starts_with(
      fmt::format("{{\"error\":{{\"exit\":4,\"code\":\"conflict\",\"bucket\":\"{}\",\"key\":\"k\","
                  "\"revision\":2,\"message\":\"{}\"}}}}\n",
                  b.name(), message)));
}

TEST_CASE("update over a delete marker goes by the marker's revision") {
  const TestBucket b;
  b.put("k", "1");
  b.put("k", "", {{"KV-Operation", "DEL"}});
  CHECK(b("update", {"k", "x", "1"}).status == 4);
  CHECK(all(b("update", {"k", "x", "2"})) == "0|3\n|");
}

TEST_CASE("one word is VALUE; values and revisions are told apart by their place") {
  const TestBucket b;
  b.put("k", "1");
  CHECK(all(b("update", {"k", "5", "--if-revision", "1"})) == "0|2\n|");
  CHECK(b.last("k").data == "5");
  CHECK(all(b("update", {"k", "--if-revision=2"}, {.input = "piped"})) == "0|3\n|");
  CHECK(b.last("k").data == "piped");
  CHECK(all(b("update", {"k", "", "3"})) == "0|4\n|");
  CHECK(b.last("k").data.empty());
  CHECK(all(b("update", {"k", "--", "--x", "4"})) == "0|5\n|");
  CHECK(b.last("k").data == "--x");
}

TEST_CASE("what update refuses before anything is sent") {
  const auto refused = [](std::vector<std::string> words, const std::string& text) {
    words.insert(words.begin(), {"update", "b", "k"});
    CHECK(all(nowhere(words)) == "2||natskv: update: " + text + "\n");
  };
  refused({"v"}, "the expected revision is missing: give REVISION after VALUE, or use --if-revision");
  refused({"v", "1", "--if-revision", "1"}, "REVISION and --if-revision exclude each other");
  refused({"v", "-F", "x", "--if-revision", "1"},
          "VALUE and --file exclude each other\nhint: a single word after KEY is VALUE; with --file, use "
          "--if-revision");
  refused({"1", "-F", "x"},
          "VALUE and --file exclude each other\nhint: a single word after KEY is VALUE; with --file, use "
          "--if-revision");
  refused({"v", ""}, "REVISION: \"\" is not a revision (a number from 1 to 2^64-1)");
  refused({"v", "+1"}, "REVISION: \"+1\" is not a revision (a number from 1 to 2^64-1)");
  refused({"v", "0x1"}, "REVISION: \"0x1\" is not a revision (a number from 1 to 2^64-1)");
  refused({"v", "1e3"}, "REVISION: \"1e3\" is not a revision (a number from 1 to 2^64-1)");
  refused({"v", "18446744073709551616"},
          "REVISION: \"18446744073709551616\" is not a revision (a number from 1 to 2^64-1)");
  refused({"v", "1", "2"}, "one argument too many (natskv update BUCKET KEY [VALUE] [REVISION])");
}
