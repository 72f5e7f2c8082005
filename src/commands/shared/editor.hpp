// The user's editor.
#pragma once

#include "app/invocation.hpp"

#include <string>

namespace natskv::commands {

/// $VISUAL, else $EDITOR, else vi; with its options.
std::string editor();

/// Lets it edit a file and returns its status. As git does: the file's name is never read by a shell. Throws
/// as run_program() does.
int run_editor(Invocation& natskv, const std::string& program, const std::string& path);

/// What to say of an editor that ended with another status than 0; `rest`: "; the edit is in …", or "".
Failure editor_failed(const std::string& program, int status, const std::string& rest);

}  // namespace natskv::commands
