#include "terminal/processes.hpp"

#include "base/file.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <string_view>

namespace natskv::terminal {
namespace {

constexpr std::size_t longest_path = 64;

// "/proc/PID/stat".
void stat_path(pid_t pid, std::array<char, longest_path>& path) {
  constexpr std::string_view before = "/proc/";
  constexpr std::string_view after = "/stat";
  char* at = std::copy(before.begin(), before.end(), path.data());
  at = std::to_chars(at, path.data() + path.size() - after.size() - 1, pid).ptr;
  *std::copy(after.begin(), after.end(), at) = '\0';
}

// The fields of a stat file after the program's name, which is in parentheses and may contain any byte.
class Words {
 public:
  explicit Words(std::string_view rest) : rest_(rest) {}
  std::string_view next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    const std::string_view word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(word.size());
    return word;
  }
  template <class Number>
  Number number() {
    const std::string_view word = next();
    Number value{};
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
  }
  void skip(int words) {
    for (; words > 0; --words) next();
  }

 private:
  std::string_view rest_;
};

// If a process ended meanwhile, the next owner of its id must not get the signal.
void send(const ProcessInfo& process, int signal) {
  const File pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (pidfd.fd() < 0) {
    if (errno != ESRCH) ::kill(process.pid, signal);
    return;
  }
  ProcessInfo now;
  if (read_process(process.pid, now) && now.started == process.started)
    ::syscall(SYS_pidfd_send_signal, pidfd.fd(), signal, nullptr, 0);
}

// Number of passes over /proc.
class Search {
 public:
  Search(const Kin& kin, int signal) : kin_(kin), signal_(signal) {}

  int run() {
    if (kin_.group > 0) {
      pass();
      return genuine_ ? count_ : 0;
    }
    // A child usually has a higher number than its parent, and comes later in /proc; otherwise the next pass
    // finds it.
    for (int before = -1; before != count_;) {
      before = count_;
      pass();
    }
    return count_;
  }

 private:
  void pass() {
    for_each_number(
        "/proc", [](void* closure, int pid) { static_cast<Search*>(closure)->look_at(pid); }, this);
  }

  void look_at(pid_t pid) {
    ProcessInfo process;
    if (kin_.group == 0 && (pid == kin_.except || knows(pid))) return;
    if (!read_process(pid, process) || !process.alive || !belongs(process)) return;
    genuine_ = genuine_ || process.started <= kin_.started_by;
    if (kin_.group == 0) {
      if (count_ == most) return;
      found_[static_cast<std::size_t>(count_)] = pid;
      if (signal_ != 0) send(process, signal_);
    }
    ++count_;
  }

  [[nodiscard]] bool belongs(const ProcessInfo& process) const {
    if (kin_.group > 0) return process.group == kin_.group;
    if (process.session != kin_.session) return false;
    if (process.pid == kin_.root) return kin_.with_root;
    return process.parent == kin_.root || knows(process.parent);
  }

  [[nodiscard]] bool knows(pid_t pid) const {
    const auto* const end = found_.data() + count_;
    return std::find(found_.data(), end, pid) != end;
  }

  static constexpr int most = 4096;
  const Kin& kin_;
  int signal_;
  bool genuine_ = false;
  int count_ = 0;
  std::array<pid_t, most> found_{};
};

}  // namespace

bool for_each_number(const char* folder, EachNumber each, void* closure) {
  const int fd = ::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  // As getdents64 fills it: inode, offset, length, type, name.
  constexpr std::size_t length_at = 16;
  constexpr std::size_t name_at = 19;
  alignas(8) std::array<char, 8192> buffer{};
  for (;;) {
    const long got = ::syscall(SYS_getdents64, fd, buffer.data(), buffer.size());
    if (got <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      std::uint16_t length = 0;
      std::memcpy(&length, &buffer[at + length_at], sizeof length);
      const char* const name = &buffer[at + name_at];
      int number = 0;
      const auto [end, error] = std::from_chars(name, name + std::strlen(name), number);
      if (error == std::errc() && *end == '\0') each(closure, number);
      at += length;
    }
  }
  ::close(fd);
  return true;
}

bool read_process(pid_t pid, ProcessInfo& info) {
  std::array<char, longest_path> path{};
  stat_path(pid, path);
  const File file(::open(path.data(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return false;
  std::array<char, 1024> text{};
  const ssize_t got = ::read(file.fd(), text.data(), text.size());
  if (got <= 0) return false;
  const std::string_view line(text.data(), static_cast<std::size_t>(got));
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos) return false;
  Words words(line.substr(name_end + 1));
  const std::string_view state = words.next();
  info.pid = pid;
  info.parent = words.number<pid_t>();
  info.group = words.number<pid_t>();
  info.session = words.number<pid_t>();
  words.skip(13);  // from tty_nr to nice
  const auto threads = words.number<long>();
  words.skip(1);  // itrealvalue
  info.started = words.number<std::uint64_t>();
  // A process whose first thread has ended lives as long as another runs.
  info.alive = state != "X" && (state != "Z" || threads > 1);
  return true;
}

int living(const Kin& kin) { return Search(kin, 0).run(); }

void signal_all(const Kin& kin, int signal) {
  if (kin.group == 0)
    Search(kin, signal).run();
  else if (kin.started_by == Kin::any_time || living(kin) > 0)
    ::kill(-kin.group, signal);  // all at once: none can fork away
}

std::uint64_t ticks_now() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return static_cast<std::uint64_t>(time.tv_sec) * per_second +
         static_cast<std::uint64_t>(time.tv_nsec) * per_second / 1'000'000'000U;
}

}  // namespace natskv::terminal
