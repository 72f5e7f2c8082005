#include "terminal/sandbox_folder.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace natskv::terminal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "natskv-sandbox-";
constexpr const char* own_lock = "lock";
constexpr const char* store_lock = ".natskv-sandbox.lock";
// A folder without a lock is just being created, unless it is older than this.
constexpr std::time_t newborn = 60;

std::vector<std::string> places() {
  std::vector<std::string> found;
  for (const char* const name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    const char* const value = std::getenv(name);
    // A relative path would mean another folder for a command in another working folder.
    if (value != nullptr && *value == '/') found.emplace_back(value);
  }
  found.emplace_back("/tmp");
  return found;
}

// The lock file in an open folder, locked: none, with errno, where somebody has it, and where it was unlinked
// while we waited for it.
File take_lock(int folder, const char* name, int flags) {
  File lock(::openat(folder, name, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info {};
  const bool ours = lock.fd() >= 0 && ::flock(lock.fd(), LOCK_EX | LOCK_NB) == 0 &&
                    ::fstat(lock.fd(), &info) == 0 && info.st_nlink > 0;
  return ours ? std::move(lock) : File();
}

File open_folder(const std::string& path, int flags) {
  return File(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags));
}

// The lock of a sandbox's folder that no process uses; else nullopt.
std::optional<File> abandoned(int folder) {
  struct stat info {};
  if (::fstat(folder, &info) != 0 || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0)
    return std::nullopt;
  File lock = take_lock(folder, own_lock, 0);
  const bool old = errno == ENOENT && std::time(nullptr) - info.st_mtime > newborn;
  return lock.fd() >= 0 || old ? std::optional(std::move(lock)) : std::nullopt;
}

void remove_if_abandoned(const std::string& path) {
  const File folder = open_folder(path, O_NOFOLLOW);
  if (folder.fd() < 0) return;
  if (const std::optional<File> lock = abandoned(folder.fd())) {
    // Only this user could replace the folder, and its name is random.
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
}

}  // namespace

SandboxFolder SandboxFolder::fresh() {
  int error = 0;
  for (const std::string& place : places()) {
    // Twice: another sandbox that cleans up may be faster than our lock once.
    for (int attempt = 0; attempt < 2; ++attempt) {
      std::string path = fmt::format("{}/{}XXXXXX", place, prefix);
      if (::mkdtemp(path.data()) == nullptr) {
        error = errno;
        break;
      }
      const File folder = open_folder(path, O_NOFOLLOW);
      File lock = folder.fd() < 0 ? File() : take_lock(folder.fd(), own_lock, O_CREAT | O_EXCL);
      error = errno;
      if (lock.fd() >= 0) return {std::move(path), std::move(lock), true};
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  }
  throw cannot("make a folder in " + in_quotes(places().back()), error);
}

SandboxFolder SandboxFolder::kept(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  if (error) throw cannot("use the store " + in_quotes(path), error.value());
  for (int attempt = 0; attempt < 2; ++attempt) {
    // A new folder is only for its owner, like the data of a fresh sandbox.
    const mode_t mask = ::umask(077);
    fs::create_directories(absolute, error);
    ::umask(mask);
    if (error) throw cannot("make the store " + in_quotes(path), error.value());
    const File folder = open_folder(absolute.string(), 0);
    if (folder.fd() < 0) throw cannot("use the store " + in_quotes(path), errno);
    File lock = take_lock(folder.fd(), store_lock, O_CREAT);
    const int why = errno;
    if (lock.fd() >= 0) return {absolute.string(), std::move(lock), false};
    if (why == EWOULDBLOCK) {
      throw Failure(Exit::failure, fmt::format("the store {} is in use by another sandbox", in_quotes(path)));
    }
    if (why != ENOENT && why != 0) throw cannot("lock the store " + in_quotes(path), why);
  }
  throw cannot("lock the store " + in_quotes(path), EAGAIN);
}

void SandboxFolder::remove_leftovers() {
  for (const std::string& place : places()) {
    std::error_code error;
    for (fs::directory_iterator entry(place, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->path().filename().string().starts_with(prefix)) remove_if_abandoned(entry->path().string());
    }
  }
}

SandboxFolder::SandboxFolder(SandboxFolder&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::move(other.lock_)),
      remove_(std::exchange(other.remove_, false)) {}

SandboxFolder::~SandboxFolder() {
  if (remove_) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
}

void SandboxFolder::write(const char* name, const std::string& bytes) const {
  const std::string file = at(name);
  const File out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (const int error = out.fd() < 0 ? errno : write_all(out.fd(), bytes); error != 0)
    throw cannot("write " + in_quotes(file), error);
}

}  // namespace natskv::terminal
