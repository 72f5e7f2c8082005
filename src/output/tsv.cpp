#include "base/text.hpp"
#include "base/utf8.hpp"
#include "output/sinks.hpp"

#include <algorithm>
#include <utility>

namespace natskv {

namespace {

/// Names and texts are not escaped, because keys are passed on as they were read; but control characters,
/// which keys cannot have, would break a row or reach a terminal.
void append_name(std::string_view name, std::string& out) {
  const auto suspect = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\xC2';
  };
  while (!name.empty()) {
    const auto at = static_cast<std::size_t>(std::find_if(name.begin(), name.end(), suspect) - name.begin());
    out += name.substr(0, at);
    name.remove_prefix(at);
    if (name.empty()) return;
    // C1 is two bytes of UTF-8, which terminals obey, too.
    const text::Decoded next = text::decode(name);
    if (next.valid && text::control(next.point))
      text::tsv(name.substr(0, next.length), out);
    else
      out += name.substr(0, next.length);
    name.remove_prefix(next.length);
  }
}

void append_field(const Value& value, std::string& out) {
  if (const auto* name = std::get_if<std::string_view>(&value)) {
    append_name(*name, out);
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    text::tsv(bytes->data, out);
  } else if (std::holds_alternative<Nested>(value)) {
    std::string json;
    plain_text(value, json);
    text::tsv(json, out);
  } else {
    plain_text(value, out);
  }
}

class Tsv : public Sink {
 public:
  Tsv(std::size_t columns, bool nul, Output& out)
      : exact_(nul && columns == 1), end_(nul ? '\0' : '\n'), out_(out) {}

  void row(std::span<const Value> values) override {
    line_.clear();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) line_ += '\t';
      if (exact_) {
        plain_text(values[i], line_);
      } else {
        append_field(values[i], line_);
      }
    }
    line_ += end_;
    out_.write(line_);
  }
  void finish() override {}

 private:
  bool exact_;  // a NUL ends each, so nothing needs escaping
  char end_;
  Output& out_;
  std::string line_;
};

/// One line per field: key, tab, value.
class Fields : public Sink {
 public:
  Fields(std::vector<Column> columns, Output& out) : columns_(std::move(columns)), out_(out) {}

  void row(std::span<const Value> values) override {
    for (std::size_t i = 0; i < values.size() && i < columns_.size(); ++i) {
      if (absent(values[i])) continue;
      if (const auto* nested = std::get_if<Nested>(&values[i])) {
        std::string path(columns_[i].key);
        flatten(*nested->json, path,
                [this](std::string_view key, std::string_view text) { line(key, text); });
      } else {
        line(columns_[i].key, values[i]);
      }
    }
  }
  void finish() override {}

 private:
  void line(std::string_view key, const Value& value) {
    line_.clear();
    append_name(key, line_);
    line_ += '\t';
    append_field(value, line_);
    line_ += '\n';
    out_.write(line_);
  }

  std::vector<Column> columns_;
  Output& out_;
  std::string line_;
};

}  // namespace

std::unique_ptr<Sink> make_tsv(std::vector<Column> columns, Layout layout, Output& out) {
  if (layout.vertical) return std::make_unique<Fields>(std::move(columns), out);
  return std::make_unique<Tsv>(columns.size(), layout.nul, out);
}

}  // namespace natskv
