#include "commands/keys/bookmark.hpp"

#include "base/failure.hpp"
#include "base/quote.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace natskv::commands {
namespace {

constexpr std::chrono::milliseconds between_saves{100};
constexpr std::size_t trial = 4096;                      // bytes that must be available on the disk
constexpr std::size_t longest = std::size_t{16} << 20U;  // patterns can be as long as a command line

Failure state_failed(const std::string& act, int error) {
  const Failure failure = cannot(act, error);
  return failure.saying(std::string("--state: ") + failure.what());
}

// Writes FILE.new and, if asked, puts it in FILE's place. Only the holder of the lock does, so the name can
// be the same each time: a watch that was killed leaves at most one.
void write_beside(const std::string& path, std::string_view bytes, bool replace) {
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  const File file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  int error = file.fd() < 0 ? errno : write_all(file.fd(), bytes);
  if (replace && error == 0 && (::fsync(file.fd()) != 0 || ::rename(beside.c_str(), path.c_str()) != 0))
    error = errno;
  if (file.fd() >= 0 && (!replace || error != 0)) ::unlink(beside.c_str());
  if (error != 0) throw state_failed("write " + in_quotes(beside), error);
}

// Checked before a lock is created beside it.
std::string checked(std::string path) {
  if (path.empty()) throw usage("--state: the name of FILE is empty");
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    throw usage(fmt::format("--state: {} is not a regular file", in_quotes(path)));
  return path;
}

File open_lock(const std::string& path) {
  const std::string name = path + ".lock";
  File lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600));
  if (lock.fd() < 0) throw state_failed("open " + in_quotes(name), errno);
  return lock;
}

// The keeper of a watch that was killed holds the lock until COMMAND has ended.
void take_lock(int fd, const std::string& shown, const Stop& stop) {
  constexpr std::chrono::milliseconds patience{2000}, step{20};
  const auto until = Bookmark::Clock::now() + patience;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw state_failed("lock " + shown, errno);
    if (Bookmark::Clock::now() >= until)
      throw Failure(Exit::failure, fmt::format("state file {} is in use by another watch", shown));
    stop.pause(step);
    if (stop) throw Stopped{};
  }
}

std::optional<WatchState> read_state(const std::string& path, const std::string& shown) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw state_failed("read " + shown, errno);
  }
  const File file = open_to_read(path, "--state");
  const auto state = parse_watch_state(read_all(file.fd(), "--state", shown, longest));
  if (!state)
    throw usage(fmt::format("--state: {} is not a state file of watch, or was damaged", shown),
                "remove it to start from the current values");
  return state;
}

}  // namespace

Bookmark::Bookmark(std::string path, std::string bucket, const std::vector<Pattern>& patterns,
                   const Stop& stop)
    : path_(checked(std::move(path))), lock_(open_lock(path_)) {
  // Saving waits for the disk, also after a signal.
  if (auto* const watchdog = Watchdog::current()) watchdog->grace(std::chrono::seconds(5));
  const std::string shown = in_quotes(path_);
  take_lock(lock_.fd(), shown, stop);
  kept_ = read_state(path_, shown);
  if (kept_) begin_ = commands::beginning(*kept_, bucket, patterns, shown);
  write_beside(path_, std::string(trial, ' '), false);
  if (begin_ && begin_->resume) reached_ = *kept_;
  reached_.bucket = std::move(bucket);
  reached_.patterns = named(patterns);
}

void Bookmark::reached(const Before& before) {
  reached_.created = before.created;
  reached_.revision = before.revision;
}

void Bookmark::save() {
  // Nothing was handled yet: FILE stays unchanged.
  if (!pending() || reached_.created.empty()) return;
  write_beside(path_, to_json(reached_), true);
  kept_ = reached_;
  next_ = Clock::now() + between_saves;
}

void Bookmark::save_in_time() {
  if (Clock::now() >= next_) save();
}

Bookmark::Clock::time_point Bookmark::due() const {
  return pending() && !reached_.created.empty() ? next_ : Clock::time_point::max();
}

}  // namespace natskv::commands
