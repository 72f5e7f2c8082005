// How the columns of a table share the width of a terminal. Pure: measures in, widths out.
#pragma once

#include "output/record.hpp"

#include <cstddef>
#include <vector>

namespace natskv {

/// What is known of a column once the first rows are.
struct Measured {
  std::size_t widest = 0;  ///< of its title and its cells
  Emphasis look = Emphasis::plain;
  int leaves = 0;     ///< Field::leaves
  bool empty = true;  ///< no row has anything here
};

struct Fitted {
  std::vector<std::size_t> shown;   ///< columns on a row's line, in their order
  std::vector<std::size_t> widths;  ///< of every column
  bool below = false;               ///< texts stand on lines of their own, under the row's
};

constexpr std::size_t column_gap = 2;

/// What a text has at least, however long the rest of its line is.
std::size_t least_text(std::size_t limit);

/// Widths for a terminal of `limit` columns (0: as wide as it takes). Empty columns are left out (not the
/// first). If the others do not fit and leave a third to the texts, they leave in their order; if that is not
/// enough the texts get lines of their own, and the others come back as far as there is room. Names, times
/// and numbers are never cut: a first column that is wider than the terminal stays as it is.
Fitted fit_columns(const std::vector<Measured>& columns, std::size_t limit);

}  // namespace natskv
