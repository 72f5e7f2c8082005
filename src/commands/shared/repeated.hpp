// COMMAND, run again and again: on each value (wait), on each event (watch).
#pragma once

#include "app/invocation.hpp"
#include "kv/entry.hpp"
#include "terminal/supervisor.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::commands {

/// NATSKV_* and their values, without the prefix.
using Told = std::map<std::string, std::string>;
/// BUCKET, KEY, OPERATION, REVISION and CREATED.
Told about(const Entry& entry);

class Repeated {
 public:
  /// Looks it up, before anything is connected to. Throws Failure (126, 127). `grace`, `held`: as Supervisor.
  explicit Repeated(const std::vector<std::string>& command,
                    std::chrono::nanoseconds grace = std::chrono::seconds(10), int held = -1);

  /// From then on it is stopped.
  void until(BootClock::time_point time) { supervisor_.deadlines(time, {}); }

  struct Ended {
    int status = 0;            ///< its own, or 128 + signal
    bool out_of_time = false;  ///< it was stopped
    int signal =
        0;  ///< what natskv got meanwhile and would have ended it: COMMAND had it, and natskv ends too
  };
  /// Runs it to its end, with this stdin. Says what it left behind. `meanwhile` is called every second.
  /// Throws as Supervisor::start() does; Stopped where a signal came before.
  Ended run(Invocation& natskv, const Told& told, std::string_view input,
            const std::function<void()>& meanwhile = {});

 private:
  terminal::Program program_;
  terminal::Supervisor supervisor_;
};

}  // namespace natskv::commands
