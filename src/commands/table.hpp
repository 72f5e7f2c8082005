// The list of commands, in the order of help.
#pragma once

#include "app/verb.hpp"

#include <span>

namespace natskv::commands {

std::span<const Verb* const> table();

extern const Verb add, edit, rm, ls, info, compact;
extern const Verb get, put, create, update, del, purge, keys, history, revert, watch;
extern const Verb context, doctor, sandbox, help;

}  // namespace natskv::commands
