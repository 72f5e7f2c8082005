// What a program writes to its stdout.
#pragma once

#include "base/file.hpp"

#include <poll.h>

#include <cstddef>
#include <optional>
#include <string>

namespace natskv::terminal {

/// A pipe whose one end is a program's stdout. Never waits: poll on input().
class Captured {
 public:
  /// Keeps `most` bytes. Throws Failure where there is no pipe to be had.
  explicit Captured(std::size_t most);

  /// For Program::out.
  [[nodiscard]] int stdout_of_program() const { return write_end_ ? write_end_->fd() : -1; }
  /// After the start: the pipe ends with the program's own end of it.
  void started() { write_end_.reset(); }

  [[nodiscard]] pollfd input() const { return {read_end_ ? read_end_->fd() : -1, POLLIN, 0}; }
  /// Takes what is there. Over the limit it is closed.
  void read();
  /// Takes what is there, and nothing from then on: who writes later gets SIGPIPE.
  void close();

  [[nodiscard]] bool too_long() const { return bytes_.size() > most_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::size_t most_;
  std::optional<File> read_end_, write_end_;
  std::string bytes_;  // one more than most_, at most
};

}  // namespace natskv::terminal
