#include "output/file.hpp"

#include "base/failure.hpp"
#include "base/quote.hpp"

#include <fcntl.h>
#include <stdlib.h>  // mkostemp
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace natskv {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// /dev/stdout, /dev/fd/3: links to a descriptor. Any other link is replaced: whoever planted it cannot choose
// what is overwritten.
bool names_a_descriptor(const std::string& path) {
  return path == "/dev/stdout" || path == "/dev/stderr" || path.starts_with("/dev/fd/") ||
         path.starts_with("/proc/self/fd/");
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path), shown_(in_quotes(path)) {
  struct stat info {};
  if (::stat(path_.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) fail(EISDIR);
  const bool descriptor = names_a_descriptor(path_);
  const bool exists = (descriptor ? ::stat(path_.c_str(), &info) : ::lstat(path_.c_str(), &info)) == 0;
  direct_ = exists && (descriptor || !(S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)));
  if (direct_) {
    file_ = File(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | (descriptor ? 0 : O_NOFOLLOW)));
    // What was not a regular file a moment ago must still not be one.
    if (file_.fd() >= 0 && !descriptor && (::fstat(file_.fd(), &info) != 0 || S_ISREG(info.st_mode))) {
      file_ = File();
      errno = ELOOP;
    }
  } else {
    file_ = File(::open(folder_of(path_).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
    if (file_.fd() < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT)) {
      temporary_ = path_ + ".XXXXXX";
      file_ = File(::mkostemp(temporary_.data(), O_CLOEXEC));  // 0600
      if (file_.fd() < 0) temporary_.clear();
    }
  }
  if (file_.fd() < 0) fail(errno);
  out_ = std::make_unique<Output>(file_.fd(), shown_);
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::fail(int error) const { throw cannot("write to " + shown_, error); }

// A file without a name gets a free one first; only then can it replace an existing file.
void OutputFile::name_temporary() {
  const std::string self = "/proc/self/fd/" + std::to_string(file_.fd());
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = path_ + "." + std::to_string(::getpid()) + "." + std::to_string(attempt);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = std::move(name);
      return;
    }
    if (errno != EEXIST) fail(errno);
  }
  fail(EEXIST);
}

void OutputFile::commit() {
  out_->flush();
  if (direct_) return;
  if (::fsync(file_.fd()) != 0) fail(errno);
  if (temporary_.empty()) name_temporary();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  temporary_.clear();
}

}  // namespace natskv
