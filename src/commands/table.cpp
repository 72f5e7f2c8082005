#include "commands/table.hpp"

#include <algorithm>
#include <array>

namespace natskv::commands {

std::span<const Verb* const> table() {
  static constexpr std::array list{
      // buckets
      &add,
      &edit,
      &rm,
      &ls,
      &info,
      &compact,
      // keys
      &get,
      &put,
      &create,
      &update,
      &del,
      &purge,
      &keys,
      &history,
      &revert,
      &watch,
      &edit_value,
      // bulk
      &export_,
      &import_,
      &diff,
      &cp,
      // tools
      &sandbox,
      &help,
      // hidden
      &complete,
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
