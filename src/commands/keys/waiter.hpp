// Waiting for a server, then for a bucket, then until a condition holds.
#pragma once

#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "commands/keys/awaited.hpp"
#include "commands/shared/repeated.hpp"
#include "kv/read/watch.hpp"

#include <optional>
#include <string>
#include <vector>

namespace natskv::commands {

class Waiter {
 public:
  /// `within`: how long; nullopt: for ever, 0: checks once. `command`: asked about each value that fulfils
  /// the rest; may be empty. Throws Failure (126, 127), before anything is connected to.
  Waiter(Invocation& natskv, Awaited& awaited, std::optional<Span> within,
         const std::vector<std::string>& command);

  /// 0 as soon as it is so, or the status with which COMMAND ended the waiting. Failure: timed_out, not_found
  /// or unreachable when the time is over; what can't be waited for. Stopped on a signal.
  int wait();

 private:
  using Clock = natskv::Watch::Clock;

  int watch();
  void begin(const natskv::Watch& entries);
  std::optional<int> saw(natskv::Watch& entries);
  std::optional<int> ask(natskv::Watch& entries, bool& accepted);
  void look(const natskv::Watch& entries);
  [[nodiscard]] Clock::time_point next_look(const natskv::Watch& entries) const;
  void trouble(const Failure& failure);
  void pause(Clock::duration time);
  void announce();
  [[nodiscard]] bool over() const;
  [[nodiscard]] Failure no_answer() const;
  [[nodiscard]] Failure time_is_up() const;

  Invocation& natskv_;
  Session& session_;
  Awaited& awaited_;
  std::optional<Span> within_;
  bool once_;
  std::optional<Clock::time_point> until_;
  std::optional<Repeated> command_;

  std::optional<Failure> in_the_way_;  // the server or the bucket is not there
  std::string created_;                // when the bucket that was watched first was created
  Span max_age_;                       // its TTL; 0: none
  Clock::time_point announced_at_;
  std::string announced_;
  Clock::time_point reading_since_;  // when the reading started by which it is known what counts
  std::optional<Clock::time_point> looked_at_;
  Clock::duration look_took_{};
};

}  // namespace natskv::commands
