// natskv's role at its terminal.
#pragma once

#include "base/file.hpp"

#include <termios.h>

namespace natskv::terminal {

/// Remembers whether natskv's process group is the foreground group of its controlling terminal, and undoes
/// what a child that was killed leaves there: raw mode, and a foreground group that no longer exists.
class Foreground {
 public:
  Foreground();

  /// Whether a child that natskv starts shares the terminal with it.
  [[nodiscard]] bool shared() const { return shared_; }
  /// After a child's end: natskv's group is in the foreground again, and the terminal is as it was if a
  /// signal ended the child.
  void put_back(int wait_status);

 private:
  termios modes_{};  // before known_, whose initialization fills it
  File terminal_;
  bool shared_;
  bool known_;
};

}  // namespace natskv::terminal
