// The tree of commands, written down: what the manual is made of.
#pragma once

#include "cli/bind.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace natskv::docs {

/// A verb with all it declares, bound to an action that never runs.
struct Command : BoundVerb {
  /// Its own options and the arguments; not the hidden ones, not the global ones.
  [[nodiscard]] std::vector<const Option*> options() const;
  [[nodiscard]] std::vector<const Option*> arguments() const;
};

/// All but the hidden commands, in the order of help.
std::vector<Command> commands();
/// The global options alone.
Command globals();

/// A file that the generator writes: its path below the project, and its bytes.
struct Generated {
  std::string path;
  std::string text;
};
/// `source`: the project, whose src/docs/*.in are the texts.
std::vector<Generated> manual(const std::filesystem::path& source);

}  // namespace natskv::docs
