#include "app/help.hpp"

#include "base/text.hpp"
#include "commands/all.hpp"

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

std::string_view title(Group group) {
  switch (group) {
    case Group::buckets:
      return "Buckets";
    case Group::keys:
      return "Keys";
    case Group::bulk:
      return "Bulk";
    case Group::tools:
      return "Tools";
    case Group::hidden:
      break;
  }
  return "";
}

constexpr std::array groups{Group::buckets, Group::keys, Group::bulk, Group::tools};

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

std::string value_word(const Declared::Item& item) {
  if (!item.argument.placeholder.empty()) return std::string(item.argument.placeholder);
  if (item.argument.kind != Kind::choice) return std::string(placeholder(item.argument.kind));
  std::string words;
  for (const auto choice : item.argument.choices) words += (words.empty() ? "" : "|") + std::string(choice);
  return words;
}

std::string option_words(const Declared::Item& item) {
  std::string words = item.shorter.empty() ? item.longer : item.shorter + ", " + item.longer;
  if (item.takes_value()) words += " " + value_word(item);
  return words;
}

std::string synopsis(const Verb& verb, const Declared& declared) {
  std::string line(verb.name);
  for (const auto* item : declared.positionals()) {
    if (item->argument.hidden) continue;
    const std::string_view more = item->argument.many ? text::ellipsis() : "";
    line += item->argument.required ? fmt::format(" {}{}", item->longer, more)
                                    : fmt::format(" [{}{}]", item->longer, more);
  }
  return line;
}

std::string help() {
  std::string out =
      "natskv: NATS JetStream key-value buckets from a shell\n\n"
      "Usage: natskv [OPTIONS] COMMAND [ARGUMENTS]\n\n";
  for (const Group group : groups) {
    std::string names;
    for (const Verb* verb : commands::table()) {
      if (verb->group != group) continue;
      if (!names.empty()) names += ' ';  // not "" + …: gcc 12 warns of that with -O2
      names += names_of(*verb, "|");
    }
    if (!names.empty()) out += fmt::format("{:<10}{}\n", title(group), wrapped(names, 10));
  }
  out +=
      "\nFirst steps:\n"
      "  natskv sandbox                      a private server, to try it all in\n"
      "  natskv add config                   make a bucket\n"
      "  natskv put config greeting hello    store a value; its revision is printed\n"
      "  natskv get config greeting          read it\n"
      "  natskv watch config                 see every change\n"
      "\n"
      "natskv COMMAND --help   what it does, its options, examples (man natskv-COMMAND)\n"
      "natskv help --all       each command in a line\n"
      "man natskv              options of all commands, exit statuses, contexts\n";
  return out;
}

std::string help_all() {
  std::string out;
  for (const Group group : groups) {
    std::vector<std::pair<std::string, std::string>> items;
    for (const Verb* verb : commands::table()) {
      if (verb->group == group) items.emplace_back(names_of(*verb, ", "), std::string(verb->summary));
    }
    if (!items.empty()) out += fmt::format("{}{}:\n{}", out.empty() ? "" : "\n", title(group), rows(items));
  }
  return out;
}

std::string help(const Verb& verb, const Declared& declared) {
  std::string out = fmt::format("natskv {}: {}\n\nUsage: natskv {} [OPTIONS]\n", verb.name, verb.summary,
                                synopsis(verb, declared));
  std::vector<std::pair<std::string, std::string>> arguments, options;
  for (const auto& item : declared.items()) {
    if (item.argument.hidden) continue;
    if (!item.option())
      arguments.emplace_back(item.longer, std::string(item.argument.help));
    else if (!item.global)
      options.emplace_back(option_words(item), std::string(item.argument.help));
  }
  if (!arguments.empty()) out += "\nArguments:\n" + rows(arguments);
  if (!options.empty()) out += "\nOptions:\n" + rows(options);
  std::string names;
  for (const auto& item : declared.items()) {
    if (item.global && !item.argument.hidden) names += (names.empty() ? "" : " ") + item.longer;
  }
  if (!names.empty()) out += "\nOptions of all commands (man natskv):\n  " + wrapped(names, 2) + "\n";
  const auto examples = commands_of(verb.examples);
  if (!examples.empty()) out += "\nExamples:\n" + examples;
  return out;
}

}  // namespace natskv
