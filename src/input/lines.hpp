// The lines of an import: a file that can be read twice, or a pipe.
#pragma once

#include "base/file.hpp"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

class Lines {
 public:
  /// `path`: a file, or "-" for standard input. `wait` is called while nothing comes from a pipe (at least
  /// every 100 ms) and may throw. Failure(usage) for a file that is missing, unreadable or a directory.
  Lines(const std::string& path, std::function<void()> wait);

  /// Whether it can be read twice.
  [[nodiscard]] bool regular() const { return regular_; }
  [[nodiscard]] bool terminal() const;
  /// Copies the rest of a pipe into an unnamed temporary file, mode 0600, which is read from then on.
  void spool();

  /// The next line without its end, valid until the next call; nullopt at the end. Failure(usage) for a line
  /// longer than longest(); Failure(failure) on a read error, and if a regular file has changed since it was
  /// opened (size, time of change).
  std::optional<std::string_view> next();
  /// Number of the line that next() returned last, from 1.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// Starts again at the first line; regular() only.
  void rewind();

  void longest(std::size_t bytes) { longest_ = bytes; }
  /// Its name for messages.
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  bool fill();  // false at the end
  std::size_t read_some(char* to, std::size_t size);
  void check_unchanged() const;

  std::optional<File> file_;  // none: standard input
  int fd_ = 0;
  std::string shown_;
  std::function<void()> wait_;
  bool regular_ = false, spooled_ = false, ended_ = false;
  struct stat info_ {};
  std::int64_t first_ = 0, offset_ = 0;  // where the first line is; where to continue reading
  std::string buffer_;
  std::size_t from_ = 0, upto_ = 0,
              scanned_ = 0;  // the unread part of the buffer; how far it is known to have no \n
  std::size_t longest_ = std::size_t{64} << 20U;
  std::uint64_t number_ = 0;
};

}  // namespace natskv
