// stdin replaced for one test.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace natskv::test {

class Stdin {
 public:
  /// Delivers these bytes and ends. They stand in a file: a pipe would bound their number.
  explicit Stdin(std::string_view bytes) : saved_(::dup(STDIN_FILENO)), file_(std::tmpfile()) {
    if (file_ == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
      throw std::runtime_error("no temporary file");
    }
    std::rewind(file_);
    ::dup2(::fileno(file_), STDIN_FILENO);
  }
  /// Is another descriptor (a terminal, a folder).
  explicit Stdin(int fd) : saved_(::dup(STDIN_FILENO)) { ::dup2(fd, STDIN_FILENO); }
  Stdin(const Stdin&) = delete;
  Stdin& operator=(const Stdin&) = delete;
  ~Stdin() {
    if (saved_ >= 0) {
      ::dup2(saved_, STDIN_FILENO);
      ::close(saved_);
    } else {
      ::close(STDIN_FILENO);
    }
    if (file_ != nullptr) std::fclose(file_);
  }

 private:
  int saved_;
  std::FILE* file_ = nullptr;
};

}  // namespace natskv::test
