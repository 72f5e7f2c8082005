#include "cli/bind.hpp"

#include <algorithm>
#include <array>

namespace natskv {

std::string_view title(Group group) {
  constexpr std::array titles{"Buckets", "Keys", "Bulk", "Run", "Tools", ""};
  static_assert(titles.size() == static_cast<std::size_t>(Group::hidden) + 1);
  return titles.at(static_cast<std::size_t>(group));
}

const Verb* Program::find(std::string_view word) const {
  const auto called = [&](const Verb* verb) {
    return verb->name == word ||
           std::find(verb->aliases.begin(), verb->aliases.end(), word) != verb->aliases.end();
  };
  const auto found = std::find_if(verbs.begin(), verbs.end(), called);
  return found == verbs.end() ? nullptr : *found;
}

BoundVerb bind_globals(const Program& program) {
  BoundVerb bound;
  bound.given = std::make_unique<config::Given>();
  bound.declaration = std::make_unique<Declaration>();
  bound.declaration->globals(true);
  program.declare_globals(*bound.declaration, *bound.given);
  bound.declaration->globals(false);
  return bound;
}

void bind(BoundVerb& bound, const Verb& verb) {
  bound.verb = &verb;
  bound.action = verb.make();
  bound.action->declare(*bound.declaration);
}

BoundVerb bind(const Program& program, const Verb& verb) {
  BoundVerb bound = bind_globals(program);
  bind(bound, verb);
  return bound;
}

}  // namespace natskv
