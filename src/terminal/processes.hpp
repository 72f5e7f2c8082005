// Processes, found in /proc. Everything is async-signal-safe: a forked process may use it before exec.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <limits>

namespace natskv::terminal {

struct ProcessInfo {
  pid_t pid = 0, parent = 0, group = 0, session = 0;
  bool alive = false;         ///< false: a zombie
  std::uint64_t started = 0;  ///< clock ticks since boot
};

/// Returns false if there is no such process (or no /proc).
bool read_process(pid_t pid, ProcessInfo& info);

/// The processes of a command: those of a process group, or the descendants of `root` in `session`.
struct Kin {
  pid_t group = 0;
  pid_t root = 0, session = 0;
  bool with_root = false;
  pid_t except = 0;  ///< the keeper, which is in the session until it has its first turn
  /// A group only counts while one of its processes was started by then: its number may have been reused.
  std::uint64_t started_by = any_time;
  static constexpr std::uint64_t any_time = std::numeric_limits<std::uint64_t>::max();
};

/// How many of them live.
int living(const Kin& kin);
/// Sends each of them a signal.
void signal_all(const Kin& kin, int signal);

/// Clock ticks since boot, like ProcessInfo::started.
std::uint64_t ticks_now();

/// Calls `each(void* closure, int number)` for the entries of a folder whose names are numbers.
using EachNumber = void (*)(void* closure, int number);
bool for_each_number(const char* folder, EachNumber each, void* closure);

}  // namespace natskv::terminal
