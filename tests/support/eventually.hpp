// Waiting for what another process does.
#pragma once

#include <chrono>
#include <thread>

namespace natskv::test {

/// Asks until it is so; false after thirty seconds.
template <class Question>
bool eventually(Question&& so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace natskv::test
