#include "output/stream.hpp"

#include "base/failure.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace natskv {

namespace {

/// Empties the buffer however flush() ends, so that the flush at exit does not fail again.
struct Emptied {
  std::string& buffer;
  explicit Emptied(std::string& held) : buffer(held) {}
  Emptied(const Emptied&) = delete;
  Emptied& operator=(const Emptied&) = delete;
  ~Emptied() { buffer.clear(); }
};

/// If another process that shares the descriptor (a shell, ssh) made it non-blocking, wait instead of
/// failing.
void wait_writable(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  static_cast<void>(poll(&waiting, 1, -1));  // the next write() reports any error
}

}  // namespace

Output::Output(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

void Output::flush() {
  const Emptied emptied(buffer_);
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written > 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    const int reason = written == 0 ? EIO : errno;
    if (reason == EINTR) continue;
    if (reason == EAGAIN) {
      wait_writable(fd_);
      continue;
    }
    if (reason == EPIPE) throw ReaderGone{};
    throw cannot("write to " + name_, reason);
  }
}

bool Output::terminal() const {
  if (terminal_ < 0) terminal_ = isatty(fd_);
  return terminal_ == 1;
}

}  // namespace natskv
