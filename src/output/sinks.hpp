// The sinks behind make_sink() and what they share; private to output/.
#pragma once

#include "output/ansi.hpp"
#include "output/sink.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

std::unique_ptr<Sink> make_table(std::vector<Column> columns, TerminalStyle looks, Output& out);
/// One line per event; nothing is held back.
std::unique_ptr<Sink> make_events(std::vector<Column> columns, TerminalStyle looks, Output& out);
/// One record as aligned "Title: value" lines.
std::unique_ptr<Sink> make_sheet(std::vector<Column> columns, TerminalStyle looks, Output& out);
std::unique_ptr<Sink> make_tsv(std::vector<Column> columns, Layout layout, Output& out);
/// `lines`: one object a line, whatever the shape (jsonl). For people (TerminalStyle::people) a document is
/// indented.
std::unique_ptr<Sink> make_json(const std::vector<Column>& columns, Layout layout, bool lines,
                                TerminalStyle looks, Output& out);
/// The first column: `bytes` alone, or as a line.
std::unique_ptr<Sink> make_raw(Layout layout, bool bytes, Output& out);

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// Whether a value is absent: monostate, no JSON, an unlimited size (which tables spell out).
bool absent(const Value& value);
/// Text for machines, unescaped: RFC 3339, plain numbers, seconds, bytes as they are, JSON on one line.
/// Appends.
void plain_text(const Value& value, std::string& out);

/// JSON on one line; invalid UTF-8 becomes U+FFFD. Appends.
void dump(const nlohmann::ordered_json& json, std::string& out);
/// Each leaf under its dotted path (metadata.team, sources.0.bucket), which begins with `path`.
void flatten(const nlohmann::ordered_json& json, std::string& path,
             const std::function<void(std::string_view path, std::string_view text)>& leaf);
/// For people: key=value words, lists of plain values with commas; an element of a list of objects is a line
/// of its own.
std::vector<std::string> words(const nlohmann::ordered_json& json);

/// A value as one line for people: escaped, without trailing blanks. No more of a user's long value is
/// converted than `columns` can show; 0 is no limit.
std::string cell_text(const Value& value, bool utc, std::size_t columns);

}  // namespace natskv
