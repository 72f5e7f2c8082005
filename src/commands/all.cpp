#include "commands/all.hpp"

#include <algorithm>
#include <array>

namespace natskv::commands {

std::span<const Verb* const> table() {
  static constexpr std::array list{
      &add,      &edit,    &rm,      &ls,     &info,       &compact,  // buckets
      &get,      &put,     &create,  &update, &del,        &purge,    //
      &keys,     &history, &revert,  &watch,  &edit_value,            // keys
      &export_,  &import_, &diff,    &cp,                             // bulk
      &context,  &doctor,  &sandbox, &help,                           // tools
      &complete,                                                      // hidden
  };
  return list;
}

const Verb* find(std::string_view word) {
  for (const Verb* verb : table()) {
    if (verb->name == word ||
        std::find(verb->aliases.begin(), verb->aliases.end(), word) != verb->aliases.end()) {
      return verb;
    }
  }
  return nullptr;
}

}  // namespace natskv::commands
