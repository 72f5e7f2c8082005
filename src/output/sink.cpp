#include "output/sink.hpp"

#include "base/text.hpp"
#include "output/sinks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

namespace natskv {

namespace {

constexpr std::array<std::pair<std::string_view, Format>, 5> names{{{"table", Format::table},
                                                                    {"tsv", Format::tsv},
                                                                    {"json", Format::json},
                                                                    {"jsonl", Format::jsonl},
                                                                    {"raw", Format::raw}}};

void append_number(auto number, std::string& out) { out += fmt::format_int(number).str(); }

/// As much of a value as `columns` can show: characters of more than 64 bytes (many combining marks) are cut.
std::string value_text(std::string_view bytes, std::size_t columns) {
  const std::size_t enough = 64 * (columns + 1);
  if (columns == 0 || bytes.size() <= enough || !text::readable(bytes)) return text::table_value(bytes);
  std::size_t end = enough;
  while (end > 0 && (static_cast<unsigned char>(bytes[end]) & 0xC0) == 0x80) --end;
  return text::visible(bytes.substr(0, end)) + std::string(text::ellipsis());
}

}  // namespace

std::optional<Format> format_named(std::string_view word) {
  for (const auto& [name, format] : names) {
    if (name == word) return format;
  }
  return std::nullopt;
}

bool absent(const Value& value) {
  if (const auto* size = std::get_if<Size>(&value)) return size->bytes < 0;
  if (const auto* nested = std::get_if<Nested>(&value)) return nested->json == nullptr;
  return std::holds_alternative<std::monostate>(value);
}

void plain_text(const Value& value, std::string& out) {
  if (absent(value)) return;
  std::visit(
      Overloaded{[](std::monostate) {},  //
                 [&out](bool yes) { out += yes ? "true" : "false"; },
                 [&out](std::int64_t number) { append_number(number, out); },
                 [&out](std::uint64_t number) { append_number(number, out); },
                 [&out](std::string_view text) { out += text; }, [&out](Bytes bytes) { out += bytes.data; },
                 [&out](Instant when) { text::rfc3339(when, out); },
                 [&out](Span span) { out += text::seconds(span); },
                 [&out](Size size) { append_number(size.bytes, out); },
                 [&out](Nested nested) { dump(*nested.json, out); }},
      value);
}

std::string cell_text(const Value& value, bool utc, std::size_t columns) {
  std::string text = std::visit(
      Overloaded{[](std::monostate) { return std::string(); },
                 [](bool yes) { return std::string(yes ? "yes" : "no"); },
                 [](std::int64_t number) { return std::to_string(number); },
                 [](std::uint64_t number) { return std::to_string(number); },
                 [](std::string_view plain) { return text::visible(plain); },
                 [columns](Bytes bytes) { return value_text(bytes.data, columns); },
                 [utc](Instant when) { return text::local_time(when, utc); },
                 [](Span span) { return text::human_span(span); },
                 [](Size size) { return text::human_size(size.bytes); },
                 [](Nested nested) {
                   return nested.json == nullptr ? std::string()
                                                 : fmt::format("{}", fmt::join(words(*nested.json), "; "));
                 }},
      value);
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string_view ansi::start(Emphasis look, std::string_view text) {
  if (look == Emphasis::faint) return faint;
  if (look != Emphasis::operation) return {};
  if (text == "PUT" || text == "added" || text == "ok") return green;
  if (text == "DEL" || text == "removed" || text == "failed") return red;
  if (text == "PURGE" || text == "changed") return yellow;
  return {};
}

std::unique_ptr<Sink> make_sink(Format format, std::vector<Column> columns, Layout layout,
                                TerminalStyle looks, Output& out) {
  switch (format) {
    case Format::table:
      if (layout.vertical) return make_sheet(std::move(columns), looks, out);
      if (layout.shape == Shape::live) return make_events(std::move(columns), looks, out);
      return make_table(std::move(columns), looks, out);
    case Format::tsv:
      return make_tsv(std::move(columns), layout, out);
    case Format::json:
      return make_json(columns, layout, false, looks, out);
    case Format::jsonl:
      return make_json(columns, layout, true, looks, out);
    case Format::raw:
      return make_raw(layout, true, out);
    case Format::plain:
      break;
  }
  return make_raw(layout, false, out);
}

}  // namespace natskv
