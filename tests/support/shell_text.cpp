#include "support/shell_text.hpp"

#include <algorithm>

namespace natskv::test {
namespace {

// What no command prints.
constexpr std::string_view mark = "\x1e\n";

}  // namespace

std::vector<Shown> shown(std::string_view text) {
  std::vector<Shown> all;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("$ "))
      all.push_back({line.substr(2), ""});
    else if (line.starts_with("> ") && !all.empty() && all.back().output.empty())
      all.back().command += "\n" + line.substr(2);
    else if (!line.starts_with("# ") && !all.empty())
      all.back().output += line + "\n";
  }
  return all;
}

std::string script(const std::vector<Shown>& all) {
  std::string text;
  for (const auto& one : all) text += one.command + "\nprintf '\\036\\n'\n";
  return text;
}

std::vector<std::string> outputs(std::string_view printed) {
  std::vector<std::string> all;
  for (auto at = printed.find(mark); at != std::string_view::npos; at = printed.find(mark)) {
    std::string one(printed.substr(0, at));
    // The next prompt begins a line, as in the manual.
    if (!one.empty() && !one.ends_with('\n')) one += '\n';
    all.push_back(one);
    printed.remove_prefix(at + mark.size());
  }
  return all;
}

}  // namespace natskv::test
