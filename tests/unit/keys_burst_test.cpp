#include "commands/keys/burst.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using natskv::commands::Burst;
using std::chrono::milliseconds;

namespace {
const Burst::Time start = Burst::Time() + std::chrono::hours(1);
Burst::Time at(int ms) { return start + milliseconds(ms); }
}  // namespace

TEST_CASE("a burst is over after a quiet time, which each event begins anew") {
  Burst burst(natskv::milliseconds(100));
  CHECK(burst.empty());
  CHECK(burst.due() == Burst::Time::max());
  burst.add("a", 1, "1\n", at(0));
  CHECK(burst.due() == at(100));
  burst.add("b", 2, "2\n", at(90));
  CHECK(burst.due() == at(190));
}

TEST_CASE("it lasts ten times that at most, counted from its first event") {
  Burst burst(natskv::milliseconds(100));
  for (int i = 0; i < 20; ++i) burst.add("a", static_cast<std::uint64_t>(i) + 1, "x", at(i * 90));
  CHECK(burst.due() == at(1000));
  (void)burst.take();
  burst.add("a", 30, "x", at(5000));
  CHECK(burst.due() == at(5100));
}

TEST_CASE("it holds the newest of each key and gives them in revision order, once") {
  Burst burst(natskv::seconds(1));
  burst.add("a", 3, "a3\n", at(0));
  burst.add("b", 4, "b4\n", at(0));
  burst.add("c", 7, "c7\n", at(0));
  burst.add("a", 9, "a9\n", at(0));
  CHECK(burst.size() == 3);
  CHECK(burst.revision() == 9);
  CHECK(burst.take() == "b4\nc7\na9\n");
  CHECK(burst.empty());
  CHECK(burst.due() == Burst::Time::max());
  burst.add("b", 10, "b10\n", at(0));
  CHECK(burst.size() == 1);
  CHECK(burst.take() == "b10\n");
}

TEST_CASE("it is over at once when it holds 8 MiB; what is replaced does not count") {
  Burst burst(natskv::seconds(1));
  const std::string line(std::size_t{1} << 20U, 'x');
  for (std::uint64_t i = 1; i <= 100; ++i) burst.add("a", i, line, at(0));
  CHECK(burst.due() == at(1000));
  for (std::uint64_t i = 1; i <= 6; ++i) burst.add("k" + std::to_string(i), 100 + i, line, at(0));
  CHECK(burst.due() == at(1000));
  burst.add("k7", 107, line, at(0));
  CHECK(burst.due() <= at(0));
  CHECK(burst.take().size() == std::size_t{8} << 20U);
}

TEST_CASE("no quiet time is too long to be added to a time") {
  Burst burst(natskv::Span{std::numeric_limits<std::int64_t>::max()});
  burst.add("a", 1, "x", at(0));
  CHECK(burst.due() > at(1'000'000'000));
}
