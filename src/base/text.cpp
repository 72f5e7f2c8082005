// How wide text is on a terminal.
#include "base/text.hpp"

#include "base/quote.hpp"
#include "base/utf8.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace natskv::text {

namespace {

/// Bytes of the ASCII at the beginning, eight at a time.
std::size_t ascii_prefix(std::string_view bytes) {
  constexpr std::uint64_t high = 0x8080808080808080;
  std::size_t at = 0;
  while (at + 8 <= bytes.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    if ((word & high) != 0) break;
    at += 8;
  }
  while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80) ++at;
  return at;
}

std::size_t width_of(Decoded character) {
  if (!character.valid) return 1;
  if (control(character.point)) return 0;
  if (character.point < 0x80) return 1;
  const auto point = static_cast<utf8proc_int32_t>(character.point);
  // utf8proc calls a spacing mark (a vowel sign of Hindi) 0 wide, terminals and the C library 1: too little
  // would break a table's line.
  const int least = utf8proc_category(point) == UTF8PROC_CATEGORY_MC ? 1 : 0;
  return static_cast<std::size_t>(std::max(least, utf8proc_charwidth(point)));
}

}  // namespace

bool valid_utf8(std::string_view bytes) {
  for (;;) {
    bytes.remove_prefix(ascii_prefix(bytes));
    if (bytes.empty()) return true;
    while (!bytes.empty() && static_cast<unsigned char>(bytes[0]) >= 0x80) {
      const Decoded character = decode(bytes);
      if (!character.valid) return false;
      bytes.remove_prefix(character.length);
    }
  }
}

std::size_t width(std::string_view utf8) {
  std::size_t columns = 0;
  while (!utf8.empty()) {
    const Decoded character = decode(utf8);
    columns += width_of(character);
    utf8.remove_prefix(character.length);
  }
  return columns;
}

std::size_t fit(std::string_view utf8, std::size_t columns) {
  std::size_t total = 0;
  std::size_t cluster = 0;  // where the cluster of the current character begins
  utf8proc_int32_t before = -1;
  utf8proc_int32_t state = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const Decoded character = decode(utf8.substr(at));
    const auto point = static_cast<utf8proc_int32_t>(character.point);
    if (before < 0 || utf8proc_grapheme_break_stateful(before, point, &state)) cluster = at;
    before = point;
    total += width_of(character);
    if (total > columns) return cluster;
    at += character.length;
  }
  return utf8.size();
}

std::string cut(std::string_view utf8, std::size_t columns) {
  if (fit(utf8, columns) == utf8.size()) return std::string(utf8);
  const std::string_view end = ellipsis();
  const std::size_t taken = std::min(width(end), columns);
  std::string kept(utf8.substr(0, fit(utf8, columns - taken)));
  kept += end.substr(0, fit(end, taken));
  return kept;
}

std::string_view first_line(std::string_view utf8, std::size_t columns) {
  const std::size_t fits = fit(utf8, columns);
  if (fits == utf8.size() || fits == 0) return utf8;  // 0: one character that is wider than that
  const std::size_t blank = utf8.rfind(' ', fits);
  return utf8.substr(0, blank == std::string_view::npos || blank == 0 ? fits : blank);
}

std::string wrapped(std::string_view utf8, std::size_t columns, std::size_t indent) {
  if (columns == 0) return std::string(utf8);
  std::string lines;
  do {
    const std::string_view line = first_line(utf8, columns);
    if (!lines.empty()) lines.append("\n").append(indent, ' ');
    lines += line;
    utf8.remove_prefix(line.size());
    utf8.remove_prefix(std::min(utf8.find_first_not_of(' '), utf8.size()));
  } while (!utf8.empty());
  return lines;
}

std::size_t distance(std::string_view a, std::string_view b) {
  // Three rows of the optimal string alignment table.
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + other});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

std::string near_or(std::string_view name, const std::vector<std::string>& names, std::string otherwise) {
  const auto near = nearest(name, names);
  return near.empty() ? std::move(otherwise) : "did you mean " + in_quotes(near) + "?";
}

}  // namespace natskv::text
