// The list of commands, in the order of help.
#pragma once

#include "cli/verb.hpp"

#include <span>
#include <string_view>

namespace natskv::commands {

std::span<const Verb* const> table();
/// Commands of other tools, and what to use here.
std::span<const std::pair<std::string_view, std::string_view>> peers();

extern const Verb add, edit, rm, ls, info, compact;
extern const Verb get, put, create, update, del, purge, keys, history, revert, watch, wait, edit_value,
    modify, touch;
extern const Verb export_, import_, diff, cp;
extern const Verb env, run, lock, elect, sandbox;
extern const Verb context, doctor, completion, help;
extern const Verb complete;

}  // namespace natskv::commands
