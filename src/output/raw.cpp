#include "output/sinks.hpp"

namespace natskv {

namespace {

class Raw : public Sink {
 public:
  Raw(std::string_view end, Output& out) : end_(end), out_(out) {}

  void row(std::span<const Value> values) override {
    if (values.empty() || std::holds_alternative<std::monostate>(values[0])) return;
    if (const auto* bytes = std::get_if<Bytes>(&values[0])) {
      out_.write(bytes->data);
    } else {
      text_.clear();
      plain_text(values[0], text_);
      out_.write(text_);
    }
    out_.write(end_);
  }
  void finish() override {}

 private:
  std::string_view end_;
  Output& out_;
  std::string text_;
};

}  // namespace

std::unique_ptr<Sink> make_raw(Layout layout, bool bytes, Output& out) {
  static constexpr std::string_view nul("\0", 1);
  return std::make_unique<Raw>(layout.nul ? nul : bytes ? "" : "\n", out);
}

}  // namespace natskv
