// Objects as rows: connects a View of T to the sink of a format.
#pragma once

#include "output/record.hpp"
#include "output/sink.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace natskv {

/// Prints Ts. Allocates when constructed, not for each row. Columns by format: json and jsonl `view.json` (or
/// all fields), tsv `view.tsv`, table `view.table` (or `tsv`; a live one `view.line`), raw and plain
/// `view.plain` (or the field "value"). Layout::vertical shows JSON's fields, Layout::names the first TSV
/// column only. `out` must outlive it; the view need not.
template <class T>
class Rows {
 public:
  Rows(const View<T>& view, Format format, Layout layout, TerminalStyle looks, Output& out) {
    std::vector<Column> columns;
    for (const Field<T>* field : chosen(view, format, layout)) {
      columns.push_back({field->key, field->title, field->look, field->leaves});
      reads_.push_back(field->read);
    }
    values_.resize(reads_.size());
    sink_ = make_sink(format, std::move(columns), layout, looks, out);
  }

  void operator()(const T& thing) {
    for (std::size_t i = 0; i < reads_.size(); ++i) values_[i] = reads_[i](thing);
    sink_->row(values_);
    empty_ = false;
  }
  /// Whether nothing was printed.
  [[nodiscard]] bool empty() const { return empty_; }
  /// Closes the document; not called if a list failed midway.
  void finish() { sink_->finish(); }
  /// Writes held-back rows to the Output, which its owner flushes.
  void settle() { sink_->settle(); }

 private:
  using Fields = std::vector<const Field<T>*>;

  static const Field<T>& field(const View<T>& view, std::string_view key) {
    for (const Field<T>& candidate : view.fields) {
      if (candidate.key == key) return candidate;
    }
    throw std::logic_error("a view names the field \"" + std::string(key) + "\", which does not exist");
  }

  static Fields named(const View<T>& view, const std::vector<std::string_view>& keys) {
    Fields fields;
    for (const std::string_view key : keys) fields.push_back(&field(view, key));
    if (!keys.empty()) return fields;
    for (const Field<T>& every : view.fields) fields.push_back(&every);
    return fields;
  }

  static Fields chosen(const View<T>& view, Format format, Layout layout) {
    if (layout.names) {
      Fields fields = named(view, view.tsv.empty() ? view.json : view.tsv);
      if (fields.size() > 1) fields.resize(1);
      return fields;
    }
    if (format == Format::raw || format == Format::plain) {
      return {&field(view, view.plain.empty() ? std::string_view("value") : view.plain)};
    }
    if (layout.vertical || format == Format::json || format == Format::jsonl) return named(view, view.json);
    if (format != Format::table) return named(view, view.tsv);
    if (layout.shape == Shape::live && !view.line.empty()) return named(view, view.line);
    return named(view, view.table.empty() ? view.tsv : view.table);
  }

  std::vector<Value (*)(const T&)> reads_;
  std::vector<Value> values_;
  bool empty_ = true;
  std::unique_ptr<Sink> sink_;
};

}  // namespace natskv
