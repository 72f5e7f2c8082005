// How many sockets a process has open, to see that it has noticed a lost connection.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace natskv::test {

inline int sockets(pid_t pid) {
  int count = 0;
  std::error_code gone;
  for (const auto& fd : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
    count += std::filesystem::read_symlink(fd, gone).string().starts_with("socket:") ? 1 : 0;
  return count;
}

}  // namespace natskv::test
