// Whether a program that others started has ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace natskv::test {

/// Waits up to thirty seconds for its end; a zombie that nobody reaps has ended.
inline bool gone(pid_t pid) {
  for (int slice = 0; slice < 1200; ++slice) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(status, line);
    if (line.empty() || line.find(") Z") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  return false;
}

}  // namespace natskv::test
