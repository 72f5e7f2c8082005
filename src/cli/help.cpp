#include "cli/help.hpp"

#include "base/text.hpp"
#include "output/ansi.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace natskv {
namespace {

constexpr std::size_t screen = 79;

// In lines of at most `screen` columns, the first after `indent` columns that are already written.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string words(text);
  std::replace(words.begin(), words.end(), '\n', ' ');
  return text::wrapped(words, screen - indent, indent);
}

std::string rows(const std::vector<std::pair<std::string, std::string>>& items) {
  std::size_t widest = 0;
  for (const auto& [left, right] : items) widest = std::max(widest, left.size());
  const std::size_t column = std::min<std::size_t>(widest, 28) + 4;
  std::string out;
  for (const auto& [left, right] : items) {
    out += "  " + left;
    if (left.size() + 4 > column)
      out += "\n" + std::string(column, ' ');
    else
      out.append(column - left.size() - 2, ' ');
    out += wrapped(right, column) + "\n";
  }
  return out;
}

// The name and its aliases.
std::string names_of(const Verb& verb, std::string_view between) {
  std::string names(verb.name);
  for (const auto alias : verb.aliases) names += std::string(between) + std::string(alias);
  return names;
}

// The first three examples and what each is for. All of them, with their outputs, are in the manual.
std::string commands_of(std::string_view examples) {
  constexpr int most = 3;
  std::string out;
  std::string what_for;
  for (int count = 0; !examples.empty();) {
    const auto end = std::min(examples.find('\n'), examples.size());
    const auto line = examples.substr(0, end);
    examples.remove_prefix(std::min(end + 1, examples.size()));
    if (line.starts_with("$ ") && ++count > most) break;
    if (line.starts_with("# ")) {
      what_for += fmt::format("  {}\n", line);
    } else if (line.starts_with("> ") || line.starts_with("$ ")) {  // "> ": the command's next line
      if (!what_for.empty() && !out.empty()) out += '\n';
      out += std::exchange(what_for, {}) + fmt::format("  {}\n", line.substr(2));
    }
  }
  return out;
}

}  // namespace

std::string value_word(const Option& option) {
  if (!option.argument.placeholder.empty()) return std::string(option.argument.placeholder);
  if (option.argument.kind != Kind::choice) return std::string(placeholder(option.argument.kind));
  return fmt::format("{}", fmt::join(option.argument.choices, "|"));
}

std::string option_words(const Option& option) {
  std::string words =
      option.short_name.empty() ? option.long_name : option.short_name + ", " + option.long_name;
  if (option.takes_value()) words += " " + value_word(option);
  return words;
}

std::string synopsis(const Verb& verb, const Declaration& declared) {
  std::string line(verb.name);
  const auto add = [&](const Option& argument, std::string_view begin) {
    if (argument.argument.hidden) return;
    const std::string words = fmt::format("{}{}{}", begin, argument.long_name,
                                          argument.argument.many ? text::ellipsis() : std::string_view());
    line += argument.argument.required ? " " + words : " [" + words + "]";
  };
  for (const Option* argument : declared.arguments()) add(*argument, "");
  if (const Option* command = declared.command()) add(*command, "-- ");
  return line;
}

std::string command_names(const Program& program) {
  std::string out;
  for (const Group group : shown_groups) {
    std::string names;
    for (const Verb* verb : program.verbs) {
      if (verb->group != group) continue;
      if (!names.empty()) names += ' ';  // not "" + …: gcc 12 warns of that with -O2
      names += names_of(*verb, "|");
    }
    if (!names.empty()) out += fmt::format("{:<10}{}\n", title(group), wrapped(names, 10));
  }
  return out;
}

std::string command_summaries(const Program& program) {
  std::string out;
  for (const Group group : shown_groups) {
    std::vector<std::pair<std::string, std::string>> items;
    for (const Verb* verb : program.verbs) {
      if (verb->group == group) items.emplace_back(names_of(*verb, ", "), std::string(verb->summary));
    }
    if (!items.empty()) out += fmt::format("{}{}:\n{}", out.empty() ? "" : "\n", title(group), rows(items));
  }
  return out;
}

namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string meaning_of(const Option& option) {
  std::string text(option.argument.help);
  if (!option.named.empty())
    text += fmt::format(" (one that begins with -: {}={})", option.named, option.long_name);
  return text;
}

// The first paragraph, which says what the command does.
std::string_view first_paragraph(std::string_view text) { return text.substr(0, text.find("\n\n")); }

// Of what every command accepts, what is needed most.
constexpr std::array often_needed{"--server", "--context", "--output", "--json", "--quiet"};

}  // namespace

std::string global_options(const Program& program) {
  Rows options;
  const BoundVerb globals = bind_globals(program);
  for (const auto& option : globals.declaration->options()) {
    if (option.argument.hidden) continue;
    std::string text = meaning_of(option);
    if (!option.argument.environment.empty()) text += fmt::format(" ({})", option.argument.environment);
    options.emplace_back(option_words(option), std::move(text));
  }
  return "Options of all commands, before or after the command, and the environment\nvariables that stand for them:\n\n" +
         rows(options);
}

std::string with_bold_headings(std::string_view page) {
  constexpr std::string_view usage = "Usage:";
  std::string out;
  while (!page.empty()) {
    const auto end = std::min(page.find('\n'), page.size());
    const auto line = page.substr(0, end);
    const bool heading = line.ends_with(':') && !line.starts_with(' ');
    const auto bold = heading ? line : line.starts_with(usage) ? usage : std::string_view();
    out += ansi::painted(bold, ansi::bold);
    out += line.substr(bold.size());
    if (end < page.size()) out += '\n';
    page.remove_prefix(std::min(end + 1, page.size()));
  }
  return out;
}

std::string help(const Verb& verb, const Declaration& declared) {
  std::string out =
      fmt::format("natskv {}: {}\n\n{}\n\nUsage: natskv {} [OPTIONS]\n", verb.name, verb.summary,
                  wrapped(first_paragraph(verb.description), 0), synopsis(verb, declared));
  Rows arguments, options, globals;
  for (const auto& option : declared.options()) {
    if (option.argument.hidden) continue;
    if (!option.is_option())
      arguments.emplace_back(option.long_name, meaning_of(option));
    else if (!option.global)
      options.emplace_back(option_words(option), meaning_of(option));
  }
  for (const char* const name : often_needed) {
    if (const Option* option = declared.option(name))
      globals.emplace_back(option_words(*option), meaning_of(*option));
  }
  if (!arguments.empty()) out += "\nArguments:\n" + rows(arguments);
  if (!options.empty()) out += "\nOptions:\n" + rows(options);
  if (!globals.empty())
    out += "\nOptions of all commands (natskv help options has the others):\n" + rows(globals);
  const auto examples = commands_of(verb.examples);
  if (!examples.empty()) out += "\nExamples:\n" + examples;
  return out +
         fmt::format(
             "\nMore: man natskv-{}\n      natskv help output, patterns, values, exit-status, contexts\n",
             verb.name);
}

}  // namespace natskv
