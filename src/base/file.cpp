#include "base/file.hpp"

#include "base/failure.hpp"
#include "base/quote.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>  // mkostemp
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace natskv {
namespace {

std::string named(const std::string& path, const std::string& shown) {
  return shown.empty() ? in_quotes(path) : shown;
}

[[noreturn]] void cannot_read(const std::string& what, const std::string& shown, int error) {
  throw usage(what + ": " + cannot("read " + shown, error).what());
}

std::size_t read_some(int fd, char* to, std::size_t size, const std::string& what, const std::string& shown) {
  for (;;) {
    const ssize_t count = ::read(fd, to, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) cannot_read(what, shown, errno);
    // Another process that shares the pipe made it non-blocking.
    pollfd input{fd, POLLIN, 0};
    ::poll(&input, 1, -1);
  }
}

[[noreturn]] void too_long(const std::string& what, const std::string& shown, std::size_t most) {
  throw usage(what + ": " + shown + " holds more than " + std::to_string(most) + " bytes");
}

}  // namespace

File::~File() {
  const int error = errno;
  if (fd_ >= 0) ::close(fd_);
  errno = error;
}

int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

File open_to_read(const std::string& path, const std::string& what, const std::string& shown) {
  int fd = -1;
  do fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) cannot_read(what, named(path, shown), errno);
  File file(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) cannot_read(what, named(path, shown), errno);
  if (S_ISDIR(info.st_mode)) cannot_read(what, named(path, shown), EISDIR);
  return file;
}

std::string read_all(int fd, const std::string& what, const std::string& shown, std::size_t most) {
  std::string bytes;
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
    if (static_cast<std::uint64_t>(info.st_size) > most) too_long(what, shown, most);
    bytes.reserve(static_cast<std::size_t>(info.st_size));
  }
  std::array<char, 65536> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
  while (const std::size_t count = read_some(fd, chunk.data(), chunk.size(), what, shown)) {
    if (count > most - bytes.size()) too_long(what, shown, most);
    bytes.append(chunk.data(), count);
  }
  return bytes;
}

bool read_more(int fd, std::string& bytes, std::size_t most, const std::string& what,
               const std::string& shown) {
  std::array<char, 65536> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
  while (bytes.size() <= most) {
    const std::size_t count = read_some(fd, chunk.data(), chunk.size(), what, shown);
    if (count == 0) return true;
    bytes.append(chunk.data(), count);
  }
  return false;
}

std::string read_line(int fd, const std::string& what, const std::string& shown, std::size_t most) {
  std::string line;
  char next = 0;
  while (read_some(fd, &next, 1, what, shown) == 1 && next != '\n') {
    if (line.size() == most) too_long(what, shown, most);
    line += next;
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

namespace {

// Some machines allow only such as can't be executed (vm.memfd_noexec), which kernels before 6.3 don't know.
int open_in_memory() {
  constexpr unsigned never_executed = 8;  // MFD_NOEXEC_SEAL
  const int fd = ::memfd_create("value", MFD_CLOEXEC | never_executed);
  return fd >= 0 || errno != EINVAL ? fd : ::memfd_create("value", MFD_CLOEXEC);
}

}  // namespace

File in_memory(std::string_view bytes) {
  File file(open_in_memory());
  int error = file.fd() < 0 ? errno : write_all(file.fd(), bytes);
  if (error == 0 && ::lseek(file.fd(), 0, SEEK_SET) != 0) error = errno;
  if (error != 0) throw cannot("keep a value in memory for COMMAND", error);
  return file;
}

void check_readable(const std::string& path, const std::string& what, const std::string& shown) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || ::access(path.c_str(), R_OK) != 0)
    cannot_read(what, named(path, shown), errno);
  if (S_ISDIR(info.st_mode)) cannot_read(what, named(path, shown), EISDIR);
}

bool readable_by_everyone(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IROTH) != 0;
}

std::string temporary_folder() {
  const char* const folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

void write_private(const std::string& path, const std::string& bytes) {
  const auto cannot_write = [&](int error) { return cannot("write " + in_quotes(path), error); };
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (::mkdir(path.substr(0, slash).c_str(), 0700) != 0 && errno != EEXIST && errno != EISDIR &&
        errno != EROFS) {
      throw cannot_write(errno);
    }
  }
  std::string temporary = path + ".XXXXXX";
  const File file(::mkostemp(temporary.data(), O_CLOEXEC));  // 0600
  if (file.fd() < 0) throw cannot_write(errno);
  int error = write_all(file.fd(), bytes);
  if (error == 0 && (::fsync(file.fd()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0))
    error = errno;
  if (error == 0) return;
  ::unlink(temporary.c_str());
  throw cannot_write(error);
}

}  // namespace natskv
