// Words to a verb with its arguments. The only file behind it that includes CLI11 is cli.cpp.
#pragma once

#include "app/declared.hpp"
#include "app/verb.hpp"
#include "config/settings.hpp"

#include <memory>
#include <string>
#include <vector>

namespace natskv {

/// A checked command line.
struct CommandLine {
  const Verb* verb = nullptr;     ///< null: no command was given
  std::unique_ptr<Action> action;
  config::Given given;
  std::unique_ptr<Declared> declared;  ///< bound to `action` and `given`
  bool help = false;
  bool version = false;
};

/// Everything but the values' meanings: which verb, which words. Failure(usage).
/// The given callbacks (checks by Kind) have not run yet: accept() runs them.
void read(const std::vector<std::string>& words, CommandLine& line);

}  // namespace natskv
