// JSON written straight into a line: building a document for each row would cost more than reading it.
#include "base/text.hpp"
#include "output/pretty.hpp"
#include "output/sinks.hpp"

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

/// A column's `"key":`, and the one for a name or value that is not UTF-8, which a JSON string cannot
/// contain.
struct Member {
  std::string name;
  std::string base64_name;
  bool is_name;
  explicit Member(const Column& column) : is_name(column.look == Emphasis::name) {
    text::json_string(column.key, name);
    name += ':';
    text::json_string(std::string(column.key) + "_base64", base64_name);
    base64_name += ':';
  }
};

// Must not be altered; in other text invalid UTF-8 is replaced.
std::string_view exact(const Value& value, const Member& member) {
  if (const auto* bytes = std::get_if<Bytes>(&value)) return bytes->data;
  const auto* text = member.is_name ? std::get_if<std::string_view>(&value) : nullptr;
  return text != nullptr ? *text : std::string_view();
}

class Json : public Sink {
 public:
  Json(const std::vector<Column>& columns, bool names, bool list, bool lines, TerminalStyle looks,
       Output& out)
      : names_(names), list_(list), lines_(lines), looks_(looks), out_(out) {
    for (const Column& column : columns) members_.emplace_back(column);
  }

  void row(std::span<const Value> values) override {
    line_.clear();
    if (list_) out_.write(first_ ? "[\n" : ",\n");
    first_ = false;
    if (names_) {
      name(values);
    } else {
      object(values);
    }
    if (looks_.people)
      line_ = text::shown_json(line_, {.depth = list_ ? 1U : 0U, .indent = !lines_, .color = looks_.color});
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
      const auto bytes = exact(values[i], members_[i]);
      if (!text::valid_utf8(bytes)) {
        line_ += members_[i].base64_name;
        line_ += '"';
        text::base64(bytes, line_);
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
  bool lines_;
  bool first_ = true;
  TerminalStyle looks_;
  Output& out_;
  std::string line_;
};

}  // namespace

std::unique_ptr<Sink> make_json(const std::vector<Column>& columns, Layout layout, bool lines,
                                TerminalStyle looks, Output& out) {
  const bool list = !lines && layout.shape == Shape::list;
  return std::make_unique<Json>(columns, layout.names && !lines, list, lines || layout.shape == Shape::live,
                                looks, out);
}

}  // namespace natskv
