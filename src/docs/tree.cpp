#include "docs/tree.hpp"

#include "commands/all.hpp"

namespace natskv::docs {

std::vector<const Declared::Item*> Command::options() const {
  std::vector<const Declared::Item*> found;
  for (const auto& item : declared->items()) {
    // A command's own options; of globals() the global ones, which are all it has.
    if (item.option() && !item.argument.hidden && item.global == (verb == nullptr)) found.push_back(&item);
  }
  return found;
}

std::vector<const Declared::Item*> Command::arguments() const {
  auto found = declared->positionals();
  std::erase_if(found, [](const Declared::Item* item) { return item->argument.hidden; });
  return found;
}

Command command(const Verb& verb) {
  Command made = globals();
  made.verb = &verb;
  made.action = verb.make();
  made.declared = std::make_unique<Declared>();
  made.action->declare(*made.declared);
  made.declared->globals();
  config::declare(*made.declared, *made.given);
  return made;
}

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const Verb* verb : commands::table()) {
    if (verb->group != Group::hidden) all.push_back(command(*verb));
  }
  return all;
}

Command globals() {
  Command made;
  made.given = std::make_unique<config::Given>();
  made.declared = std::make_unique<Declared>();
  made.declared->globals();
  config::declare(*made.declared, *made.given);
  return made;
}

}  // namespace natskv::docs
