// natskv's place at its terminal.
#pragma once

#include "base/file.hpp"

#include <termios.h>

namespace natskv::terminal {

/// Whether natskv's process group is the foreground group of its controlling terminal, as it was found; and
/// what a child that dies in the middle of something leaves there: raw mode, and a foreground group that is
/// nobody's.
class Foreground {
 public:
  Foreground();

  /// A child that natskv starts shares the terminal with it.
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
