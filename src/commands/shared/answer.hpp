// What a command answers.
#pragma once

#include "app/natskv.hpp"

#include <string>

namespace natskv::commands {

/// Whether it is printed: not with --quiet, unless a format was asked for.
bool answer_wanted(const Natskv& natskv);
/// Flushes stdout. Where that fails, the message says first that `done` is true nevertheless.
void flush_answer(Natskv& natskv, const std::string& done);

}  // namespace natskv::commands
