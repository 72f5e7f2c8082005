#include "commands/shared/editor.hpp"

#include "base/quote.hpp"
#include "commands/shared/command.hpp"
#include "config/settings.hpp"

#include <fmt/format.h>

namespace natskv::commands {

std::string editor() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    if (auto word = config::environment(name)) return *word;
  }
  return "vi";
}

int run_editor(Invocation& natskv, const std::string& program, const std::string& path) {
  return run_program(natskv, {.argv = {"/bin/sh", "-c", program + " \"$@\"", program, path}});
}

Failure editor_failed(const std::string& program, int status, const std::string& rest) {
  return {Exit::failure,
          fmt::format("the editor {} ended with status {}; nothing was written{}", in_quotes(program, 60),
                      status, rest),
          status == 127 ? "set VISUAL or EDITOR" : ""};
}

}  // namespace natskv::commands
