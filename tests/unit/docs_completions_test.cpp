// Every command, alias and option can be found by Tab in each shell, and in the manual.
#include "docs/page.hpp"
#include "docs/tree.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace natskv;

namespace {

std::map<std::string, std::string> generated() {
  std::map<std::string, std::string> files;
  for (auto& file : docs::manual()) files[file.path] = std::move(file.text);
  for (auto& file : docs::completions()) files[file.path] = std::move(file.text);
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

std::string joined(const Verb& verb, std::string_view gap) {
  std::string names(verb.name);
  for (const auto alias : verb.aliases) names += std::string(gap) + std::string(alias);
  return names;
}

// All names of what may be typed behind a command: its own options and the global ones.
std::vector<std::string> option_names(const natskv::Declaration& declared) {
  std::vector<std::string> names{"-h", "--help"};
  for (const auto& item : declared.options()) {
    if (!item.is_option() || item.argument.hidden) continue;
    if (!item.short_name.empty()) names.push_back(item.short_name);
    names.push_back(item.long_name);
  }
  return names;
}

}  // namespace

TEST_CASE("Every option of every command is offered by bash, zsh and fish") {
  const auto files = generated();
  const auto& bash = files.at("completions/natskv.bash");
  const auto commands_of_bash = between(bash, "\n_natskv_commands='", "'");
  const auto& zsh = files.at("completions/_natskv");
  const auto& fish = files.at("completions/natskv.fish");
  for (const auto& command : docs::commands()) {
    CAPTURE(command.verb->name);
    const auto in_bash =
        between(bash, fmt::format("\n    {}) echo '", joined(*command.verb, " | ")), "' ;;\n") + " ";
    const auto in_zsh =
        between(zsh, fmt::format("\n    {}) options=(", joined(*command.verb, "|")), "\n    )");
    const auto in_fish =
        between(fish, fmt::format("\n        case {}\n", joined(*command.verb, " ")), "\n        case ");
    for (const auto& name : option_names(*command.declared)) {
      CAPTURE(name);
      CHECK(holds(" " + in_bash, " " + name + " "));
      CHECK(holds(in_zsh, "\n      '" + name + ":"));
      CHECK(holds(in_fish, "echo -- '" + name + "\t"));
    }
    std::vector<std::string_view> words = command.verb->aliases;
    words.push_back(command.verb->name);
    for (const std::string_view word : words) {
      CAPTURE(word);
      CHECK(holds(" " + commands_of_bash + " ", fmt::format(" {} ", word)));
      CHECK(holds(zsh, fmt::format("\n    '{}:", word)));
      CHECK(holds(fish, fmt::format("\n    echo -- '{}\t", word)));
    }
  }
}

TEST_CASE("Every command, argument and option is in the manual") {
  const auto files = generated();
  const auto& all = files.at("man/natskv.1");
  const auto globals = docs::globals();
  for (const auto& item : globals.declared->options()) {
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
    for (const auto& item : command.declared->options()) {
      if (item.global || item.argument.hidden) continue;
      CAPTURE(item.long_name);
      CHECK(holds(options, docs::roff(item.long_name)));
      CHECK((item.short_name.empty() || holds(options, docs::roff(item.short_name + ", " + item.long_name))));
      for (const auto choice : item.argument.choices) CHECK(holds(options, std::string(choice)));
    }
    for (const char* heading :
         {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "OUTPUT", "EXIT STATUS", "EXAMPLES", "SEE ALSO"})
      CHECK(holds(page, fmt::format("\n.SH {}\n", heading)));
  }
}
