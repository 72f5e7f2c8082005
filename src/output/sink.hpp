// The formats. A sink turns rows of values into text on an Output; it knows nothing about commands, nor do
// they about sinks.
#pragma once

#include "output/record.hpp"
#include "output/stream.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace natskv {

enum class Format { table, tsv, json, jsonl, raw, plain };

/// "table" … "raw"; nothing else (plain has no name: it is how writes look when no format was asked for).
std::optional<Format> format_named(std::string_view word);

/// How a list, an object or a live stream is laid out. `object`: exactly one record: a JSON object, `field
/// value` lines in TSV, "Field: value" lines in a table if `vertical`. `live`: JSON has one line per event.
enum class Shape { list, object, live };

/// How output looks to this user, decided before connecting.
struct TerminalStyle {
  bool color = false;
  bool people = false;  ///< a person reads it on a terminal: JSON is indented, and coloured if `color`
  bool utc = false;
  int width = 0;               ///< columns of the terminal; 0: no cutting
  int (*measure)() = nullptr;  ///< gives the current width, for live output; null: `width`
};

class Sink {
 public:
  virtual ~Sink() = default;
  /// One record: a value for each column, in their order.
  virtual void row(std::span<const Value> values) = 0;
  /// Closes the document. A list that failed midway is never finished, so that no parser takes it for whole.
  virtual void finish() = 0;
  /// Writes rows that are held back (a table's first 100); for live output.
  virtual void settle() {}
};

/// `vertical`: `info`'s layout of one object (table and tsv). `nul`: TSV names and raw values end with NUL.
struct Layout {
  Shape shape = Shape::list;
  bool vertical = false;
  bool nul = false;
  bool names = false;  ///< JSON is an array of strings (first column), not of objects
};

/// The sink of a format. raw and plain write the first column: raw the exact bytes, plain its text and a
/// newline.
std::unique_ptr<Sink> make_sink(Format format, std::vector<Column> columns, Layout layout,
                                TerminalStyle looks, Output& out);

}  // namespace natskv
