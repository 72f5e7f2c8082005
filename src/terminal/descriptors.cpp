#include "terminal/descriptors.hpp"

#include "terminal/processes.hpp"

#include <climits>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace natskv::terminal {
namespace {

constexpr const char* own_descriptors = "/proc/self/fd";

struct Remembered {
  bool known = false;
  std::vector<int> descriptors;  // sorted
};

Remembered& remembered() {
  static Remembered all;
  return all;
}

bool close_range(int first, int last, unsigned flags) {
  return last < first || ::syscall(SYS_close_range, first, last, flags) == 0;
}

}  // namespace

void remember_descriptors() {
  auto& [known, descriptors] = remembered();
  for_each_number(
      own_descriptors,
      [](void* closure, int fd) {
        if (fd > STDERR_FILENO) static_cast<std::vector<int>*>(closure)->push_back(fd);
      },
      &descriptors);
  // Not the descriptor of the folder that was being read.
  std::erase_if(descriptors, [](int fd) { return ::fcntl(fd, F_GETFD) < 0; });
  std::sort(descriptors.begin(), descriptors.end());
  known = true;
}

void keep_own_descriptors_from_exec() {
  if (!remembered().known) return;
  int first = STDERR_FILENO + 1;
  bool done = true;
  for (const int fd : remembered().descriptors) {
    done = done && close_range(first, fd - 1, CLOSE_RANGE_CLOEXEC);
    first = fd + 1;
  }
  if (done && close_range(first, INT_MAX, CLOSE_RANGE_CLOEXEC)) return;
  // A kernel before 5.11.
  for_each_number(
      own_descriptors,
      [](void*, int fd) {
        const auto& theirs = remembered().descriptors;
        if (fd > STDERR_FILENO && std::find(theirs.begin(), theirs.end(), fd) == theirs.end())
          ::fcntl(fd, F_SETFD, FD_CLOEXEC);
      },
      nullptr);
}

void close_all_but(int kept, int other) {
  std::array both{std::min(kept, other), std::max(kept, other)};
  if (close_range(0, both[0] - 1, 0) && close_range(both[0] + 1, both[1] - 1, 0) &&
      close_range(both[1] + 1, INT_MAX, 0))
    return;
  for_each_number(
      own_descriptors,
      [](void* closure, int fd) {
        const auto& [one, two] = *static_cast<std::array<int, 2>*>(closure);
        if (fd != one && fd != two) ::close(fd);
      },
      &both);
}

}  // namespace natskv::terminal
