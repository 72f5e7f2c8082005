// stdout (or a file) with every write checked. Handles only bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace natskv {

/// A buffered writer over a file descriptor it does not own. SIGPIPE must be ignored.
/// Failures: EPIPE throws ReaderGone; anything else Failure(failure, "cannot write to standard output:
/// <reason>").
class Output {
 public:
  /// `name` is for messages: "standard output", or a file's name.
  Output(int fd, std::string name);
  /// Over memory, for take().
  Output() : Output(-1, "memory") {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() = default;  // does not flush: an unreported failure would be lost

  void write(std::string_view bytes) {
    buffer_.append(bytes);
    if (buffer_.size() >= limit && fd_ >= 0) flush();
  }
  /// Writes everything so far to the descriptor; throws on failure, after which the buffer is empty.
  void flush();
  /// What was written to memory.
  std::string take() { return std::exchange(buffer_, {}); }
  [[nodiscard]] bool empty() const { return buffer_.empty(); }
  [[nodiscard]] int fd() const { return fd_; }
  /// Whether it is a terminal; cached.
  [[nodiscard]] bool terminal() const;

 private:
  static constexpr std::size_t limit = 64 * 1024;
  int fd_;
  std::string name_;
  std::string buffer_;
  mutable int terminal_ = -1;
};

/// stdout's reader went away: a silent exit 141.
struct ReaderGone {};

}  // namespace natskv
