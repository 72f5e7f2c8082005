// JSON written straight into a line: a document object a row would cost more than reading the row.
#include "output/sinks.hpp"
#include "output/text.hpp"

#include <utility>

namespace natskv {

namespace {

void append_json(const Value& value, std::string& out) {
  std::visit(Overloaded{[&out](std::string_view text) { text::json_string(text, out); },
                        [&out](Bytes bytes) { text::json_string(bytes.data, out); },
                        [&out](Instant when) {
                          out += '"';
                          text::rfc3339(when, out);
                          out += '"';
                        },
                        [&out, &value](const auto&) { plain_text(value, out); }},
             value);
}

/// A column's `"key":`, and that of a value that is not UTF-8.
struct Member {
  std::string name;
  std::string base64_name;
  explicit Member(std::string_view key) {
    text::json_string(key, name);
    name += ':';
    text::json_string(std::string(key) + "_base64", base64_name);
    base64_name += ':';
  }
};

class Json : public Sink {
 public:
  Json(const std::vector<Column>& columns, bool names, bool list, Output& out)
      : names_(names), list_(list), out_(out) {
    for (const Column& column : columns) members_.emplace_back(column.key);
  }

  void row(std::span<const Value> values) override {
    line_.clear();
    if (list_) line_ += first_ ? "[\n" : ",\n";
    first_ = false;
    if (names_) {
      name(values);
    } else {
      object(values);
    }
    if (!list_) line_ += '\n';
    out_.write(line_);
  }

  void finish() override {
    if (list_) out_.write(first_ ? "[]\n" : "\n]\n");
  }

 private:
  void name(std::span<const Value> values) {
    if (values.empty() || absent(values[0])) {
      line_ += "null";
    } else {
      append_json(values[0], line_);
    }
  }

  void object(std::span<const Value> values) {
    char before = '{';
    for (std::size_t i = 0; i < values.size() && i < members_.size(); ++i) {
      if (absent(values[i])) continue;
      line_ += before;
      before = ',';
      const auto* bytes = std::get_if<Bytes>(&values[i]);
      if (bytes != nullptr && !text::valid_utf8(bytes->data)) {
        line_ += members_[i].base64_name;
        line_ += '"';
        text::base64(bytes->data, line_);
        line_ += '"';
      } else {
        line_ += members_[i].name;
        append_json(values[i], line_);
      }
    }
    if (before == '{') line_ += '{';
    line_ += '}';
  }

  std::vector<Member> members_;
  bool names_;
  bool list_;
  bool first_ = true;
  Output& out_;
  std::string line_;
};

}  // namespace

std::unique_ptr<Sink> make_json(const std::vector<Column>& columns, Layout layout, bool lines, Output& out) {
  const bool list = !lines && layout.shape == Shape::list;
  return std::make_unique<Json>(columns, layout.names && !lines, list, out);
}

}  // namespace natskv
