// Text for people and machines: widths, escaping, base64, times, sizes. Pure functions.
#pragma once

#include "base/types.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::text {

bool valid_utf8(std::string_view bytes);
/// Columns on a terminal (utf8proc's widths; combining marks 0, wide 2). Control bytes count 0: escape first.
std::size_t width(std::string_view utf8);
/// Bytes of the longest prefix of whole characters (grapheme clusters) that takes at most `columns`.
std::size_t fit(std::string_view utf8, std::size_t columns);
/// Cut to at most `columns`, ending in ellipsis() where something was cut; never splits a character or a
/// cluster's base.
std::string cut(std::string_view utf8, std::size_t columns);
/// What fits on a line of `columns`: up to the last blank, or to the edge where there is none.
std::string_view first_line(std::string_view utf8, std::size_t columns);
/// In lines of at most `columns` (0: one line); all but the first are indented by `indent` blanks.
std::string wrapped(std::string_view utf8, std::size_t columns, std::size_t indent);
/// For a terminal: control bytes (C0, DEL, C1), invalid UTF-8, bidi controls and zero-width characters become
/// visible escapes (\n, \t, \r, \xHH, \u{200B}); everything else stays.
std::string visible(std::string_view bytes);
/// For a terminal that does not show UTF-8: visible() makes ASCII. There a character's bytes may be controls
/// (0x9B is CSI). Called once, at the start.
void only_ascii(bool only);
/// `plain`: natskv's own text has three dots where it would have …. Called once, at the start.
void plain_dots(bool plain);
/// Marks where text was cut: … or, after plain_dots() or only_ascii(), three dots.
std::string_view ellipsis();
/// UTF-8 without controls other than \t \n \r.
bool readable(std::string_view bytes);
/// A value in a table: visible() where it is UTF-8 without controls other than \t \n \r, else "(binary, N
/// B)".
std::string table_value(std::string_view bytes);
/// TSV's escaping: \t \n \r \\ and \xHH for controls and what is not UTF-8. Appends.
void tsv(std::string_view bytes, std::string& out);

void base64(std::string_view bytes, std::string& out);
/// Strict RFC 4648 with padding; nullopt otherwise.
std::optional<std::string> from_base64(std::string_view text);

/// 2026-11-24T01:02:03.123456789Z: RFC 3339 UTC, always nine digits.
std::string rfc3339(Instant when);
void rfc3339(Instant when, std::string& out);
/// The inverse, any RFC 3339 offset, fraction of 0 to 9 digits; nullopt otherwise.
std::optional<Instant> from_rfc3339(std::string_view text);
/// 2026-11-24 01:02:03 +01:00 in the local zone, or in UTC.
std::string local_time(Instant when, bool utc);
/// The local zone's current offset, seconds east of Greenwich; 0 for `utc`.
std::int64_t zone_offset(bool utc);
/// UTC, UTC+1, UTC-3:30.
std::string zone_name(std::int64_t offset);
/// 2026-11-24 01:02:03 in the zone of this offset.
std::string time_at(Instant when, std::int64_t offset);
/// 1.5 KiB, 128 B, unlimited (-1): for tables.
std::string human_size(std::int64_t bytes);
/// Go's style without empty parts: "1h30m", "250ms", and days from 48 h on ("2d", "3d4h"); for tables and
/// messages.
std::string human_span(Span span);
/// Seconds for JSON and TSV: "90", "1.5", exact to the nanosecond, no exponent.
std::string seconds(Span span);

/// Appends a JSON string literal with its quotes; invalid UTF-8 becomes U+FFFD; controls
/// (DEL and C1 too: a terminal may obey them) are escaped.
void json_string(std::string_view text, std::string& out);

/// The shortest candidate that begins with the word, or else the nearest one by its spelling (edits and
/// swaps: one for words up to four letters, two up to nine, then three); or empty.
template <class Range>
std::string_view nearest(std::string_view word, const Range& candidates);
std::size_t distance(std::string_view a, std::string_view b);
/// A hint for a name that is none of these: the nearest one, or `otherwise` where none is near.
std::string near_or(std::string_view name, const std::vector<std::string>& names, std::string otherwise);

template <class Range>
std::string_view nearest(std::string_view word, const Range& candidates) {
  std::string_view best;
  const std::size_t letters = word.size() - std::min(word.size(), word.find_first_not_of('-'));
  for (std::string_view candidate : candidates) {
    const bool begins = letters > 0 && candidate.starts_with(word);
    if (begins && (best.empty() || candidate.size() < best.size())) best = candidate;
  }
  if (!best.empty()) return best;
  std::size_t least = letters > 9 ? 4 : letters > 4 ? 3 : 2;
  for (std::string_view candidate : candidates) {
    const std::size_t d = distance(word, candidate);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace natskv::text
