// Reading files that the user named: anything wrong with them is a usage error (2), found before connecting.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace natskv {

/// An open file descriptor, owned; -1: none.
class File {
 public:
  explicit File(int fd = -1) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  /// Keeps errno.
  ~File();
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

/// For reading, close-on-exec. Failure(usage) `WHAT: cannot read "PATH": why` when missing, unreadable or a
/// directory. Opening a FIFO waits for its writer. `shown` is what the message says instead of the quoted
/// path, which may be a secret rather than a path.
File open_to_read(const std::string& path, const std::string& what, const std::string& shown = {});
/// All bytes up to its end. Failure(usage) on a read error and on more than `most` bytes (`shown` names the
/// source).
std::string read_all(int fd, const std::string& what, const std::string& shown, std::size_t most);
/// Appends to `bytes` until the end (true), or until there are more than `most` (false).
bool read_more(int fd, std::string& bytes, std::size_t most, const std::string& what,
               const std::string& shown);
/// The first line without its line end (\n or \r\n). Reads no byte after it, so that the rest of stdin stays.
std::string read_line(int fd, const std::string& what, const std::string& shown, std::size_t most);

/// Writes all of them. Returns errno, 0 where that was done.
int write_all(int fd, std::string_view bytes);

/// A file of these bytes that lives in memory, at its beginning, close-on-exec: a program's stdin.
/// Failure(failure) where there is no room for it.
File in_memory(std::string_view bytes);

/// Failure(usage) unless the path can be read and is not a directory. Opens nothing: a FIFO (`<(…)`) stays
/// unread.
void check_readable(const std::string& path, const std::string& what, const std::string& shown = {});
/// Whether it is a regular file that everyone on this machine may read.
bool readable_by_everyone(const std::string& path);

/// $TMPDIR, or /tmp where it is unset or empty.
std::string temporary_folder();
/// Writes the file whole or not at all (a temporary beside it, rename), mode 0600, missing folders 0700. What
/// was there is replaced; of a symbolic link, the link itself and not its target. Failure(failure) when it
/// cannot be written.
void write_private(const std::string& path, const std::string& bytes);

}  // namespace natskv
