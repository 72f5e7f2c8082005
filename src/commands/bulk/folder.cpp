#include "commands/bulk/folder.hpp"

#include "base/parse.hpp"
#include "base/quote.hpp"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace natskv::commands {
namespace {

constexpr std::size_t max_name = 255;

/// Opens a folder that was just found; never through a link.
int open_folder(int parent, const std::string& name) {
  return ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/// A regular file, or none, with errno: never through a link, and a FIFO that took its place is not waited
/// for.
File open_regular(int folder, const std::string& name, struct stat& info) {
  File file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.fd() < 0 || (::fstat(file.fd(), &info) == 0 && S_ISREG(info.st_mode))) return file;
  errno = ELOOP;
  return File();
}

/// Whether open_regular() would succeed, without the cost of opening.
bool readable_regular(int folder, const std::string& name, struct stat& info) {
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (!S_ISREG(info.st_mode)) {
    errno = ELOOP;
    return false;
  }
  static const uid_t self = ::geteuid();
  const bool own = info.st_uid == self && (info.st_mode & S_IRUSR) != 0;
  return own || ::faccessat(folder, name.c_str(), R_OK, AT_EACCESS) == 0;
}

/// How many bytes were read, less than `size` only at the end; -1 with errno. `room`: more that one call may
/// bring, if they are there.
ssize_t read_fully(int fd, char* to, std::size_t size, std::size_t room = 0) {
  std::size_t done = 0;
  do {
    const ssize_t got = ::read(fd, to + done, size + room - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  } while (done < size);
  return static_cast<ssize_t>(done);
}

bool same_time(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

}  // namespace

Paths::Path Paths::of_key(std::string_view key) const {
  Path path{std::string(key)};
  if (!parse::is_key(path.text)) return {{}, "natskv does not write keys with such names"};
  if (dots) {
    if (key.find('/') != std::string_view::npos) return {{}, "--dots has no path for a \"/\""};
    std::replace(path.text.begin(), path.text.end(), '.', '/');
  }
  for (std::size_t from = 0; from <= path.text.size();) {
    const auto end = std::min(path.text.find('/', from), path.text.size());
    const auto part = std::string_view(path.text).substr(from, end - from);
    if (part.empty()) return {{}, "its path has an empty component"};
    if (part.front() == '.') return {{}, "its path has a component that begins with \".\""};
    if (part.size() > max_name) return {{}, "its path has a component over 255 bytes"};
    from = end + 1;
  }
  return path;
}

std::string Paths::key_of(std::string_view path) const {
  std::string key(path);
  if (dots) {
    if (key.find('.') != std::string::npos) return {};
    std::replace(key.begin(), key.end(), '/', '.');
  }
  return parse::is_key(key) ? key : std::string();
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

FolderSource::FolderSource(Invocation& natskv, const std::string& folder, Paths paths)
    : natskv_(natskv), paths_(paths), walk_(folder, [this](const std::string& path) {
        if (!checked_) natskv_.warn(fmt::format("{} is not a regular file and is left out", in_quotes(path)));
      }) {}

std::string FolderSource::shown() const { return in_quotes(walk_.folder()); }

void FolderSource::check_names() {
  while (const auto* found = walk_.next()) {
    if (paths_.key_of(found->path).empty()) refuse_names(found);
  }
  checked_ = true;
  walk_.rewind();
}

// From the first wrong one on.
void FolderSource::refuse_names(const Walk::Found* found) {
  SomeNames wrong;
  for (; found != nullptr; found = walk_.next()) {
    if (paths_.key_of(found->path).empty()) wrong.add(in_quotes(found->path));
  }
  throw Failure(Exit::failure,
                fmt::format("{} in {} cannot be {}: {}", wrong.count() == 1 ? "a path" : "paths", shown(),
                            wrong.count() == 1 ? "a key" : "keys", wrong.text()),
                paths_.dots ? "with --dots a file name has no dot; a key has letters, digits, - _ ="
                            : "a key has letters, digits, - _ = . and /");
}

const Item* FolderSource::next() {
  if (!checked_ && !sizes_only_) check_names();
  if (natskv_.stop()) throw Stopped{};
  const auto* found = walk_.next();
  if (found == nullptr) {
    checked_ = true;
    return nullptr;
  }
  item_ = Item{};
  item_.number = ++number_;
  key_ = paths_.key_of(found->path);
  if (key_.empty()) {
    if (!checked_) refuse_names(found);
    throw Failure(Exit::failure, fmt::format("{} changed while it was read", shown()), "run it again");
  }
  read(*found);
  item_.key = key_;
  item_.value = value_;
  return &item_;
}

void FolderSource::read(const Walk::Found& found) {
  const auto shown = [&] { return in_quotes(walk_.folder() + "/" + found.path); };
  const auto unreadable = [&] { item_.wrong.emplace(cannot("read " + shown(), errno)); };
  value_.clear();
  struct stat before {
  }, after{};
  File file;
  if (!sizes_only_) file = open_regular(found.folder, found.name, before);
  const bool readable = sizes_only_ ? readable_regular(found.folder, found.name, before) : file.fd() >= 0;
  if (!readable) return unreadable();
  const auto size = static_cast<std::uint64_t>(before.st_size);
  if (max_payload_ > 0 && size > max_payload_) {
    item_.wrong.emplace(Exit::failure, fmt::format("{} has {} B, over the server's limit of {} B", shown(),
                                                   size, max_payload_));
    return;
  }
  if (sizes_only_) return value_.resize(static_cast<std::size_t>(size));
  value_.resize(static_cast<std::size_t>(size) + 1);  // one extra byte shows whether it grew
  const ssize_t got = read_fully(file.fd(), value_.data(), static_cast<std::size_t>(size), 1);
  if (got < 0) return unreadable();
  value_.resize(static_cast<std::size_t>(got));
  if (::fstat(file.fd(), &after) != 0 || static_cast<std::uint64_t>(got) != size ||
      after.st_size != before.st_size || !same_time(after.st_mtim, before.st_mtim))
    item_.wrong.emplace(Exit::failure, fmt::format("cannot read {}: it changed while it was read", shown()));
}

FolderWriter::FolderWriter(std::string folder, Paths paths, mode_t mode)
    : folder_(std::move(folder)), paths_(paths), mode_(mode) {}

int FolderWriter::root() {
  if (root_) return root_->fd();
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) fail({}, errno);
  const int fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail({}, errno);
  root_ = std::make_unique<File>(fd);
  return fd;
}

void FolderWriter::fail(const std::string& path, int error) const {
  throw cannot("write to " + in_quotes(path.empty() ? folder_ : folder_ + "/" + path), error);
}

void FolderWriter::expect(std::string_view key) {
  const auto refuse = [&](const std::string& why) {
    wrong_.add(fmt::format("{} ({})", in_quotes(key), why));
  };
  const auto path = paths_.of_key(key);
  if (path.text.empty()) return refuse(std::string(path.wrong));
  if (!keys_.insert(key)) return;
  const char between = paths_.dots ? '.' : '/';
  if (folders_.contains(key)) return refuse("other keys need a folder of this name");
  for (auto at = key.find(between); at != std::string_view::npos; at = key.find(between, at + 1)) {
    const auto folder = key.substr(0, at);
    folders_.insert(folder);
    if (keys_.contains(folder))
      return refuse(fmt::format("{} is a key, so it cannot be a folder", in_quotes(folder)));
  }
}

void FolderWriter::require_all() const {
  if (wrong_.count() == 0) return;
  throw Failure(Exit::failure,
                fmt::format("{} cannot be {}: {}", wrong_.count() == 1 ? "a key" : "keys",
                            wrong_.count() == 1 ? "a file" : "files", wrong_.text()),
                root_ ? "" : "nothing was written");
}

int FolderWriter::folder_of(const std::string& path) {
  const auto end = path.rfind('/');
  if (end == std::string::npos) return root();
  const std::string folder = path.substr(0, end);
  if (last_ && last_path_ == folder) return last_->fd();
  auto at = std::make_unique<File>(::fcntl(root(), F_DUPFD_CLOEXEC, 0));
  for (std::size_t from = 0; from <= folder.size();) {
    const auto to = std::min(folder.find('/', from), folder.size());
    const std::string name = folder.substr(from, to - from);
    int fd = open_folder(at->fd(), name);
    if (fd < 0 && errno == ENOENT) {
      if (::mkdirat(at->fd(), name.c_str(), 0700) != 0 && errno != EEXIST) fail(folder.substr(0, to), errno);
      fd = open_folder(at->fd(), name);
    }
    if (fd < 0) fail(folder.substr(0, to), errno);
    at = std::make_unique<File>(fd);
    from = to + 1;
  }
  last_ = std::move(at);
  last_path_ = folder;
  return last_->fd();
}

bool FolderWriter::equal(int folder, const std::string& name, std::string_view value) const {
  struct stat info {};
  const File file = open_regular(folder, name, info);
  if (file.fd() < 0 || static_cast<std::uint64_t>(info.st_size) != value.size()) return false;
  std::string bytes(value.size(), '\0');
  return read_fully(file.fd(), bytes.data(), bytes.size()) == static_cast<ssize_t>(value.size()) &&
         bytes == value;
}

void FolderWriter::replace(int folder, const std::string& name, const std::string& path,
                           std::string_view value) const {
  const std::string temporary = fmt::format(".natskv-{}", ::getpid());
  File file(::openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.fd() < 0) fail(path, errno);
  int error = write_all(file.fd(), value);
  if (error == 0 && mode_ != 0600 && ::fchmod(file.fd(), mode_) != 0) error = errno;
  file = File();
  if (error == 0 && ::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0) {
    error = errno;
    // An empty folder is removed: git does not keep them either.
    if (error == EISDIR && ::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0 &&
        ::renameat(folder, temporary.c_str(), folder, name.c_str()) == 0)
      error = 0;
  }
  if (error == 0) return;
  ::unlinkat(folder, temporary.c_str(), 0);
  fail(path, error);
}

bool FolderWriter::write(std::string_view key, std::string_view value) {
  const auto path = paths_.of_key(key);
  if (path.text.empty()) {
    throw Failure(Exit::failure, fmt::format("key {} cannot be a file: {}", in_quotes(key), path.wrong));
  }
  const int folder = folder_of(path.text);
  const std::string name = path.text.substr(path.text.rfind('/') + 1);
  if (equal(folder, name, value)) return false;
  replace(folder, name, path.text, value);
  return true;
}

void FolderWriter::remove(const Walk::Found& found) {
  if (::unlinkat(found.folder, found.name.c_str(), 0) != 0 && errno != ENOENT) fail(found.path, errno);
}

}  // namespace natskv::commands
