#include "app/globals.hpp"
#include "base/text.hpp"
#include "cli/help.hpp"
#include "commands/all.hpp"
#include "commands/tools/help.hpp"
#include "docs/page.hpp"
#include "docs/tree.hpp"
#include "support/shell_text.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>

using namespace natskv;
namespace fs = std::filesystem;

TEST_CASE("Every command has a summary of one line, a description, examples and a test") {
  for (const Verb* verb : commands::table()) {
    CAPTURE(verb->name);
    CHECK(verb->summary.size() <= 60);
    CHECK_FALSE(verb->summary.empty());
    CHECK_FALSE(verb->summary.ends_with('.'));
    CHECK_FALSE(verb->description.empty());
    CHECK(verb->examples.find("natskv " + std::string(verb->name)) != std::string::npos);
    std::string file(verb->name);
    if (verb->group == Group::hidden) continue;
    CHECK(verb->output.ends_with('.'));
    std::replace(file.begin(), file.end(), '-', '_');
    CHECK(fs::exists(natskv::test::source_path("tests/e2e/" + file + "_test.cpp")));
  }
}

TEST_CASE("No name is two commands, and no option is declared twice or without help") {
  std::set<std::string_view> names;
  for (const auto& command : docs::commands()) {
    CAPTURE(command.verb->name);
    CHECK(names.insert(command.verb->name).second);
    for (const auto alias : command.verb->aliases) CHECK(names.insert(alias).second);
    std::set<std::string> options;
    for (const auto& item : command.declaration->options()) {
      CAPTURE(item.long_name);
      CHECK((item.argument.hidden || !item.argument.help.empty()));
      CHECK(options.insert(item.long_name).second);
      if (!item.short_name.empty()) CHECK(options.insert(item.short_name).second);
    }
  }
}

namespace {

void fits(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(text::width(line) <= 80);
  }
}

}  // namespace

TEST_CASE("Help fits a screen of 24 lines and 80 columns, a command's of 80 columns") {
  const Program program{commands::table(), declare_globals};
  const std::string text = commands::overview(program);
  CHECK(std::count(text.begin(), text.end(), '\n') <= 24);
  fits(text);
  fits(command_summaries(program));
  for (const auto& command : docs::commands()) {
    CAPTURE(command.verb->name);
    CHECK(text.find(std::string(command.verb->name)) != std::string::npos);
    fits(help(*command.verb, *command.declaration));
  }
}

TEST_CASE("Every command has two examples or more that say what they are for, the first three in its help") {
  for (const auto& command : docs::commands()) {
    CAPTURE(command.verb->name);
    auto examples = test::shown(command.verb->examples);
    CHECK(examples.size() >= 2);
    CHECK((command.verb->examples.starts_with("# ") || command.verb->group == Group::hidden));
    if (examples.size() > 3) examples.resize(3);
    const auto text = help(*command.verb, *command.declaration);
    const auto at = text.find("\nExamples:\n");
    REQUIRE(at != std::string::npos);
    for (const auto& example : examples) {
      std::istringstream lines(example.command);
      for (std::string line; std::getline(lines, line);)
        CHECK(text.find("\n  " + line + "\n", at) != std::string::npos);
    }
  }
}

TEST_CASE("The manual says nothing twice of an option") {
  for (const auto& file : docs::manual(test::source_path(""))) {
    CAPTURE(file.path);
    std::string text = file.text;
    std::replace(text.begin(), text.end(), '\n', ' ');
    CHECK(text.find("repeated for more. May be repeated") == std::string::npos);
    CHECK(text.find("or rm. One of ls, show") == std::string::npos);
    CHECK(text.find("(server 2.10). May be repeated") == std::string::npos);
  }
}

TEST_CASE("roff is never obeyed where it is text") {
  CHECK(docs::roff(R"(.so \fB 'a' -x ~ ^ `)") == R"(\&.so \efB \(aqa\(aq \-x \(ti \(ha \(ga)");
  CHECK(docs::roff("…ä") == "\\&...\\[u00E4]");
  CHECK(docs::marked("with --force, or (-f).") == "with \\fB\\-\\-force\\fR, or (\\fB\\-f\\fR).");
  docs::Page page("natskv-x", "1");
  page.heading("A");
  page.prose("'so first\n\n.so second");
  CHECK(page.text().find("\n'so") == std::string::npos);
  CHECK(page.text().find("\n.so") == std::string::npos);
}

TEST_CASE("Every command has a page, each alias leads to one") {
  std::set<std::string> paths;
  for (const auto& file : docs::manual(test::source_path(""))) {
    CHECK(paths.insert(file.path).second);
    CHECK(file.text.ends_with('\n'));
  }
  for (const auto& command : docs::commands()) {
    CHECK(paths.count("man/natskv-" + std::string(command.verb->name) + ".1") == 1);
    for (const auto alias : command.verb->aliases)
      CHECK(paths.count("man/natskv-" + std::string(alias) + ".1") == 1);
  }
}

namespace {

std::map<std::string, std::string> generated() {
  std::map<std::string, std::string> files;
  for (auto& file : docs::manual(test::source_path(""))) files[file.path] = std::move(file.text);
  return files;
}

// From where `begin` ends to the next `end`; empty where it is not.
std::string between(const std::string& text, const std::string& begin, std::string_view end) {
  const auto at = text.find(begin);
  if (at == std::string::npos) return {};
  const auto from = at + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("Every command, argument and option is in the manual") {
  const auto files = generated();
  const auto& all = files.at("man/natskv.1");
  const auto globals = docs::globals();
  for (const auto& item : globals.declaration->options()) {
    if (item.argument.hidden) continue;
    CAPTURE(item.long_name);
    CHECK(holds(all, docs::roff(item.long_name)));
    CHECK((item.short_name.empty() || holds(all, docs::roff(item.short_name + ", " + item.long_name))));
    for (const auto choice : item.argument.choices) CHECK(holds(all, std::string(choice)));
  }
  for (const auto& command : docs::commands()) {
    CAPTURE(command.verb->name);
    CHECK(holds(all, "\n\\fB" + docs::roff(command.verb->name)));
    CHECK(holds(between(all, "\n.SH SEE ALSO\n", "\n.SH "),
                docs::roff(fmt::format("natskv-{}", command.verb->name))));
    for (const auto alias : command.verb->aliases) CHECK(holds(all, docs::roff(alias)));
    const auto& page = files.at(fmt::format("man/natskv-{}.1", command.verb->name));
    const auto options = between(page, "\n.SH OPTIONS\n", "\n.SH ");
    for (const auto& item : command.declaration->options()) {
      if (item.global || item.argument.hidden) continue;
      CAPTURE(item.long_name);
      CHECK(holds(options, docs::roff(item.long_name)));
      CHECK((item.short_name.empty() || holds(options, docs::roff(item.short_name + ", " + item.long_name))));
      for (const auto choice : item.argument.choices) CHECK(holds(options, docs::roff(choice)));
    }
    for (const char* heading :
         {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "OUTPUT", "EXIT STATUS", "EXAMPLES", "SEE ALSO"})
      CHECK(holds(page, fmt::format("\n.SH {}\n", heading)));
  }
}
