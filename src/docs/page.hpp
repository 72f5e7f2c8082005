// Builds a manual page: man(7) macros, all text escaped.
#pragma once

#include <string>
#include <string_view>

namespace natskv::docs {

/// Escapes text inside a line of roff: backslashes, hyphens, quotes and what is not ASCII. Nothing in it is a
/// request.
std::string roff(std::string_view text);
/// The same with the words that are options in bold.
std::string marked(std::string_view text);

class Page {
 public:
  /// `name`: "natskv-get"; `section`: "1". No date: a page changes with its source, not with the day.
  Page(std::string_view name, std::string_view section);

  void heading(std::string_view title);
  void subheading(std::string_view title);
  /// NAME's one line, which apropos reads.
  void name(std::string_view names, std::string_view summary);
  /// Paragraphs separated by an empty line; lines that begin with two spaces stay lines (a table, a sketch).
  void prose(std::string_view text);
  /// A term and, indented below it, what it means. `term` is shown in bold.
  void item(std::string_view term, std::string_view meaning);
  /// A paragraph with a bold beginning: a synopsis.
  void synopsis(std::string_view bold, std::string_view rest);
  /// Another spelling of the synopsis.
  void alias(std::string_view words);
  /// A paragraph at the margin after items.
  void prose_after_items(std::string_view text);
  /// Lines that are not filled.
  void lines(std::string_view text);
  /// "A(1), B(7)".
  void references(std::string_view list);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void paragraph(std::string_view text);
  void wrap(std::string_view text);

  std::string text_;
};

}  // namespace natskv::docs
