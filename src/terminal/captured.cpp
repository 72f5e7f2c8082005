#include "terminal/captured.hpp"

#include "base/failure.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace natskv::terminal {

Captured::Captured(std::size_t most) : most_(most) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw cannot("make a pipe", errno);
  read_end_.emplace(ends[0]);
  write_end_.emplace(ends[1]);
  // Our end only: the program's writes wait, as those to any pipe.
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

void Captured::read() {
  std::array<char, 65536> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
  while (read_end_) {
    const ssize_t count = ::read(read_end_->fd(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0 || too_long()) return read_end_.reset();
    bytes_.append(chunk.data(), std::min(static_cast<std::size_t>(count), most_ + 1 - bytes_.size()));
  }
}

void Captured::close() {
  read();
  read_end_.reset();
}

}  // namespace natskv::terminal
