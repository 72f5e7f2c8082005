// Aligned columns for people. Rows are held back until widths are known, then streamed.
#include "output/sinks.hpp"
#include "output/text.hpp"

#include <algorithm>
#include <utility>

namespace natskv {

namespace {

constexpr std::size_t held_rows = 100;
constexpr std::size_t held_bytes = std::size_t{1} << 20;  // memory stays bounded where values are long
constexpr std::size_t gap = 2;
constexpr std::size_t narrow = 8;  // what a text column is left while others can give

struct Cell {
  std::string text;
  std::size_t width = 0;
};

bool is_number(const Value& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<std::uint64_t>(value) ||
         std::holds_alternative<Size>(value);
}

bool is_text(const Value& value) {
  return std::holds_alternative<std::string_view>(value) || std::holds_alternative<Bytes>(value) ||
         std::holds_alternative<Nested>(value);
}

class Table : public Sink {
 public:
  Table(std::vector<Column> columns, Layout layout, Looks looks, Output& out)
      : columns_(std::move(columns)),
        live_(layout.shape == Shape::live),
        looks_(looks),
        limit_(static_cast<std::size_t>(std::max(0, looks.width))),
        out_(out) {
    for (const Column& column : columns_) {
      Cell title{text::visible(column.title.empty() ? column.key : column.title)};
      title.width = text::width(title.text);
      kinds_.push_back({column.look == Look::number, false});
      widths_.push_back(title.width);
      titles_.push_back(std::move(title));
    }
  }

  void row(std::span<const Value> values) override {
    std::vector<Cell>& cells = read(values);
    if (settled_) return print(cells, false);
    for (const Cell& cell : cells) bytes_ += cell.text.size();
    held_.push_back(cells);
    if (held_.size() >= held_rows || bytes_ >= held_bytes) settle();
  }

  void settle() override {
    if (held_.empty()) return;
    for (const auto& cells : held_) widen(cells);
    shrink();
    settled_ = true;
    print(titles_, true);
    for (const auto& cells : held_) print(cells, false);
    held_.clear();
    held_.shrink_to_fit();
  }

  void finish() override { settle(); }

 private:
  struct Kind {
    bool number;
    bool text;
  };

  std::vector<Cell>& read(std::span<const Value> values) {
    cells_.resize(columns_.size());
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const Value& value = i < values.size() ? values[i] : Value();
      if (!settled_) {
        kinds_[i].number = kinds_[i].number || is_number(value);
        kinds_[i].text = kinds_[i].text || is_text(value);
      }
      cells_[i].text = cell_text(value, looks_.utc, limit_);
      cells_[i].width = text::width(cells_[i].text);
    }
    return cells_;
  }

  void widen(const std::vector<Cell>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].width);
  }

  /// The column that is cut first: the last one of free text.
  [[nodiscard]] std::size_t flexible() const {
    for (std::size_t i = columns_.size(); i-- > 0;) {
      if (kinds_[i].text && columns_[i].look != Look::operation) return i;
    }
    return columns_.empty() ? 0 : columns_.size() - 1;
  }

  /// Makes the widths fit the terminal: the flexible column gives first, then other texts, then all.
  void shrink() {
    if (limit_ == 0 || columns_.empty()) return;
    std::size_t total = gap * (columns_.size() - 1);
    for (const std::size_t width : widths_) total += width;
    const auto give = [&](std::size_t i, std::size_t least) {
      if (total <= limit_ || widths_[i] <= least) return;
      const std::size_t less = std::min(widths_[i] - least, total - limit_);
      widths_[i] -= less;
      total -= less;
    };
    give(flexible(), narrow);
    for (std::size_t i = columns_.size(); i-- > 0;) {
      if (kinds_[i].text) give(i, narrow);
    }
    for (std::size_t i = columns_.size(); i-- > 0;) give(i, 1);
  }

  /// Whether the cells may be wider than their columns: later rows can be longer than those that made the
  /// widths.
  [[nodiscard]] bool may_overflow(const std::vector<Cell>& cells) const {
    if (limit_ == 0) return true;
    std::size_t total = gap * (cells.size() - 1);
    for (std::size_t i = 0; i + 1 < cells.size(); ++i) total += std::max(widths_[i], cells[i].width);
    const std::size_t last = cells.back().width;
    total += flexible() + 1 == cells.size() ? std::min(last, narrow) : last;
    return total <= limit_;
  }

  void print(const std::vector<Cell>& cells, bool header) {
    if (cells.empty()) return;
    const bool overflow = may_overflow(cells);
    if (live_ && overflow && !header) {
      for (std::size_t i = 0; i + 1 < cells.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].width);
    }
    line_.clear();
    std::size_t at = 0;      // columns written, blanks that are still owed included
    std::size_t blanks = 0;  // written before the next text only, so that no line ends in them
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) {
        blanks += gap;
        at += gap;
      }
      const bool last = i + 1 == cells.size();
      std::size_t room = overflow || last ? std::max(widths_[i], cells[i].width) : widths_[i];
      if (limit_ > 0) room = std::min(room, limit_ > at ? limit_ - at : 0);
      if (room == 0 && limit_ > 0 && at >= limit_) break;
      const std::size_t taken = std::min(cells[i].width, room);
      const std::size_t padding = std::max(widths_[i], taken) - taken;
      if (kinds_[i].number) blanks += padding;
      if (!cells[i].text.empty()) {
        line_.append(blanks, ' ');
        blanks = 0;
        append(cells[i], room, header ? ansi::bold : ansi::start(columns_[i].look, cells[i].text));
      }
      if (!kinds_[i].number) blanks += padding;
      at += taken + padding;
    }
    line_ += '\n';
    out_.write(line_);
  }

  void append(const Cell& cell, std::size_t room, std::string_view color) {
    const bool colored = looks_.color && !color.empty();
    if (colored) line_ += color;
    if (cell.width <= room) {
      line_ += cell.text;
    } else {
      line_ += text::cut(cell.text, room);
    }
    if (colored) line_ += ansi::reset;
  }

  std::vector<Column> columns_;
  bool live_;
  Looks looks_;
  std::size_t limit_;  // the terminal's width; 0: none
  Output& out_;
  std::vector<Kind> kinds_;
  std::vector<std::size_t> widths_;
  std::vector<Cell> titles_;
  std::vector<Cell> cells_;  // of the current row, reused
  std::vector<std::vector<Cell>> held_;
  std::size_t bytes_ = 0;  // of the rows held
  bool settled_ = false;
  std::string line_;
};

}  // namespace

std::unique_ptr<Sink> make_table(std::vector<Column> columns, Layout layout, Looks looks, Output& out) {
  return std::make_unique<Table>(std::move(columns), layout, looks, out);
}

}  // namespace natskv
