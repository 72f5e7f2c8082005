// The tree of commands, written down: what the manual is made of.
#pragma once

#include "cli/bind.hpp"
#include "cli/verb.hpp"
#include "config/settings.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace natskv::docs {

/// A verb with all it declares, bound to an action that never runs.
struct Command {
  const Verb* verb = nullptr;
  std::unique_ptr<Action> action;
  std::unique_ptr<config::Given> given;
  std::unique_ptr<Declaration> declared;

  /// Its own options and the arguments; not the hidden ones, not the global ones.
  [[nodiscard]] std::vector<const Option*> options() const;
  [[nodiscard]] std::vector<const Option*> arguments() const;
};

/// One command with its options bound to itself.
Command command(const Verb& verb);
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
