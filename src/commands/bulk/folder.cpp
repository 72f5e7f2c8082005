#include "commands/bulk/folder.hpp"

#include "base/parse.hpp"
#include "base/quote.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace natskv::commands {
namespace {

constexpr std::size_t max_name = 255;

/// A file, never through a link; a FIFO that took its place is not waited for.
File open_file(int folder, const std::string& name) {
  return File(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

/// False, with errno: it is no regular file.
bool regular(const struct stat& info) {
  if (S_ISREG(info.st_mode)) return true;
  errno = ELOOP;
  return false;
}

/// Whether it is a regular file that can be read, without the cost of opening.
bool readable_regular(int folder, const std::string& name, struct stat& info) {
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !regular(info)) return false;
  static const uid_t self = ::geteuid();
  const bool own = info.st_uid == self && (info.st_mode & S_IRUSR) != 0;
  return own || ::faccessat(folder, name.c_str(), R_OK, AT_EACCESS) == 0;
}

/// How many bytes were read from the beginning, less than `size` only at the end; -1 with errno. `room`: more
/// that one call may bring, if they are there.
ssize_t read_fully(int fd, char* to, std::size_t size, std::size_t room = 0) {
  std::size_t done = 0;
  do {
    const ssize_t got = ::pread(fd, to + done, size + room - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  } while (done < size);
  return static_cast<ssize_t>(done);
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

FolderSource::FolderSource(Invocation& natskv, const std::string& folder, Paths paths)
    : natskv_(natskv), paths_(paths), walk_(folder, [this](const std::string& path) {
        if (!checked_) natskv_.warn(fmt::format("{} is not a regular file and is left out", in_quotes(path)));
      }) {}

std::string FolderSource::shown() const { return in_quotes(walk_.folder()); }
std::string FolderSource::shown(const Walk::Found& found) const {
  return in_quotes(walk_.folder() + "/" + found.path);
}

FolderSource::Look::Look(const struct stat& info)
    : file(info.st_ino),
      size(static_cast<std::uint64_t>(info.st_size)),
      seconds(info.st_mtim.tv_sec),
      nanoseconds(info.st_mtim.tv_nsec) {}

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
  value_.clear();
  sizes_only_ ? look(*found) : read(*found);
  item_.key = key_;
  item_.value = value_;
  return &item_;
}

void FolderSource::unreadable(const Walk::Found& found) {
  item_.wrong.emplace(cannot("read " + shown(found), errno));
}

bool FolderSource::too_large(const Walk::Found& found, std::uint64_t size) {
  if (!over_limit(size)) return false;
  item_.wrong.emplace(Exit::failure, fmt::format("{} has {} B, over the server's limit of {} B", shown(found),
                                                 size, max_payload_));
  return true;
}

void FolderSource::look(const Walk::Found& found) {
  struct stat info {};
  const bool readable = readable_regular(found.folder, found.name, info);
  looks_.emplace_back(info);
  if (!readable) return unreadable(found);
  if (!too_large(found, looks_.back().size)) value_.resize(looks_.back().size);
}

// A file that is still as it was when it was checked is only looked at after it was read.
void FolderSource::read(const Walk::Found& found) {
  const File file = open_file(found.folder, found.name);
  const std::size_t at = at_++;
  if (file.fd() < 0) return unreadable(found);
  if (at < looks_.size() && read_as(looks_[at], file)) return;
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0 || !regular(info)) return unreadable(found);
  const Look now(info);
  if (too_large(found, now.size) || read_as(now, file)) return;
  if (errno != 0) return unreadable(found);
  item_.wrong.emplace(Exit::failure,
                      fmt::format("cannot read {}: it changed while it was read", shown(found)));
}

// False, with errno: it cannot be read (0: it is not like that any more).
bool FolderSource::read_as(const Look& look, const File& file) {
  if (over_limit(look.size)) return false;
  value_.resize(look.size + 1);  // one extra byte shows whether it grew
  const ssize_t got = read_fully(file.fd(), value_.data(), look.size, 1);
  if (got < 0) return false;
  value_.resize(static_cast<std::size_t>(got));
  struct stat after {};
  errno = 0;
  return ::fstat(file.fd(), &after) == 0 && value_.size() == look.size && Look(after) == look;
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
  const File file = open_file(folder, name);
  if (file.fd() < 0 || ::fstat(file.fd(), &info) != 0 || !regular(info) ||
      static_cast<std::uint64_t>(info.st_size) != value.size())
    return false;
  std::string bytes(value.size(), '\0');
  return read_fully(file.fd(), bytes.data(), bytes.size()) == static_cast<ssize_t>(value.size()) &&
         bytes == value;
}

void FolderWriter::replace(int folder, const std::string& name, const std::string& path,
                           std::string_view value) const {
  const std::string temporary = fmt::format(".natskv-{}", ::getpid());
  const auto create = [&] {
    return File(
        ::openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  };
  File file = create();
  // A process of that number was killed: in a container all have the same.
  if (file.fd() < 0 && errno == EEXIST && ::unlinkat(folder, temporary.c_str(), 0) == 0) file = create();
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
