// The user's shell on a terminal, which stops and continues what it runs.
#pragma once

#include "support/process.hpp"

#include <doctest/doctest.h>

#include <string>

namespace natskv::test {

/// An interactive bash that runs the command as its job: for Ctrl-Z and fg.
class JobShell : public Terminal {
 public:
  explicit JobShell(const Run& command) : Terminal(shell(command)) {
    REQUIRE(read_until("$ "));
    std::string line;
    for (const auto& word : command.args) line += "'" + escaped(word) + "' ";
    send(line + "\n");
  }

 private:
  static Run shell(Run command) {
    command.args = {"bash", "--norc", "--noprofile", "-i"};
    command.env["PS1"] = "$ ";
    return command;
  }
  // Between single quotes.
  static std::string escaped(const std::string& word) {
    std::string quoted;
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted;
  }
};

}  // namespace natskv::test
