// The commands and their declarations, for the manual.
#pragma once

#include "cli/bind.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace natskv::docs {

/// A verb with its declarations, bound to an action that never runs.
struct Command : BoundVerb {
  /// Its own options and arguments, without hidden and global ones.
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
