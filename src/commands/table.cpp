#include "commands/table.hpp"

#include <array>

namespace natskv::commands {

std::span<const Verb* const> table() {
  static constexpr std::array list{
      &add,     &edit, &rm,     &ls,     &info, &compact,                                    // buckets
      &get,     &put,  &create, &update, &del,  &purge,   &keys, &history, &revert, &watch,  // keys
      &context, &doctor, &sandbox, &help,  // tools
  };
  return list;
}

}  // namespace natskv::commands
