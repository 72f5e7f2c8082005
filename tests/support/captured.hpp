// An Output over memory, for comparing what was written as a whole literal.
#pragma once

#include "output/stream.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

namespace natskv::test {

class Captured {
 public:
  Captured() : fd_(memfd_create("captured", MFD_CLOEXEC)), out(fd_, "standard output") {
    if (fd_ < 0) throw std::runtime_error("memfd_create failed");
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() { close(fd_); }

  /// Everything written since it was made.
  std::string text() {
    out.flush();
    std::string all;
    std::array<char, 65536> part{};
    for (;;) {
      const ssize_t got = pread(fd_, part.data(), part.size(), static_cast<off_t>(all.size()));
      if (got < 0) throw std::runtime_error("pread failed");
      if (got == 0) return all;
      all.append(part.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int fd_;

 public:
  Output out;
};

}  // namespace natskv::test
