#include "docs/page.hpp"

#include "base/ascii.hpp"
#include "base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace natskv::docs {
namespace {

constexpr std::size_t line_width = 78;

bool is_option(std::string_view word) {
  return word.size() > 1 && word[0] == '-' &&
         (ascii::letter(word[1]) || (word[1] == '-' && word.size() > 2) || word[1] == '0');
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  const auto word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

std::string roff(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '"':
        out += "\\(dq";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x80)
          out += c;
        else if (text.substr(at).starts_with("…")) {
          out += "...";
          at += 2;
        } else {
          const text::Decoded character = text::decode(text.substr(at));
          out += fmt::format("\\[u{:04X}]", static_cast<std::uint32_t>(character.point));
          at += character.length - 1;
        }
    }
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string marked(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!out.empty()) out += ' ';
    if (word.starts_with('(')) {
      out += '(';
      word.remove_prefix(1);
    }
    const auto option = word.substr(0, word.find_first_of(",;:.)=/"));
    if (is_option(option))
      out += "\\fB" + roff(option) + "\\fR" + roff(word.substr(option.size()));
    else
      out += roff(word);
  }
  return out;
}

Page::Page(std::string_view name, std::string_view section) {
  text_ = fmt::format(
      ".\\\" Written by natskv-docs from the declarations in src/; change those, then build the target "
      "docs.\n"
      ".TH \"{}\" \"{}\" \"\" \"natskv {}\" \"natskv manual\"\n.nh\n.ad l\n",
      roff(ascii::upper(name)), section, NATSKV_VERSION);
}

void Page::heading(std::string_view title) { text_ += fmt::format(".SH {}\n", title); }

void Page::subheading(std::string_view title) { text_ += fmt::format(".SS {}\n", roff(title)); }

void Page::name(std::string_view names, std::string_view summary) {
  text_ += fmt::format("{} \\- {}\n", roff(names), roff(summary));
}

void Page::alias(std::string_view words) { text_ += fmt::format(".br\n(also: \\fB{}\\fR)\n", roff(words)); }

void Page::prose_after_items(std::string_view text) {
  text_ += ".PP\n";
  prose(text);
}

void Page::wrap(std::string_view text) {
  std::string line;
  std::size_t width = 0;
  for (auto word = next_word(text); !word.empty(); word = next_word(text)) {
    std::string shown = marked(word);
    if (width > 0 && width + 1 + shown.size() > line_width) {
      text_ += line + "\n";
      line.clear();
      width = 0;
    }
    if (width > 0) line += ' ';
    // \& keeps a word at the start of a line from being a request.
    if (width == 0 && shown.starts_with('.')) shown.insert(0, "\\&");
    line += shown;
    width = line.size();
  }
  if (!line.empty()) text_ += line + "\n";
}

void Page::paragraph(std::string_view text) {
  if (text.starts_with("  "))
    lines(text);
  else
    wrap(text);
}

void Page::prose(std::string_view text) {
  bool first = true;
  while (!text.empty()) {
    const auto end = std::min(text.find("\n\n"), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    if (part.empty()) continue;
    if (!first && !part.starts_with("  ")) text_ += ".PP\n";
    paragraph(part);
    first = false;
  }
}

void Page::item(std::string_view term, std::string_view meaning) {
  text_ += fmt::format(".TP\n\\fB{}\\fR\n", roff(term));
  wrap(meaning);
}

void Page::synopsis(std::string_view bold, std::string_view rest) {
  text_ += fmt::format("\\fB{}\\fR{}{}\n", roff(bold), rest.empty() ? "" : " ", roff(rest));
}

void Page::lines(std::string_view text) {
  const auto last = text_.rfind('\n', text_.size() - 2);
  if (text_.compare(last + 1, 2, ".S") != 0) text_ += ".PP\n";
  text_ += ".EX\n";
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string line;
    // Tabs as on a terminal.
    for (const char c : text.substr(0, end)) {
      if (c == '\t')
        line.append(8 - line.size() % 8, ' ');
      else
        line += c;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
    text_ += line.empty() ? "\\&\n" : roff(line) + "\n";
  }
  text_ += ".EE\n";
}

void Page::references(std::string_view list) {
  while (!list.empty()) {
    const auto end = std::min(list.find(", "), list.size());
    const auto one = list.substr(0, end);
    list.remove_prefix(std::min(end + 2, list.size()));
    const auto open = one.find('(');
    text_ +=
        fmt::format(".BR {} {}{}\n", roff(one.substr(0, open)), one.substr(open), list.empty() ? "" : ",");
  }
}

}  // namespace natskv::docs
