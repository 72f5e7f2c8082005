// The user's editor.
#pragma once

#include "app/invocation.hpp"

#include <string>

namespace natskv::commands {

/// $VISUAL, else $EDITOR, else vi; with its options.
std::string editor();

/// Lets it edit a file and returns its status. As with git, the file's name is never parsed by a shell.
/// Throws as run_program() does.
int run_editor(Invocation& natskv, const std::string& program, const std::string& path);

/// The failure of an editor that ended with a status other than 0; `rest`: "; the edit is in …", or "".
Failure editor_failed(const std::string& program, int status, const std::string& rest);

}  // namespace natskv::commands
