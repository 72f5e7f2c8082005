#include "input/lines.hpp"

#include "base/failure.hpp"
#include "base/quote.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>  // mkostemp
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace natskv {
namespace {

constexpr std::size_t chunk = std::size_t{128} << 10U;

// Disappears with its last descriptor, however the process ends. It has a name only on file systems without
// O_TMPFILE.
File nameless() {
  const std::string folder = temporary_folder();
  if (const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600); fd >= 0)
    return File(fd);
  std::string name = folder + "/natskv-XXXXXX";
  File file(::mkostemp(name.data(), O_CLOEXEC));
  if (file.fd() < 0) throw cannot("write a temporary file", errno);
  ::unlink(name.c_str());
  return file;
}

}  // namespace

Lines::Lines(const std::string& path, std::function<void()> wait) : wait_(std::move(wait)) {
  if (path == "-") {
    shown_ = "standard input";
  } else {
    file_.emplace(open_to_read(path, "--file"));
    fd_ = file_->fd();
    shown_ = in_quotes(path);
  }
  if (::fstat(fd_, &info_) != 0) throw usage(fmt::format("cannot read {}: it is closed", shown_));
  if (S_ISDIR(info_.st_mode)) throw usage(fmt::format("cannot read {}: it is a directory", shown_));
  regular_ = S_ISREG(info_.st_mode);
  if (regular_) first_ = offset_ = std::max<off_t>(::lseek(fd_, 0, SEEK_CUR), 0);
}

bool Lines::terminal() const { return ::isatty(fd_) == 1; }

void Lines::check_unchanged() const {
  if (spooled_) return;
  struct stat now {};
  if (::fstat(fd_, &now) == 0 && now.st_size == info_.st_size && now.st_mtim.tv_sec == info_.st_mtim.tv_sec &&
      now.st_mtim.tv_nsec == info_.st_mtim.tv_nsec) {
    return;
  }
  throw Failure(Exit::failure, fmt::format("{} changed while it was read", shown_), "run it again");
}

std::size_t Lines::read_some(char* to, std::size_t size) {
  while (true) {
    if (!regular_) {
      // The writer of a pipe may take its time: meanwhile answers and signals are handled.
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 100) <= 0) {
        wait_();
        continue;
      }
    }
    const ssize_t count = regular_ ? ::pread(fd_, to, size, offset_) : ::read(fd_, to, size);
    if (count >= 0) {
      offset_ += count;
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR && errno != EAGAIN) throw cannot("read " + shown_, errno);
  }
}

bool Lines::fill() {
  if (ended_) return false;
  if (from_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + from_, upto_ - from_);
    upto_ -= from_;
    scanned_ -= from_;
    from_ = 0;
  }
  if (upto_ > longest_) {
    throw usage(fmt::format("{}: line {} is longer than {} B", shown_, number_ + 1, longest_));
  }
  if (buffer_.size() - upto_ < chunk) buffer_.resize(std::max(upto_ + chunk, upto_ + upto_ / 2));
  const std::size_t count = read_some(buffer_.data() + upto_, buffer_.size() - upto_);
  upto_ += count;
  ended_ = count == 0;
  if (regular_) check_unchanged();
  return !ended_;
}

std::optional<std::string_view> Lines::next() {
  while (true) {
    const auto* end =
        static_cast<const char*>(std::memchr(buffer_.data() + scanned_, '\n', upto_ - scanned_));
    if (end != nullptr) {
      const std::string_view line(buffer_.data() + from_,
                                  static_cast<std::size_t>(end - buffer_.data()) - from_);
      from_ = scanned_ = from_ + line.size() + 1;
      ++number_;
      return line;
    }
    scanned_ = upto_;
    if (fill()) continue;
    if (from_ == upto_) return std::nullopt;
    const std::string_view line(buffer_.data() + from_, upto_ - from_);
    from_ = scanned_ = upto_;
    ++number_;
    return line;
  }
}

void Lines::rewind() {
  check_unchanged();
  offset_ = first_;
  from_ = upto_ = scanned_ = 0;
  number_ = 0;
  ended_ = false;
}

void Lines::spool() {
  File copy = nameless();
  std::array<char, 65536> part;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
  while (const std::size_t count = read_some(part.data(), part.size())) {
    if (const int error = write_all(copy.fd(), {part.data(), count}); error != 0)
      throw cannot("write a temporary copy of the input", error);
  }
  file_.emplace(std::move(copy));
  fd_ = file_->fd();
  regular_ = spooled_ = true;
  first_ = 0;
  rewind();
}

}  // namespace natskv
