// Aligned columns for people. Rows are held back until widths are known, then streamed.
#include "base/text.hpp"
#include "output/sinks.hpp"

#include <algorithm>
#include <utility>

namespace natskv {

namespace {

constexpr std::size_t held_rows = 100;
constexpr std::size_t held_bytes = std::size_t{1} << 20;  // memory stays bounded where values are long
constexpr std::size_t gap = 2;
constexpr std::size_t narrow = 8;          // what a text column is left while others can give
constexpr std::size_t least_title = 4;     // what a title is left that is longer than what stands under it
constexpr std::size_t no_offset = 19 + 1;  // a time without its offset, and …

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
      shown_.push_back(shown_.size());
      kinds_.push_back({column.look == Look::number, false, false});
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
    bool time;
  };

  std::vector<Cell>& read(std::span<const Value> values) {
    cells_.resize(columns_.size());
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const Value& value = i < values.size() ? values[i] : Value();
      if (!settled_) {
        kinds_[i].number = kinds_[i].number || is_number(value);
        kinds_[i].text = kinds_[i].text || (is_text(value) && columns_[i].look != Look::operation);
        kinds_[i].time = kinds_[i].time || std::holds_alternative<Instant>(value);
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
      if (kinds_[i].text) return i;
    }
    return columns_.empty() ? 0 : columns_.size() - 1;
  }

  /// What a row takes at these widths.
  [[nodiscard]] std::size_t total() const {
    std::size_t sum = gap * (shown_.size() - 1);
    for (const std::size_t i : shown_) sum += widths_[i];
    return sum;
  }

  void give(std::size_t i, std::size_t least) {
    const std::size_t now = total();
    if (now > limit_ && widths_[i] > least) widths_[i] -= std::min(widths_[i] - least, now - limit_);
  }

  /// From the right: what `may` says gives until `least(i)`.
  template <class May, class Least>
  void give_all(May may, Least least) {
    for (auto at = shown_.rbegin(); at != shown_.rend(); ++at) {
      if (may(kinds_[*at])) give(*at, least(*at));
    }
  }

  /// Makes the widths fit the terminal: the flexible column gives first, then other texts, times their
  /// offsets and titles what is longer than anything under them; then times are left out; then all give.
  void shrink() {
    if (limit_ == 0 || columns_.empty()) return;
    std::vector<std::size_t> needed(columns_.size(), least_title);
    for (const auto& cells : held_) {
      for (std::size_t i = 0; i < cells.size(); ++i) needed[i] = std::max(needed[i], cells[i].width);
    }
    const auto any = [](const Kind&) { return true; };
    const auto time = [](const Kind& kind) { return kind.time; };
    const std::size_t text = flexible();
    const std::vector<std::size_t> wanted = widths_;
    give(text, narrow);
    give_all([](const Kind& kind) { return kind.text; }, [](std::size_t) { return narrow; });
    for (auto at = shown_.rbegin(); at != shown_.rend() && total() > limit_; ++at) {
      if (time(kinds_[*at])) widths_[*at] = std::min(widths_[*at], no_offset);
    }
    give_all([](const Kind& kind) { return !kind.text && !kind.time; },
             [&](std::size_t i) { return needed[i]; });
    while (total() > limit_ && shown_.size() > 1) {
      const auto last = std::find_if(shown_.rbegin(), shown_.rend(), [&](auto i) { return time(kinds_[i]); });
      if (last == shown_.rend()) break;
      shown_.erase(std::next(last).base());
    }
    give_all(any, [](std::size_t) { return std::size_t{1}; });
    // What a column that was left out took is there for texts, the flexible one last.
    const auto take = [&](std::size_t i) {
      if (const std::size_t now = total(); now < limit_) {
        widths_[i] = std::min(wanted[i], widths_[i] + limit_ - now);
      }
    };
    for (const std::size_t i : shown_) {
      if (kinds_[i].text && i != text) take(i);
    }
    take(text);
  }

  /// Whether the cells may be wider than their columns: later rows can be longer than those that made the
  /// widths.
  [[nodiscard]] bool may_overflow(const std::vector<Cell>& cells) const {
    if (limit_ == 0) return true;
    std::size_t sum = gap * (shown_.size() - 1);
    for (const std::size_t i : shown_) {
      const bool last = i == shown_.back();
      const std::size_t least = last && flexible() == i ? std::min(cells[i].width, narrow) : cells[i].width;
      sum += last ? least : std::max(widths_[i], least);
    }
    return sum <= limit_;
  }

  void print(const std::vector<Cell>& cells, bool header) {
    if (cells.empty()) return;
    const bool overflow = !header && may_overflow(cells);
    if (live_ && overflow) {
      for (const std::size_t i : shown_) {
        if (i != shown_.back()) widths_[i] = std::max(widths_[i], cells[i].width);
      }
    }
    line_.clear();
    std::size_t at = 0;      // columns written, blanks that are still owed included
    std::size_t blanks = 0;  // written before the next text only, so that no line ends in them
    for (const std::size_t i : shown_) {
      if (i != shown_.front()) {
        blanks += gap;
        at += gap;
      }
      const bool last = i == shown_.back();
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
  std::vector<std::size_t> shown_;  // columns, in their order; a narrow terminal has no room for times
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
