// Captures what a program writes to its stdout.
#pragma once

#include "base/file.hpp"

#include <poll.h>

#include <cstddef>
#include <optional>
#include <string>

namespace natskv::terminal {

/// A pipe to which a program's stdout is connected. Never waits: poll input().
class Captured {
 public:
  /// Keeps at most `most` bytes. Throws Failure if no pipe can be created.
  explicit Captured(std::size_t most);

  /// For Program::out.
  [[nodiscard]] int stdout_of_program() const { return write_end_ ? write_end_->fd() : -1; }
  /// Call after the start: closes natskv's copy of the program's end.
  void started() { write_end_.reset(); }

  [[nodiscard]] pollfd input() const { return {read_end_ ? read_end_->fd() : -1, POLLIN, 0}; }
  /// Reads what is there. Over the limit it is closed.
  void read();
  /// Reads what is there, and nothing afterwards: later writers get SIGPIPE.
  void close();

  [[nodiscard]] bool too_long() const { return bytes_.size() > most_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::size_t most_;
  std::optional<File> read_end_, write_end_;
  std::string bytes_;  // one more than most_, at most
};

}  // namespace natskv::terminal
