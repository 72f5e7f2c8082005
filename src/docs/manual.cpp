// The manual: natskv(1), a page a command, natskv-output(7).
#include "cli/help.hpp"
#include "docs/fields.hpp"
#include "docs/page.hpp"
#include "docs/prose.hpp"
#include "docs/tree.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

namespace natskv::docs {
namespace {

std::string page_of(const Verb& verb) { return fmt::format("natskv-{}", verb.name); }

template <class Pairs>
void items(Page& page, const Pairs& pairs) {
  for (const auto& [term, meaning] : pairs) page.item(term, meaning);
}

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
    std::string words;
    for (const auto choice : item.argument.choices)
      words += (words.empty() ? "" : ", ") + std::string(choice);
    const auto& choices = item.argument.choices;
    const bool named = std::all_of(choices.begin(), choices.end(), [&](std::string_view choice) {
      return text.find(choice) != std::string::npos;
    });
    if (!named) text += fmt::format(" One of {}.", words);
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
    page.item(option_words(*item), meaning(*item, *command.declared));
}

void name(Page& page, std::string_view names, std::string_view summary) {
  page.heading("NAME");
  std::string text(summary);
  const auto capital = [&](std::size_t at) { return at < text.size() && text[at] >= 'A' && text[at] <= 'Z'; };
  if (capital(0) && !capital(1)) text[0] = static_cast<char>(text[0] - 'A' + 'a');
  page.name(names, text);
}

// Those of all commands, but for what this one says.
void exit_statuses(Page& page, const Verb& verb) {
  auto own = verb.statuses;
  for (auto [status, text] : statuses) {
    const auto other = std::find_if(own.begin(), own.end(),
                                    [status = status](const auto& one) { return one.first == status; });
    if (other != own.end()) {
      text = other->second;
      own.erase(other);
    }
    page.item(status, text);
  }
  items(page, own);
}

std::string command_page(const Command& command) {
  const Verb& verb = *command.verb;
  Page page(page_of(verb), "1");
  name(page, page_of(verb), verb.summary);
  page.heading("SYNOPSIS");
  page.synopsis("natskv", synopsis(verb, *command.declared) + " [OPTIONS]");
  for (const auto alias : verb.aliases) page.alias(fmt::format("natskv {}", alias));
  page.heading("DESCRIPTION");
  page.prose(verb.description);
  if (!command.arguments().empty() || !command.options().empty()) {
    page.heading("OPTIONS");
    for (const auto* item : command.arguments())
      page.item((item->argument.kind == Kind::command ? "-- " : "") + item->long_name +
                    (item->argument.many ? "…" : ""),
                meaning(*item, *command.declared));
    options(page, command);
    page.prose_after_items("The options of all commands are in natskv(1).");
  }
  page.heading("OUTPUT");
  page.prose(
      fmt::format("{}\n\nThe formats of -o and the fields of JSON are in natskv-output(7).", verb.output));
  page.heading("EXIT STATUS");
  exit_statuses(page, verb);
  page.heading("EXAMPLES");
  page.lines(verb.examples);
  page.heading("SEE ALSO");
  page.references("natskv(1), natskv-output(7)");
  return page.text();
}

std::string main_page(const std::vector<Command>& all) {
  Page page("natskv", "1");
  name(page, "natskv", "NATS JetStream key-value buckets from a shell");
  page.heading("SYNOPSIS");
  page.synopsis("natskv", "[OPTIONS] COMMAND [ARGUMENTS] [OPTIONS]");
  page.heading("DESCRIPTION");
  page.prose(about);
  page.heading("COMMANDS");
  for (const Group group : shown_groups) {
    bool first = true;
    for (const auto& command : all) {
      if (command.verb->group != group) continue;
      if (first) page.subheading(title(group));
      first = false;
      std::string meaning(command.verb->summary);
      if (!command.verb->aliases.empty())
        meaning += fmt::format(" (also {})", fmt::join(command.verb->aliases, ", "));
      page.item(synopsis(*command.verb, *command.declared), meaning + ".");
    }
  }
  page.heading("OPTIONS");
  options(page, globals());
  page.heading("WORDS");
  page.prose(words);
  items(page, kinds);
  page.heading("CONTEXTS");
  page.prose(contexts);
  page.heading("ENVIRONMENT");
  page.prose("Beside the variables that stand for options:");
  items(page, variables);
  page.heading("EXIT STATUS");
  items(page, statuses);
  page.prose_after_items(many);
  page.heading("FILES");
  page.item("~/.config/nats/context/*.json", "The saved contexts.");
  page.item("~/.config/nats/context.txt", "The name of the selected one.");
  page.heading("EXAMPLES");
  page.prose("A private server, a bucket, a key:");
  page.lines(first_steps);
  page.heading("DIFFERENCES FROM NATS KV");
  page.prose("The words of nats kv have the same effect, but for these:");
  items(page, differences);
  page.heading("SEE ALSO");
  std::string list;
  for (const auto& command : all) list += page_of(*command.verb) + "(1), ";
  page.references(list + "natskv-output(7)");
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

std::string output_page() {
  Page page("natskv-output", "7");
  name(page, "natskv-output", "what natskv prints, for programs and people");
  page.heading("DESCRIPTION");
  page.prose("The option -o (--output) of natskv(1) chooses a format:");
  items(page, formats);
  page.prose_after_items(
      "Without it, lists are tables on a terminal and TSV in a pipe, get of one key is raw, and writes print "
      "the revision alone.");
  page.heading("TSV");
  for (const auto& line : columns()) page.item(line.commands, line.columns);
  page.prose_after_items("keys --count prints one number.");
  page.heading("JSON");
  page.prose(shapes);
  for (const auto& record : records()) {
    page.subheading(record.title);
    for (const auto& field : record.fields)
      page.item(fmt::format("{} ({})", field.name, field.type), field.meaning + listed(field.members));
  }
  page.heading("ERRORS");
  page.prose(error_line);
  page.heading("EXIT STATUS");
  items(page, statuses);
  page.prose_after_items(many);
  page.heading("SEE ALSO");
  page.references("natskv(1), jq(1)");
  return page.text();
}

}  // namespace

std::vector<Generated> manual() {
  const auto all = commands();
  std::vector<Generated> files{{"man/natskv.1", main_page(all)}, {"man/natskv-output.7", output_page()}};
  for (const auto& command : all) {
    files.push_back({fmt::format("man/{}.1", page_of(*command.verb)), command_page(command)});
    for (const auto alias : command.verb->aliases)
      files.push_back(
          {fmt::format("man/natskv-{}.1", alias), fmt::format(".so man1/{}.1\n", page_of(*command.verb))});
  }
  return files;
}

}  // namespace natskv::docs
