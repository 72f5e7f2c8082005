// A live stream for people: one line per event, as wide as the terminal is at that moment.
#include "base/text.hpp"
#include "output/columns.hpp"
#include "output/sinks.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace natskv {

namespace {

constexpr std::size_t longest_operation = 5;  // PURGE

class Events : public Sink {
 public:
  Events(std::vector<Column> columns, TerminalStyle looks, Output& out)
      : columns_(std::move(columns)), looks_(looks), out_(out) {}

  void row(std::span<const Value> values) override {
    const auto limit = static_cast<std::size_t>(
        std::max(0, looks_.measure != nullptr && looks_.width > 0 ? looks_.measure() : looks_.width));
    line_.clear();
    at_ = 0;
    std::vector<std::string> rest;
    for (std::size_t i = 0; i < values.size() && i < columns_.size(); ++i) {
      const Emphasis look = columns_[i].look;
      std::string text = shown(values[i], limit);
      if (text.empty()) continue;
      if (look == Emphasis::text && limit > 0) {
        const std::size_t room = limit - std::min(limit, at_ + 1);
        const std::size_t width = text::width(text);
        if (room < std::min(width, least_text(limit))) {
          rest.push_back(std::move(text));
          continue;
        }
        text = text::cut(text, room);
      }
      add(text, look);
    }
    line_.erase(line_.find_last_not_of(' ') + 1);
    line_ += '\n';
    for (const auto& text : rest) line_ += under(text, limit);
    out_.write(line_);
  }
  void finish() override {}

 private:
  std::string shown(const Value& value, std::size_t limit) const {
    if (const auto* when = std::get_if<Instant>(&value)) return clock(*when);
    std::string text = cell_text(value, looks_.utc, limit);
    return std::holds_alternative<std::uint64_t>(value) ? "#" + text : text;
  }

  /// The time of day; with the date if it is not today.
  std::string clock(Instant when) const {
    const std::int64_t offset = text::zone_offset(looks_.utc);
    const std::string moment = text::time_at(when, offset);
    const std::string now = text::time_at(Instant{std::int64_t{std::time(nullptr)} * 1'000'000'000}, offset);
    constexpr std::size_t date = 10;
    return moment.compare(0, date, now, 0, date) == 0 ? moment.substr(date + 1) : moment;
  }

  void add(const std::string& text, Emphasis look) {
    if (at_ > 0) {
      line_ += ' ';
      ++at_;
    }
    const std::string_view color = looks_.color ? ansi::start(look, text) : "";
    line_ += color;
    line_ += text;
    if (!color.empty()) line_ += ansi::reset;
    at_ += text::width(text);
    if (look != Emphasis::operation || text.size() >= longest_operation) return;
    line_.append(longest_operation - text.size(), ' ');
    at_ += longest_operation - text.size();
  }

  static std::string under(const std::string& text, std::size_t limit) {
    constexpr std::size_t indent = 2;
    return std::string(limit > indent ? indent : 0, ' ') +
           text::cut(text, limit > indent ? limit - indent : limit) + '\n';
  }

  std::vector<Column> columns_;
  TerminalStyle looks_;
  Output& out_;
  std::string line_;
  std::size_t at_ = 0;  // columns written on this line
};

}  // namespace

std::unique_ptr<Sink> make_events(std::vector<Column> columns, TerminalStyle looks, Output& out) {
  return std::make_unique<Events>(std::move(columns), looks, out);
}

}  // namespace natskv
