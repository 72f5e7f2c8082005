#include "commands/table.hpp"

#include <algorithm>
#include <array>

namespace natskv::commands {

std::span<const Verb* const> table() {
  static constexpr std::array list{
<<<<<<< HEAD
      &add,      &edit,    &rm,     &ls,     &info,       &compact,  // buckets
      &get,      &put,     &create, &update, &del,        &purge,
      &keys,     &history, &revert, &watch,  &edit_value,  // keys
      &sandbox,  &help,                                    // tools
      &complete,                                           // hidden
=======
      &add,     &edit,    &rm,     &ls,     &info, &compact,                                    // buckets
      &get,     &put,     &create, &update, &del,  &purge,   &keys, &history, &revert, &watch,  // keys
      &export_, &import_, &diff,   &cp,                                                         // bulk
      &sandbox, &help,                                                                          // tools
>>>>>>> main
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
