#include "kv/read/pace.hpp"

#include <doctest/doctest.h>

using natskv::Pace;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20U;

}  // namespace

TEST_CASE("a reader that keeps pace may pause, within bounds") {
  Pace pace(14 * mib);
  auto now = Pace::Clock::now();
  CHECK_FALSE(pace.too_slow(0, 0, now));
  for (std::uint64_t taken = 100'000; taken < 1'000'000; taken += 100'000) {
    CHECK_FALSE(pace.too_slow(taken, 13 * mib, now += milliseconds(260)));
  }
  CHECK(pace.too_slow(1'000'000, 15 * mib, now));
}

TEST_CASE("behind a slow reader little may wait, from a quarter of a second on") {
  Pace pace(14 * mib);
  auto now = Pace::Clock::now();
  CHECK_FALSE(pace.too_slow(0, 0, now));
  CHECK_FALSE(pace.too_slow(1'500, 9 * mib, now += milliseconds(100)));
  CHECK(pace.too_slow(4'000, 9 * mib, now += milliseconds(160)));
  CHECK_FALSE(pace.too_slow(4'100, 7 * mib, now));
  pace.restart();
  CHECK_FALSE(pace.too_slow(64, 9 * mib, now += milliseconds(1)));
}
