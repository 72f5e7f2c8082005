// How the columns of a table share the width of a terminal. Pure: measures in, widths out.
#pragma once

#include "output/record.hpp"

#include <cstddef>
#include <vector>

namespace natskv {

/// What the first rows say about a column.
struct Measured {
  std::size_t widest = 0;  ///< of its title and its cells
  Emphasis look = Emphasis::plain;
  int leaves = 0;     ///< Field::leaves
  bool empty = true;  ///< no row has anything here
};

struct Fitted {
  std::vector<std::size_t> shown;   ///< the columns of a line, in order
  std::vector<std::size_t> widths;  ///< of every column
  bool below = false;               ///< texts get lines of their own, below the row
};

constexpr std::size_t column_gap = 2;

/// The least width of a text, however long the rest of its line is.
std::size_t least_text(std::size_t limit);

/// Widths for a terminal of `limit` columns (0: as wide as necessary). Empty columns are left out (not the
/// first). If the others do not leave a third of the line to the texts, columns are left out in the order of
/// Field::leaves; if that is not enough the texts get lines of their own, and the others come back as far as
/// there is room. Names, times and numbers are never cut: a first column that is wider than the terminal
/// stays as it is.
Fitted fit_columns(const std::vector<Measured>& columns, std::size_t limit);

}  // namespace natskv
