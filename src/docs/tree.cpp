#include "docs/tree.hpp"

#include "app/globals.hpp"
#include "commands/all.hpp"

namespace natskv::docs {

std::vector<const Option*> Command::options() const {
  std::vector<const Option*> found;
  for (const auto& item : declaration->options()) {
    // A command's own options; for globals() the global ones, as it has no others.
    if (item.is_option() && !item.argument.hidden && item.global == (verb == nullptr)) found.push_back(&item);
  }
  return found;
}

std::vector<const Option*> Command::arguments() const {
  auto found = declaration->arguments();
  if (const Option* command = declaration->command()) found.push_back(command);
  std::erase_if(found, [](const Option* item) { return item->argument.hidden; });
  return found;
}

namespace {

Program program() { return {.verbs = commands::table(), .declare_globals = declare_globals}; }

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const Verb* verb : commands::table()) {
    if (verb->group != Group::hidden) all.push_back({bind(program(), *verb)});
  }
  return all;
}

Command globals() { return {bind_globals(program())}; }

}  // namespace natskv::docs
