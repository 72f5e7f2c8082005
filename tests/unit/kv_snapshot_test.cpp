#include "kv/read/snapshot.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace natskv;

namespace {

Entry entry(std::string_view key, std::string_view value, std::uint64_t revision,
            Operation operation = Operation::put) {
  Entry made;
  made.key = key;
  made.value = Bytes{value};
  made.revision = revision;
  made.operation = operation;
  return made;
}

}  // namespace

TEST_CASE("a snapshot knows each key's latest revision and content, through its growth") {
  Snapshot snapshot;
  for (std::uint64_t i = 1; i <= 5000; ++i)
    snapshot.set(entry("k" + std::to_string(i), std::to_string(i), i));
  CHECK(snapshot.size() == 5000);
  for (std::uint64_t i = 1; i <= 5000; ++i) {
    const auto* known = snapshot.find("k" + std::to_string(i));
    REQUIRE(known != nullptr);
    REQUIRE(Snapshot::revision(*known) == i);
    REQUIRE(snapshot.holds(*known, Operation::put, std::to_string(i)));
    REQUIRE_FALSE(snapshot.holds(*known, Operation::put, std::to_string(i + 1)));
  }
  CHECK(snapshot.find("k5001") == nullptr);
}

TEST_CASE("a marker is neither live nor the empty value") {
  Snapshot snapshot;
  snapshot.set(entry("k", "", 1));
  CHECK(Snapshot::live(*snapshot.find("k")));
  snapshot.set(entry("k", "", 2, Operation::del));
  const auto* known = snapshot.find("k");
  CHECK_FALSE(Snapshot::live(*known));
  CHECK(Snapshot::revision(*known) == 2);
  CHECK_FALSE(snapshot.holds(*known, Operation::put, ""));
  CHECK_FALSE(snapshot.holds(*known, Operation::purge, ""));
  CHECK(snapshot.holds(*known, Operation::del, ""));
  CHECK(snapshot.size() == 1);
}

TEST_CASE("a key is met once") {
  Snapshot snapshot;
  snapshot.set(entry("k", "v", 9));
  CHECK(snapshot.meet("k"));
  CHECK_FALSE(snapshot.meet("k"));
  CHECK_FALSE(snapshot.meet("other"));
  const auto* known = snapshot.find("k");
  CHECK(Snapshot::met(*known));
  CHECK(Snapshot::live(*known));
  CHECK(Snapshot::revision(*known) == 9);
}

TEST_CASE("a server that speaks of more keys than there can be is not believed") {
  for (const std::uint64_t most : {~std::uint64_t{0}, (std::uint64_t{1} << 63U) + 1}) {
    Snapshot snapshot(most);
    snapshot.set(entry("k", "v", 1));
    CHECK(Snapshot::revision(*snapshot.find("k")) == 1);
    CHECK(snapshot.size() == 1);
  }
}
