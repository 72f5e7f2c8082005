#include "commands/bulk/walk.hpp"

#include "base/failure.hpp"
#include "base/quote.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace natskv::commands {

int open_folder(int parent, const std::string& name) {
  return ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

Walk::Walk(std::string folder, std::function<void(const std::string&)> skipped)
    : folder_(std::move(folder)), skipped_(std::move(skipped)) {
  const int fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw usage(std::string("--dir: ") + cannot("read " + in_quotes(folder_), errno).what());
  enter(fd, {});
}

void Walk::fail(const std::string& path, int error) const {
  throw cannot("read " + in_quotes(folder_ + "/" + path), error);
}

void Walk::rewind() {
  levels_.erase(levels_.begin() + 1, levels_.end());
  levels_.front().at = 0;
}

void Walk::enter(int fd, std::string path) {
  Level level{File(fd), std::move(path), {}};
  const int listed = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  DIR* const stream = listed < 0 ? nullptr : ::fdopendir(listed);
  if (stream == nullptr) fail(level.path, errno);
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {  // NOLINT(concurrency-mt-unsafe): our own stream
    if (entry->d_name[0] != '.') level.names.push_back({entry->d_name, entry->d_type});
    errno = 0;
  }
  const int error = errno;
  ::closedir(stream);
  if (error != 0) fail(level.path, error);
  std::sort(level.names.begin(), level.names.end(),
            [](const auto& one, const auto& other) { return one.text < other.text; });
  levels_.push_back(std::move(level));
}

const Walk::Found* Walk::next() {
  while (true) {
    Level& level = levels_.back();
    if (level.at == level.names.size()) {
      if (levels_.size() == 1) return nullptr;
      levels_.pop_back();
      continue;
    }
    const auto& [name, type] = level.names[level.at++];
    found_.path.assign(level.path).append(name);
    found_.folder = level.fd.fd();
    found_.name = name;
    if (type == DT_REG) return &found_;
    const std::string& path = found_.path;
    struct stat info {};
    if (::fstatat(level.fd.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) fail(path, errno);
    if (S_ISDIR(info.st_mode)) {
      const int fd = open_folder(level.fd.fd(), name);
      if (fd < 0) fail(path, errno);
      enter(fd, path + "/");
    } else if (S_ISREG(info.st_mode)) {
      return &found_;
    } else if (skipped_) {
      skipped_(path);
    }
  }
}

}  // namespace natskv::commands
