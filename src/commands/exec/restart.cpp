#include "commands/exec/restart.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/parse.hpp"
#include "commands/shared/command.hpp"
#include "kv/read/watch.hpp"
#include "terminal/supervisor.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace natskv::commands {
namespace {

using namespace std::chrono_literals;
using Clock = natskv::Watch::Clock;

/// Reads the variables and, by a thread of its own, reads them again after each change: a server that does
/// not answer must not hold up COMMAND's signals.
class Follower {
 public:
  Follower(Invocation& natskv, const EnvironmentArguments& arguments, std::chrono::nanoseconds debounce)
      : natskv_(natskv),
        arguments_(arguments),
        debounce_(debounce),
        changed_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    // A time-out ends what it is for, and not the command.
    natskv_.stop().keep_time({});
    natskv_.session().give_up_connecting();
    natskv_.session().keep_reconnecting();
    begin_watching();  // before the variables are read, so that no change is missed
    current_ = arguments_.read(natskv_);
  }
  ~Follower() {
    natskv_.stop().set(StopReason::terminated);  // ends what it waits for
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] Variables first() const { return *current_; }
  void follow() {
    thread_ = std::thread([this] { run(); });
  }
  /// Readable when there are other variables.
  [[nodiscard]] int descriptor() const { return changed_.fd(); }
  std::optional<Variables> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(changed_.fd(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(next_, std::nullopt);
  }

 private:
  void begin_watching() {
    watch_.reset();
    watch_ = std::make_unique<natskv::Watch>(
        natskv_.session(), arguments_.bucket,
        WatchOptions{.read = {.patterns = parse::patterns(arguments_.words), .values = false},
                     .current = false});
  }

  void run() noexcept {
    while (!natskv_.stop()) {
      try {
        step();
      } catch (const std::exception& error) {
        if (natskv_.stop()) return;
        say(fmt::format("{}; COMMAND goes on", error.what()));
        watch_.reset();
        natskv_.stop().pause(1s);
      } catch (const Stopped&) {
        return;  // COMMAND has ended
      }
    }
  }

  void step() {
    if (!watch_) {
      begin_watching();
      look_at(0s);
    }
    switch (watch_->wait(look_at_.value_or(Clock::time_point::max()))) {
      case natskv::Watch::Got::entry:
        seen_ = watch_->entry()->revision;
        return look_at(debounce_);
      case natskv::Watch::Got::anew:
        seen_ = 0;
        return look_at(debounce_);
      case natskv::Watch::Got::time:
        return look();
      default:
        return;
    }
  }

  void look_at(std::chrono::nanoseconds from_now) { look_at_ = Clock::now() + from_now; }

  void look() {
    look_at_.reset();
    try {
      Variables now = arguments_.read(natskv_);
      // A replica may lag behind what the watch has seen; what it saw last may have expired since.
      constexpr int most_tries = 20;
      if (now.newest() < seen_ && ++stale_ < most_tries) return look_at(100ms);
      stale_ = 0;
      said_.clear();
      if (now.all() == current_->all()) return;
      current_ = now;
      const std::lock_guard lock(mutex_);
      next_ = std::move(now);
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(changed_.fd(), &one, sizeof one);
    } catch (const Failure& failure) {
      if (failure.exit() == Exit::unreachable) return look_at(1s);
      say(fmt::format("{}; COMMAND keeps its environment", failure.what()));
    }
  }

  // Once until something else is to be said.
  void say(std::string text) {
    if (text == said_) return;
    natskv_.warn(text);
    said_ = std::move(text);
  }

  Invocation& natskv_;
  const EnvironmentArguments& arguments_;
  std::chrono::nanoseconds debounce_;
  File changed_;
  std::unique_ptr<natskv::Watch> watch_;
  std::optional<Variables> current_;  // what COMMAND has, or is about to get
  std::uint64_t seen_ = 0;            // the last revision of a change
  int stale_ = 0;
  std::optional<Clock::time_point> look_at_;
  std::string said_;
  std::thread thread_;
  std::mutex mutex_;
  std::optional<Variables> next_;
};

bool ends_for_good(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGQUIT; }

}  // namespace

int run_restarting(Invocation& natskv, const EnvironmentArguments& arguments, const Restarting& how,
                   const std::function<terminal::Program(const Variables&)>& program_with) {
  Follower follower(natskv, arguments, how.debounce);
  terminal::Supervisor supervisor(how.grace);
  std::optional<Variables> next = follower.first();
  follower.follow();
  do {
    supervisor.start(program_with(*next));
    next.reset();
    pollfd changed{follower.descriptor(), POLLIN, 0};
    while (!supervisor.wait({&changed, 1})) {
      auto other = follower.take();
      if (!other) continue;
      if (!next) natskv.note("the environment has changed; COMMAND is restarted");
      next = std::move(other);
      supervisor.stop();
    }
    report_leftovers(natskv, supervisor);
  } while (next && supervisor.was_stopped() && !ends_for_good(supervisor.signal()));
  return supervisor.status();
}

}  // namespace natskv::commands
