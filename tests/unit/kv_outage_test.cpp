#include "kv/read/outage.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <variant>

using namespace natskv;

namespace {

StreamState stream(std::string created, std::uint64_t first, std::uint64_t last, std::uint64_t keys) {
  return {.created = std::move(created), .first = first, .last = last, .keys = keys};
}

std::optional<StartAnew::Why> anew(const Before& before, const StreamState& now) {
  const auto outcome = compare(before, now);
  const auto* start = std::get_if<StartAnew>(&outcome);
  return start == nullptr ? std::nullopt : std::optional(start->why);
}

GoOn on(const Before& before, const StreamState& now) { return std::get<GoOn>(compare(before, now)); }

}  // namespace

TEST_CASE("an outage is gone on from where what was shown is still true") {
  const Before before{.created = "C", .revision = 10, .start = 4, .keys = 3};
  CHECK_FALSE(anew(before, stream("C", 1, 10, 3)));
  CHECK_FALSE(anew(before, stream("C", 5, 25, 3)));
  CHECK(anew(before, stream("D", 1, 10, 3)) == StartAnew::Why::recreated);
  CHECK(anew(before, stream("D", 1, 2, 3)) == StartAnew::Why::recreated);
  CHECK(anew(before, stream("C", 1, 9, 3)) == StartAnew::Why::rewound);
  // What came back empty at the same place, as a memory stream does, has another time of creation.
  CHECK(anew(before, stream("E", 0, 0, 0)) == StartAnew::Why::recreated);
}

TEST_CASE("missed is what was written after what was shown, or after the start where nothing was") {
  CHECK(on({.created = "C", .revision = 10, .start = 4}, stream("C", 1, 20, 3)).after == 10);
  CHECK(on({.created = "C", .revision = 0, .start = 4}, stream("C", 1, 20, 3)).after == 4);
  // The start's last revisions are gone from the server: none of them can be missed.
  CHECK(on({.created = "C", .revision = 0, .start = 4}, stream("C", 1, 3, 3)).after == 3);
}

TEST_CASE("a bucket that was emptied is known by its keys, which no longer can all be there") {
  const Before before{.created = "C", .revision = 10, .start = 10, .keys = 3};
  CHECK(on(before, stream("C", 11, 10, 0)).emptied);
  CHECK(on(before, stream("C", 11, 11, 1)).emptied);
  CHECK(on(before, stream("C", 11, 12, 2)).emptied);
  // Each of the three may have been written again.
  CHECK_FALSE(on(before, stream("C", 11, 13, 3)).emptied);
  CHECK_FALSE(on(before, stream("C", 10, 20, 1)).emptied);
  // How many there were is not known (watch --state), or there were none.
  CHECK_FALSE(on({.created = "C", .revision = 10, .start = 10}, stream("C", 11, 12, 1)).emptied);
}
