// How columns share a terminal, decided without one.
#include "output/columns.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

using namespace natskv;

namespace {

// keys --display-value: key, revision, operation, created, size, expires, value.
std::vector<Measured> entry(std::size_t key, std::size_t value, bool expires = false) {
  return {{key, Emphasis::name, 0, false},       {5, Emphasis::number, 5, false},
          {5, Emphasis::operation, 3, false},    {19, Emphasis::faint, 2, false},
          {8, Emphasis::number, 1, false},       {19, Emphasis::faint, 4, !expires},
          {value, Emphasis::text, 0, value == 0}};
}

std::size_t line(const std::vector<Measured>& columns, const Fitted& fitted) {
  std::size_t sum = column_gap * (fitted.shown.size() - 1);
  for (const std::size_t i : fitted.shown)
    sum += columns[i].look == Emphasis::text ? fitted.widths[i] : columns[i].widest;
  return sum;
}

using Shown = std::vector<std::size_t>;

}  // namespace

TEST_CASE("Without a terminal every column that has something is as wide as it wants") {
  const auto fitted = fit_columns(entry(10, 5000), 0);
  CHECK(fitted.shown == Shown{0, 1, 2, 3, 4, 6});
  CHECK(fitted.widths[6] == 5000);
  CHECK_FALSE(fitted.below);
}

TEST_CASE("Columns leave in their order until the value has a third") {
  CHECK(fit_columns(entry(10, 500), 120).shown == Shown{0, 1, 2, 3, 4, 6});
  CHECK(fit_columns(entry(10, 500), 85).shown == Shown{0, 1, 2, 3, 6});
  CHECK(fit_columns(entry(10, 500), 60).shown == Shown{0, 1, 2, 6});
  CHECK(fit_columns(entry(10, 500, true), 60).shown == Shown{0, 1, 5, 6});
  CHECK(fit_columns(entry(10, 500, true), 50).shown == Shown{0, 1, 6});
  CHECK(fit_columns(entry(10, 500, true), 80).shown == Shown{0, 1, 2, 5, 6});
  CHECK(fit_columns(entry(10, 500), 30).shown == Shown{0, 1, 6});
  CHECK(fit_columns(entry(10, 500), 20).shown == Shown{0, 6});
  // A short value needs no third.
  CHECK(fit_columns(entry(10, 3), 65).shown == Shown{0, 1, 2, 3, 4, 6});
}

TEST_CASE("A name that leaves no third for the value has the value below, and the other columns beside it") {
  const auto fitted = fit_columns(entry(60, 500), 80);
  CHECK(fitted.below);
  CHECK(fitted.shown == Shown{0, 1, 2});
  const auto long_name = fit_columns(entry(100, 500), 80);
  CHECK(long_name.below);
  CHECK(long_name.shown == Shown{0});
}

TEST_CASE("The first column stays where nothing fits, and where nothing is known of it") {
  CHECK(fit_columns({{30, Emphasis::name, 0, false}, {5, Emphasis::number, 1, false}}, 10).shown == Shown{0});
  CHECK(fit_columns({{3, Emphasis::name, 0, true}, {5, Emphasis::number, 1, true}}, 10).shown == Shown{0});
  CHECK(fit_columns({}, 10).shown.empty());
  // Nothing but texts: they have the line to themselves.
  const auto texts = fit_columns({{50, Emphasis::text, 0, false}}, 10);
  CHECK_FALSE(texts.below);
  CHECK(texts.widths[0] == 10);
}

TEST_CASE("Of two texts the short one gets what it wants, the long one the rest") {
  const std::vector<Measured> columns{
      {10, Emphasis::name, 0, false}, {8, Emphasis::text, 0, false}, {90, Emphasis::text, 0, false}};
  const auto fitted = fit_columns(columns, 60);
  CHECK(fitted.widths[1] == 8);
  CHECK(fitted.widths[2] == 38);
}

TEST_CASE("A line is never wider than the terminal, but for a name") {
  for (std::size_t limit = 1; limit <= 130; ++limit) {
    for (const std::size_t key : {1, 10, 26, 60, 140}) {
      for (const std::size_t value : {0, 1, 20, 5000}) {
        for (const bool expires : {false, true}) {
          CAPTURE(limit);
          CAPTURE(key);
          CAPTURE(value);
          const auto columns = entry(key, value, expires);
          const auto fitted = fit_columns(columns, limit);
          CHECK(fitted.shown.front() == 0);
          CHECK(line(columns, fitted) <= std::max(limit, key));
          if (value == 0 || fitted.below) continue;
          CHECK(fitted.shown.back() == 6);
          CHECK(fitted.widths[6] >= std::min(value, least_text(limit)));
        }
      }
    }
  }
}
