#include "output/columns.hpp"

#include <algorithm>
#include <limits>

namespace natskv {
namespace {

using Columns = std::vector<Measured>;

bool is_text(const Measured& column) { return column.look == Emphasis::text; }

// The width of a line without its texts, but with the gaps before them.
std::size_t taken(const Columns& columns, const std::vector<std::size_t>& shown) {
  std::size_t sum = column_gap * (shown.empty() ? 0 : shown.size() - 1);
  for (const std::size_t i : shown) sum += is_text(columns[i]) ? 0 : columns[i].widest;
  return sum;
}

std::size_t wanted_by_texts(const Columns& columns, const std::vector<std::size_t>& shown) {
  std::size_t sum = 0;
  for (const std::size_t i : shown) sum += is_text(columns[i]) ? columns[i].widest : 0;
  return sum;
}

bool leave_one(const Columns& columns, std::vector<std::size_t>& shown) {
  const auto order = [&columns](std::size_t i) {
    return columns[i].leaves > 0 ? columns[i].leaves : std::numeric_limits<int>::max();
  };
  const auto next = std::min_element(shown.begin(), shown.end(),
                                     [&](std::size_t a, std::size_t b) { return order(a) < order(b); });
  if (next == shown.end() || columns[*next].leaves == 0) return false;
  shown.erase(next);
  return true;
}

bool narrow(const Columns& columns, std::vector<std::size_t>& shown, std::size_t limit) {
  const auto fits = [&] {
    const std::size_t texts = std::min(wanted_by_texts(columns, shown), least_text(limit));
    return taken(columns, shown) + texts <= limit;
  };
  while (!fits()) {
    if (!leave_one(columns, shown)) return false;
  }
  return true;
}

// Short texts get their own width, long ones an equal share of the rest.
void share(const Columns& columns, const std::vector<std::size_t>& shown, std::size_t room,
           std::vector<std::size_t>& widths) {
  std::vector<std::size_t> texts;
  for (const std::size_t i : shown) {
    if (is_text(columns[i])) texts.push_back(i);
  }
  std::stable_sort(texts.begin(), texts.end(),
                   [&](std::size_t a, std::size_t b) { return columns[a].widest < columns[b].widest; });
  for (std::size_t at = 0; at < texts.size(); ++at) {
    const std::size_t width = std::min(columns[texts[at]].widest, room / (texts.size() - at));
    widths[texts[at]] = width;
    room -= width;
  }
}

}  // namespace

std::size_t least_text(std::size_t limit) { return (limit + 2) / 3; }

Fitted fit_columns(const Columns& columns, std::size_t limit) {
  Fitted fitted;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i == 0 || !columns[i].empty) fitted.shown.push_back(i);
    fitted.widths.push_back(columns[i].widest);
  }
  if (limit == 0) return fitted;
  const std::vector<std::size_t> all = fitted.shown;
  if (!narrow(columns, fitted.shown, limit) && wanted_by_texts(columns, all) > 0) {
    std::vector<std::size_t> rest;
    std::copy_if(all.begin(), all.end(), std::back_inserter(rest),
                 [&](std::size_t i) { return !is_text(columns[i]); });
    if (!rest.empty()) {
      narrow(columns, rest, limit);
      fitted.shown = std::move(rest);
      fitted.below = true;
    }
  }
  const std::size_t others = taken(columns, fitted.shown);
  share(columns, fitted.shown, std::max(limit, others) - others, fitted.widths);
  return fitted;
}

}  // namespace natskv
