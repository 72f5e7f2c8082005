// What a command answers.
#pragma once

#include "app/invocation.hpp"

#include <string>

namespace natskv::commands {

/// Whether it is printed: not with --quiet, unless a format was asked for.
bool answer_wanted(const Invocation& natskv);
/// Flushes stdout. Where that fails, the message says first that `done` is true nevertheless.
void flush_answer(Invocation& natskv, const std::string& done);

}  // namespace natskv::commands
