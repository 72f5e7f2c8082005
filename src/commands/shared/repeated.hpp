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
using EventVariables = std::map<std::string, std::string>;
/// BUCKET, KEY, OPERATION, REVISION and CREATED.
EventVariables event_variables(const Entry& entry);

class Repeated {
 public:
  /// Looks it up, before connecting. Throws Failure (126, 127). `grace`, `held`: as Supervisor.
  explicit Repeated(const std::vector<std::string>& command,
                    std::chrono::nanoseconds grace = std::chrono::seconds(10), int held = -1);

  /// When it is stopped.
  void until(BootClock::time_point time) { supervisor_.deadlines(time, {}); }

  struct Finished {
    int status = 0;            ///< its own, or 128 + signal
    bool out_of_time = false;  ///< it was stopped
    int signal =
        0;  ///< a signal that came meanwhile and would have ended natskv: COMMAND got it, and natskv ends too
  };
  /// Runs it to its end, with this stdin. Reports what it left running. `meanwhile` is called every second.
  /// Throws as Supervisor::start() does; Stopped if a signal came first.
  Finished run(Invocation& natskv, const EventVariables& variables, std::string_view input,
               const std::function<void()>& meanwhile);

 private:
  terminal::Program program_;
  terminal::Supervisor supervisor_;
};

}  // namespace natskv::commands
