// COMMAND: started, sent the signals that natskv gets, stopped in time, and ended with everything it started.
#pragma once

#include "base/boot_clock.hpp"
#include "terminal/child.hpp"
#include "terminal/keeper.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace natskv::terminal {

/// Runs one COMMAND after another. If natskv's group is its terminal's foreground group, COMMAND shares it
/// and handles Ctrl-C and Ctrl-Z itself. Otherwise COMMAND leads its own group, and signals are sent to the
/// whole group. A keeper (terminal/keeper) ends COMMAND if natskv cannot.
class Supervisor {
 public:
  using Time = BootClock::time_point;

  /// `grace`: time between SIGTERM and SIGKILL. `held`: what the keeper keeps open (terminal/keeper).
  explicit Supervisor(std::chrono::nanoseconds grace = std::chrono::seconds(10), int held = -1);
  /// Stops COMMAND if it is still running.
  ~Supervisor();

  /// From here on, signals are COMMAND's. Throws as terminal::start() does; Stopped where one came before.
  void start(const Program& program);
  [[nodiscard]] bool running() const { return run_ != nullptr; }
  /// Called when COMMAND itself has ended, before what it left is stopped: for each COMMAND from here on.
  void on_end(std::function<void()> work) { on_end_ = std::move(work); }

  /// COMMAND gets SIGTERM and SIGKILL at these times, from the keeper if need be. Before or after the start;
  /// a SIGTERM that was sent is not taken back.
  void deadlines(std::optional<Time> stop_at, std::optional<Time> kill_at);
  /// SIGTERM and SIGCONT, and SIGKILL after the grace period.
  void stop();

  /// Passes signals on and keeps the deadlines until COMMAND and what it left running have ended (true), or
  /// one of `others` is ready or `until` is reached (false).
  bool wait(std::span<pollfd> others = {}, std::optional<Time> until = {});
  /// For a caller with its own poll: these descriptors, then react().
  static constexpr std::size_t watched_count = 3;
  using Watched = std::array<pollfd, watched_count>;
  Watched watched(std::optional<Time> until);
  void react(const Watched& fds);

  /// The status of the last COMMAND that ended, or 128 + signal.
  [[nodiscard]] int status() const { return status_; }
  /// Whether natskv or the keeper sent it SIGTERM before it ended.
  [[nodiscard]] bool was_stopped() const { return was_stopped_; }
  /// The first signal that would have ended natskv and was COMMAND's instead; 0: there was none.
  [[nodiscard]] int signal() const { return signal_; }
  /// How many processes it left running, which were stopped.
  [[nodiscard]] int leftovers() const { return leftovers_; }

 private:
  struct Run;
  void advance();
  void command_ended();
  void over();
  void read_signals();
  void pass_on(int signal, bool from_terminal);
  void renew_keeper();
  void tell_keeper() const;
  [[nodiscard]] Orders orders_for(const Run& run) const;
  [[nodiscard]] Time kill_time() const;

  std::chrono::nanoseconds grace_;
  std::optional<Time> stop_at_, kill_at_;
  Keeper keeper_;
  File timer_;
  std::unique_ptr<Run> run_;
  std::function<void()> on_end_;
  int status_ = 0;
  int signal_ = 0;
  int leftovers_ = 0;
  bool was_stopped_ = false;
};

}  // namespace natskv::terminal
