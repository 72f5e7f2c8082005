// A record: named values. Types say what a value is; a sink (output/sink.hpp) decides how it looks.
#pragma once

#include "base/types.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace natskv {

/// A JSON value inside a record (metadata, mirror, …); a null pointer is absent. Tables show it as key=value
/// words.
struct Nested {
  const nlohmann::ordered_json* json = nullptr;
};

/// monostate: does not apply (absent in JSON, empty in TSV and tables). Views point into the record's owner
/// and are valid until the next record. string_view is text that should be UTF-8 (invalid is replaced in
/// JSON); Bytes is a user's value: JSON "value" if UTF-8, else "value_base64", and so is text of
/// Emphasis::name. Span in JSON is a number of seconds (an integer if whole). A Size is plain bytes except in
/// tables.
using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, std::string_view, Bytes,
                           Instant, Span, Size, Nested>;

/// The kind of a column, for tables and colours. A `name` is never cut; a `text` (a value, a description) is
/// what a table cuts; an `operation` is coloured by its word (PUT, DEL, PURGE).
enum class Emphasis { plain, name, number, operation, faint, text };

/// A member of a JSON object inside a record, for the manual.
struct Member {
  std::string_view name, type, meaning;
  std::span<const Member> members = {};  ///< of an object, or of each object of an array
};

/// One field of T, declared once, in views/: tables, TSV, JSON and the manual all read it here.
template <class T>
struct Field {
  std::string_view key;    ///< JSON name, TSV meaning, `info` rows
  std::string_view title;  ///< table header
  Value (*read)(const T&);
  Emphasis look = Emphasis::plain;
  std::string_view type = {};     ///< JSON type: string, number, boolean, array, object
  std::string_view meaning = {};  ///< for the manual
  int leaves = 0;  ///< the order in which columns are left out of a table that is too narrow; 0: never
  std::span<const Member> members = {};
};

/// What a sink knows about a column.
struct Column {
  std::string_view key;
  std::string_view title;
  Emphasis look = Emphasis::plain;
  int leaves = 0;
};

/// How T is shown: all fields in JSON's order, and which of them (by key) are TSV's and tables' columns, in
/// order. `plain` is the one field that a write prints ("revision"), or empty.
template <class T>
struct View {
  std::span<const Field<T>> fields;
  std::vector<std::string_view> json = {};  ///< empty: all fields
  std::vector<std::string_view> tsv = {};
  std::vector<std::string_view> table = {};  ///< empty: as tsv
  std::string_view plain = {};
  std::vector<std::string_view> line = {};  ///< for a live stream for people; empty: as table
};

}  // namespace natskv
