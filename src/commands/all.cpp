#include "commands/all.hpp"

#include <array>

namespace natskv::commands {

std::span<const Verb* const> table() {
  static constexpr std::array list{
      &add,      &edit,    &rm,         &ls,     &info,    &compact,              // buckets
      &get,      &put,     &create,     &update, &del,     &purge,                //
      &keys,     &history, &revert,     &watch,  &wait,    &edit_value, &modify,  //
      &touch,                                                                     // keys
      &export_,  &import_, &diff,       &cp,                                      // bulk
      &env,      &run,     &lock,       &elect,  &sandbox,                        // exec
      &context,  &doctor,  &completion, &help,                                    // tools
      &complete,                                                                  // hidden
  };
  return list;
}

std::span<const std::pair<std::string_view, std::string_view>> peers() {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 15> list{{
      {"set", "put"},
      {"remove", "rm (a bucket) or del (a key)"},
      {"delete", "del (a key) or rm (a bucket)"},
      {"move", "cp, then del"},
      {"mv", "cp, then del"},
      {"rename", "cp, then del"},
      {"backup", "export"},
      {"dump", "export"},
      {"restore", "import"},
      {"load", "import"},
      {"cas", "modify, or update"},
      {"map", "modify"},
      {"stat", "info"},
      {"version", "--version"},
      {"buckets", "ls"},
  }};
  return list;
}

}  // namespace natskv::commands
