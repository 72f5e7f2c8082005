// A command's answer on stdout.
#pragma once

#include "app/invocation.hpp"

#include <string>

namespace natskv::commands {

/// Whether it is printed: not with --quiet, unless a format was asked for.
bool answer_wanted(const Invocation& natskv);
/// Flushes stdout. If that fails, the message first says what was done: `done`.
void flush_answer(Invocation& natskv, const std::string& done);

}  // namespace natskv::commands
