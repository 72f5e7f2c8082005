// Aligned columns for people. Rows are held back until widths are known, then streamed.
#include "base/text.hpp"
#include "output/columns.hpp"
#include "output/sinks.hpp"

#include <algorithm>
#include <utility>

namespace natskv {

namespace {

constexpr std::size_t held_rows = 100;
constexpr std::size_t held_bytes = std::size_t{1} << 20;  // keeps memory bounded if values are long
constexpr std::string_view indent = "  ";                 // before a text that has its own line

struct Cell {
  std::string text;
  std::size_t width = 0;
};

bool is_number(const Value& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<std::uint64_t>(value) ||
         std::holds_alternative<Size>(value);
}

class Table : public Sink {
 public:
  Table(std::vector<Column> columns, TerminalStyle looks, Output& out)
      : columns_(std::move(columns)),
        looks_(looks),
        limit_(static_cast<std::size_t>(std::max(0, looks.width))),
        offset_(text::zone_offset(looks.utc)),
        out_(out) {
    for (const Column& column : columns_) {
      right_.push_back(column.look == Emphasis::number);
      times_.push_back(false);
      measured_.push_back({.look = column.look, .leaves = column.leaves});
    }
  }

  void row(std::span<const Value> values) override {
    std::vector<Cell>& cells = read(values);
    if (settled_) return print(cells);
    for (const Cell& cell : cells) bytes_ += cell.text.size();
    held_.push_back(cells);
    if (held_.size() >= held_rows || bytes_ >= held_bytes) settle();
  }

  void settle() override {
    if (held_.empty()) return;
    for (const auto& cells : held_) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        measured_[i].widest = std::max(measured_[i].widest, cells[i].width);
        if (cells[i].width > 0) measured_[i].empty = false;
      }
    }
    make_titles();
    fitted_ = fit_columns(measured_, limit_);
    add_zone();
    settled_ = true;
    header();
    for (const auto& cells : held_) print(cells);
    held_.clear();
    held_.shrink_to_fit();
  }

  void finish() override { settle(); }

 private:
  std::vector<Cell>& read(std::span<const Value> values) {
    cells_.resize(columns_.size());
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const Value& value = i < values.size() ? values[i] : Value();
      const auto* when = std::get_if<Instant>(&value);
      right_[i] = right_[i] || is_number(value);
      times_[i] = times_[i] || when != nullptr;
      cells_[i].text = when != nullptr ? text::time_at(*when, offset_) : cell_text(value, looks_.utc, limit_);
      cells_[i].width = text::width(cells_[i].text);
    }
    return cells_;
  }

  void make_titles() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      Cell title{text::visible(columns_[i].title.empty() ? columns_[i].key : columns_[i].title)};
      title.width = text::width(title.text);
      // Which time column shows the zone is decided later: it may be any.
      const std::size_t widest = title.width + (times_[i] ? zone().size() : 0);
      if (!measured_[i].empty || i == 0) measured_[i].widest = std::max(measured_[i].widest, widest);
      titles_.push_back(std::move(title));
    }
  }

  [[nodiscard]] std::string zone() const { return " (" + text::zone_name(offset_) + ")"; }

  /// The title of the first time column that is shown has the zone, which is the same for all.
  void add_zone() {
    for (const std::size_t i : fitted_.shown) {
      if (!times_[i]) continue;
      titles_[i].text += zone();
      titles_[i].width += zone().size();
      return;
    }
  }

  void header() {
    start_line();
    for (const std::size_t i : fitted_.shown) {
      // Titles are cut at the terminal's width, unlike names.
      const std::size_t left = limit_ == 0 ? titles_[i].width : limit_ - std::min(limit_, next());
      if (left > 0) place(i, titles_[i], left, ansi::bold);
    }
    end_line();
    if (!fitted_.below) return;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (is_text(i) && !measured_[i].empty) under(titles_[i].text, ansi::bold);
    }
  }

  void print(const std::vector<Cell>& cells) {
    start_line();
    std::vector<std::string> rest;  // texts that get their own lines
    for (const std::size_t i : fitted_.shown) {
      const std::string_view color = ansi::start(columns_[i].look, cells[i].text);
      if (!is_text(i))
        place(i, cells[i], cells[i].width, color);
      else if (const std::size_t room = room_for(i, cells[i]); room > 0)
        place(i, cells[i], room, color);
      else
        rest.push_back(labelled(i, cells[i], texts() > 1));
    }
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].text.empty()) continue;
      if (i > 0 && measured_[i].empty)
        late(labelled(i, cells[i], true), rest);
      else if (fitted_.below && is_text(i))
        rest.push_back(labelled(i, cells[i], texts() > 1));
    }
    end_line();
    for (const auto& text : rest) under(text, {});
  }

  [[nodiscard]] bool is_text(std::size_t i) const { return columns_[i].look == Emphasis::text; }
  [[nodiscard]] std::size_t texts() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) count += is_text(i) && !measured_[i].empty ? 1 : 0;
    return count;
  }

  /// A text's room on this line; 0 if a longer name before it leaves too little.
  [[nodiscard]] std::size_t room_for(std::size_t i, const Cell& cell) const {
    if (limit_ == 0 || cell.width == 0) return std::max<std::size_t>(cell.width, 1);
    const std::size_t left = limit_ - std::min(limit_, next());
    const std::size_t room = i == fitted_.shown.back() ? left : std::min(left, fitted_.widths[i]);
    const std::size_t least = texts() > 1 ? fitted_.widths[i] : least_text(limit_);
    return room >= std::min(cell.width, least) ? room : 0;
  }

  [[nodiscard]] std::string labelled(std::size_t i, const Cell& cell, bool label) const {
    return label ? text::visible(columns_[i].key) + "=" + cell.text : cell.text;
  }

  /// A column that was empty in the first rows: shown at the end of this row.
  void late(std::string text, std::vector<std::string>& rest) {
    const std::size_t width = text::width(text);
    if (limit_ > 0 && next() + width > limit_) return rest.push_back(std::move(text));
    line_.append(next() - written_, ' ');
    line_ += text;
    written_ = at_ = next() + width;
  }

  void start_line() {
    line_.clear();
    at_ = written_ = 0;
  }
  void end_line() {
    line_ += '\n';
    out_.write(line_);
  }

  /// Moves to where the next cell begins.
  [[nodiscard]] std::size_t next() const { return at_ == 0 ? 0 : at_ + column_gap; }

  /// Blanks are only written before text, so that no line ends with them.
  void place(std::size_t i, const Cell& cell, std::size_t room, std::string_view color) {
    const std::size_t taken = std::min(cell.width, room);
    const std::size_t padding = std::max(fitted_.widths[i], taken) - taken;
    const std::size_t begin = next() + (right_[i] ? padding : 0);
    at_ = next() + padding + taken;
    if (cell.text.empty()) return;
    line_.append(begin - written_, ' ');
    add(cell.width > room ? text::cut(cell.text, room) : cell.text, color);
    written_ = begin + taken;
  }

  void under(const std::string& text, std::string_view color) {
    const std::size_t room = limit_ == 0 ? text.size() : std::max(limit_, indent.size() + 1) - indent.size();
    line_ = limit_ > 0 && limit_ <= indent.size() ? "" : indent;
    add(text::cut(text, room), color);
    end_line();
  }

  void add(std::string_view text, std::string_view color) {
    const bool colored = looks_.color && !color.empty();
    if (colored) line_ += color;
    line_ += text;
    if (colored) line_ += ansi::reset;
  }

  std::vector<Column> columns_;
  TerminalStyle looks_;
  std::size_t limit_;    // the terminal's width; 0: none
  std::int64_t offset_;  // of the zone for all times, in seconds
  Output& out_;
  std::vector<bool> right_, times_;
  std::vector<Measured> measured_;
  Fitted fitted_;
  std::vector<Cell> titles_;
  std::vector<Cell> cells_;  // of the current row, reused
  std::vector<std::vector<Cell>> held_;
  std::size_t bytes_ = 0;  // of the held rows
  bool settled_ = false;
  std::string line_;
  std::size_t at_ = 0;       // columns of the current line, padding included
  std::size_t written_ = 0;  // the same without padding that is not yet written
};

}  // namespace

std::unique_ptr<Sink> make_table(std::vector<Column> columns, TerminalStyle looks, Output& out) {
  return std::make_unique<Table>(std::move(columns), looks, out);
}

}  // namespace natskv
