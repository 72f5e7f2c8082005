#include "cli/help.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace natskv {
namespace {

constexpr std::size_t screen = 79;

// Words in lines of at most `screen` columns, the first behind `indent` columns that are already written.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column > indent && column + 1 + word.size() > screen) {
      out += '\n';
      out.append(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
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

// The runnable lines of a verb's examples; their outputs are the manual's.
std::string commands_of(std::string_view examples) {
  std::string out;
  while (!examples.empty()) {
    const auto end = std::min(examples.find('\n'), examples.size());
    const auto line = examples.substr(0, end);
    examples.remove_prefix(std::min(end + 1, examples.size()));
    // A command goes on behind "> ".
    if (!line.starts_with("> ") && !line.starts_with("$ ")) continue;
    out += fmt::format("  {}\n", line.substr(2));
  }
  return out;
}

}  // namespace

std::string value_word(const Option& option) {
  if (!option.argument.placeholder.empty()) return std::string(option.argument.placeholder);
  if (option.argument.kind != Kind::choice) return std::string(placeholder(option.argument.kind));
  std::string words;
  for (const auto choice : option.argument.choices) words += (words.empty() ? "" : "|") + std::string(choice);
  return words;
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

std::string help(const Verb& verb, const Declaration& declared) {
  std::string out = fmt::format("natskv {}: {}\n\nUsage: natskv {} [OPTIONS]\n", verb.name, verb.summary,
                                synopsis(verb, declared));
  std::vector<std::pair<std::string, std::string>> arguments, options;
  for (const auto& option : declared.options()) {
    if (option.argument.hidden) continue;
    if (!option.is_option()) {
      std::string text(option.argument.help);
      if (!option.named.empty())
        text += fmt::format(" (one that begins with -: {}={})", option.named, option.long_name);
      arguments.emplace_back(option.long_name, std::move(text));
    } else if (!option.global)
      options.emplace_back(option_words(option), std::string(option.argument.help));
  }
  if (!arguments.empty()) out += "\nArguments:\n" + rows(arguments);
  if (!options.empty()) out += "\nOptions:\n" + rows(options);
  std::string names;
  for (const auto& option : declared.options()) {
    if (option.global && !option.argument.hidden) names += (names.empty() ? "" : " ") + option.long_name;
  }
  if (!names.empty()) out += "\nOptions of all commands (man natskv):\n  " + wrapped(names, 2) + "\n";
  const auto examples = commands_of(verb.examples);
  if (!examples.empty()) out += "\nExamples:\n" + examples;
  return out;
}

}  // namespace natskv
