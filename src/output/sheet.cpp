// One record for people: "Title: value" lines, values aligned, long ones continued under themselves.
#include "base/text.hpp"
#include "output/sinks.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace natskv {

namespace {

constexpr std::size_t least_room = 20;  // a narrower terminal wraps lines itself

/// A list of texts is shown with one line each.
bool sentences(const nlohmann::ordered_json& json) {
  return json.is_array() &&
         std::all_of(json.begin(), json.end(), [](const auto& e) { return e.is_string(); });
}

class Sheet : public Sink {
 public:
  Sheet(std::vector<Column> columns, TerminalStyle looks, Output& out)
      : columns_(std::move(columns)),
        looks_(looks),
        limit_(static_cast<std::size_t>(std::max(0, looks.width))),
        out_(out) {}

  void row(std::span<const Value> values) override {
    text_.clear();
    if (!first_) text_ += '\n';
    first_ = false;
    indent_ = 0;
    for (std::size_t i = 0; i < values.size() && i < columns_.size(); ++i) {
      if (!lines(values[i]).empty()) indent_ = std::max(indent_, text::width(title(i)) + 2);
    }
    for (std::size_t i = 0; i < values.size() && i < columns_.size(); ++i) {
      const std::vector<std::string> all = lines(values[i]);
      if (!all.empty()) field(i, all, std::holds_alternative<Bytes>(values[i]));
    }
    out_.write(text_);
  }
  void finish() override {}

 private:
  [[nodiscard]] std::string_view title(std::size_t i) const {
    return columns_[i].title.empty() ? columns_[i].key : columns_[i].title;
  }

  /// A value's lines before wrapping; none where it is absent.
  [[nodiscard]] std::vector<std::string> lines(const Value& value) const {
    if (std::holds_alternative<std::monostate>(value)) return {};
    if (const auto* nested = std::get_if<Nested>(&value)) {
      if (nested->json == nullptr) return {};
      if (!sentences(*nested->json)) return words(*nested->json);
      std::vector<std::string> all;
      for (const auto& sentence : *nested->json) all.push_back(text::visible(sentence.get<std::string>()));
      return all;
    }
    return {cell_text(value, looks_.utc, limit_)};
  }

  [[nodiscard]] std::size_t room() const { return std::max(limit_, indent_ + least_room) - indent_; }

  void field(std::size_t i, const std::vector<std::string>& all, bool bytes) {
    const std::string_view color = looks_.color ? ansi::start(columns_[i].look, all[0]) : "";
    std::string label(title(i));
    label += ':';
    const std::size_t padding = indent_ - text::width(label);
    if (looks_.color) label = std::string(ansi::bold) + label + std::string(ansi::reset);
    label.append(padding, ' ');
    for (const std::string& whole : all) {
      // A user's value is cut as in a table; natskv's own text about a bucket is shown whole.
      const std::string line = bytes && limit_ > 0 ? text::cut(whole, room()) : whole;
      std::string_view rest = line;
      do {
        const std::string_view part = limit_ == 0 ? rest : text::first_line(rest, room());
        add(label, part, color);
        rest.remove_prefix(part.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        label.assign(indent_, ' ');
      } while (!rest.empty());
    }
  }

  void add(const std::string& label, std::string_view part, std::string_view color) {
    text_ += label;
    text_ += color;
    text_ += part.substr(0, part.find_last_not_of(' ') + 1);
    if (!color.empty()) text_ += ansi::reset;
    text_.erase(text_.find_last_not_of(' ') + 1);
    text_ += '\n';
  }

  std::vector<Column> columns_;
  TerminalStyle looks_;
  std::size_t limit_;  // the terminal's width; 0: none
  Output& out_;
  bool first_ = true;
  std::size_t indent_ = 0;  // where values begin
  std::string text_;
};

}  // namespace

std::unique_ptr<Sink> make_sheet(std::vector<Column> columns, TerminalStyle looks, Output& out) {
  return std::make_unique<Sheet>(std::move(columns), looks, out);
}

}  // namespace natskv
