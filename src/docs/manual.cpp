// The manual: natskv(1), one page per command, natskv-output(7).
#include "base/ascii.hpp"
#include "cli/help.hpp"
#include "commands/tools/topics.hpp"
#include "docs/fields.hpp"
#include "docs/page.hpp"
#include "docs/template.hpp"
#include "docs/tree.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>

namespace natskv::docs {
namespace {

std::string page_of(const Verb& verb) { return fmt::format("natskv-{}", verb.name); }

std::string sentence(std::string_view help) {
  std::string text(help);
  if (!text.ends_with('.')) text += '.';
  return text;
}

std::string meaning(const Option& item, const Declaration& declared) {
  std::string text(item.argument.help);
  if (!item.named.empty())
    text += fmt::format(" (one that begins with - as {}={})", item.named, item.long_name);
  text = sentence(text);
  if (item.argument.kind == Kind::choice) {
    const auto& choices = item.argument.choices;
    const bool named = std::all_of(choices.begin(), choices.end(), [&](std::string_view choice) {
      return text.find(choice) != std::string::npos;
    });
    if (!named) text += fmt::format(" One of {}.", fmt::join(choices, ", "));
  }
  if (item.argument.many && item.is_option() && text.find("repeated") == std::string::npos)
    text += " May be repeated.";
  if (!item.argument.environment.empty()) text += fmt::format(" Environment: {}.", item.argument.environment);
  std::string others;
  for (const auto& [one, other, hint] : declared.exclusions()) {
    const auto& rest = one == item.long_name ? other : one;
    if (one == item.long_name || other == item.long_name) others += (others.empty() ? "" : ", ") + rest;
  }
  if (!others.empty()) text += fmt::format(" Excludes {}.", others);
  return text;
}

void options(Page& page, const Command& command) {
  for (const auto* item : command.options())
    page.item(option_words(*item), meaning(*item, *command.declaration));
}

void name(Page& page, std::string_view names, std::string_view summary) {
  page.heading("NAME");
  std::string text(summary);
  const auto capital = [&](std::size_t at) { return at < text.size() && ascii::capital(text[at]); };
  if (capital(0) && !capital(1)) text[0] = ascii::lower(text[0]);
  page.name(names, text);
}

void topic(Page& page, std::string_view name) {
  const auto* found = commands::find_topic(name);
  if (found == nullptr) throw std::logic_error(fmt::format("there is no topic {}", name));
  page.prose(found->text);
}

std::string command_page(const Command& command) {
  const Verb& verb = *command.verb;
  Page page(page_of(verb), "1");
  name(page, page_of(verb), verb.summary);
  page.heading("SYNOPSIS");
  page.synopsis("natskv", synopsis(verb, *command.declaration) + " [OPTIONS]");
  for (const auto alias : verb.aliases) page.alias(fmt::format("natskv {}", alias));
  page.heading("DESCRIPTION");
  page.prose(verb.description);
  if (!command.arguments().empty() || !command.options().empty()) {
    page.heading("OPTIONS");
    for (const auto* item : command.arguments())
      page.item((item->argument.kind == Kind::command ? "-- " : "") + item->long_name +
                    (item->argument.many ? "…" : ""),
                meaning(*item, *command.declaration));
    options(page, command);
    page.prose_after_items("The options of all commands are in natskv(1).");
  }
  page.heading("OUTPUT");
  page.prose(
      fmt::format("{}\n\nThe formats of -o and the fields of JSON are in natskv-output(7).", verb.output));
  page.heading("EXIT STATUS");
  for (const auto& [status, text] : verb.statuses) page.item(status, text);
  if (!verb.statuses.empty()) page.prose_after_items("Else, as for every command:");
  topic(page, "exit-status");
  page.heading("EXAMPLES");
  page.lines(verb.examples);
  page.heading("SEE ALSO");
  page.references("natskv(1), natskv-output(7)");
  return page.text();
}

// ": name (string), replicas (array: name (string), lag (number))."
std::string listed(const std::vector<FieldLine>& members) {
  const std::function<std::string(const std::vector<FieldLine>&)> words = [&](const auto& fields) {
    std::string text;
    for (const auto& field : fields) {
      const auto inner = field.members.empty() ? "" : ": " + words(field.members);
      text += fmt::format("{}{} ({}{})", text.empty() ? "" : ", ", field.name, field.type, inner);
    }
    return text;
  };
  return members.empty() ? "" : ": " + words(members) + ".";
}

void commands_of(Page& page, const std::vector<Command>& all) {
  for (const Group group : shown_groups) {
    bool first = true;
    for (const auto& command : all) {
      if (command.verb->group != group) continue;
      if (first) page.subheading(title(group));
      first = false;
      std::string meaning(command.verb->summary);
      if (!command.verb->aliases.empty())
        meaning += fmt::format(" (also {})", fmt::join(command.verb->aliases, ", "));
      page.item(synopsis(*command.verb, *command.declaration), meaning + ".");
    }
  }
}

void fields(Page& page) {
  for (const auto& record : records()) {
    page.subheading(record.title);
    for (const auto& field : record.fields)
      page.item(fmt::format("{} ({})", field.name, field.type), field.meaning + listed(field.members));
  }
}

void written(Page& page, const std::vector<Command>& all, std::string_view name, std::string_view rest) {
  if (name == "SYNOPSIS") return page.synopsis("natskv", rest);
  if (name == "COMMANDS") return commands_of(page, all);
  if (name == "OPTIONS") return options(page, globals());
  if (name == "TOPIC") return topic(page, rest);
  if (name == "FIELDS") return fields(page);
  if (name == "COLUMNS") {
    for (const auto& line : columns()) page.item(line.commands, line.columns);
    return;
  }
  if (name == "REFERENCES") return page.references(rest);
  if (name == "PAGES") {
    std::string list;
    for (const auto& command : all) list += page_of(*command.verb) + "(1), ";
    return page.references(list + "natskv-output(7)");
  }
  throw std::logic_error(fmt::format("nothing is called @{}@", name));
}

std::string page_from(const std::filesystem::path& source, std::string_view name, std::string_view section,
                      const std::vector<Command>& all) {
  const auto path = source / fmt::format("src/docs/{}.{}.in", name, section);
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) throw std::runtime_error("cannot read " + path.string());
  Page page(name, section);
  fill(page, text,
       [&](Page& out, std::string_view what, std::string_view rest) { written(out, all, what, rest); });
  return page.text();
}

}  // namespace

std::vector<Generated> manual(const std::filesystem::path& source) {
  const auto all = commands();
  std::vector<Generated> files{{"man/natskv.1", page_from(source, "natskv", "1", all)},
                               {"man/natskv-output.7", page_from(source, "natskv-output", "7", all)}};
  for (const auto& command : all) {
    files.push_back({fmt::format("man/{}.1", page_of(*command.verb)), command_page(command)});
    for (const auto alias : command.verb->aliases)
      files.push_back(
          {fmt::format("man/natskv-{}.1", alias), fmt::format(".so man1/{}.1\n", page_of(*command.verb))});
  }
  return files;
}

}  // namespace natskv::docs
