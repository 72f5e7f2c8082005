#include "commands/exec/held.hpp"

#include "base/failure.hpp"
#include "base/quote.hpp"
#include "commands/shared/command.hpp"
#include "terminal/supervisor.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <chrono>

namespace natskv::commands {
namespace {

using lease::Time;
using namespace std::chrono_literals;

// HOST:PID.
std::string who_we_are() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0')
    return fmt::format("{}", ::getpid());
  return fmt::format("{}:{}", host.data(), ::getpid());
}

std::string holder_of(const lease::Sight& sight) {
  constexpr std::size_t shown = 60;
  return sight.holder.empty() ? "another client" : in_quotes(sight.text, shown);
}

std::string still(const std::optional<Span>& left) {
  if (!left) return "without a time to live";
  return fmt::format("for {}s at most", (left->ns + seconds(1).ns - 1) / seconds(1).ns);
}

// COMMAND continues while natskv waits for an answer.
class WhileItRuns final : public lease::Meanwhile {
 public:
  explicit WhileItRuns(terminal::Supervisor& supervisor) : supervisor_(supervisor) {}
  std::span<pollfd> descriptors(Time until) override {
    fds_ = supervisor_.watched(until);
    return fds_;
  }
  void react() override { supervisor_.react(fds_); }

 private:
  terminal::Supervisor& supervisor_;
  terminal::Supervisor::Watched fds_{};
};

// Reports who holds the lock after 2 s of waiting, and from then on each new holder.
class Announcer {
 public:
  explicit Announcer(Invocation& natskv) : natskv_(natskv) {}
  [[nodiscard]] Time next() const { return due_; }
  void look(const lease::Lease& lease, const HeldArguments& arguments) {
    const std::string holder = holder_of(lease.sight());
    if (BootClock::now() < due_ || holder == said_) return;
    said_ = holder;
    natskv_.note(fmt::format("waiting for key \"{}\" in bucket \"{}\", which {} holds", arguments.key,
                             arguments.bucket, holder));
  }

 private:
  Invocation& natskv_;
  Time due_ = BootClock::now() + 2s;
  std::string said_;
};

// Renewed while COMMAND runs, even while it is being stopped: no other may start before it has ended.
void keep_renewing(lease::Lease& lease, terminal::Supervisor& supervisor, bool& lost) {
  WhileItRuns meanwhile(supervisor);
  while (supervisor.running()) {
    if (lost || BootClock::now() < lease.renew_at()) {
      const Time until = lost ? BootClock::now() + 1h : lease.renew_at();
      lease.line().idle(until, meanwhile);
      continue;
    }
    switch (lease.renew(meanwhile)) {
      case lease::Renewal::renewed:
        supervisor.deadlines(lease.schedule().stop_at, lease.schedule().kill_at);
        break;
      case lease::Renewal::later:
        break;
      case lease::Renewal::lost:
        lost = true;
        supervisor.stop();
        break;
    }
  }
}

}  // namespace

void HeldArguments::declare(Declaration& arguments) {
  arguments.bucket(bucket);
  arguments.key(key);
  arguments.take({"--ttl", Kind::duration,
                  "how long the lock lasts after its holder is gone (30s; 2s to 1h, whole seconds)"},
                 ttl);
  arguments.take({"--grace", Kind::duration,
                  "time from SIGTERM to SIGKILL when COMMAND is stopped (a quarter of --ttl)"},
                 grace);
  arguments.take({.name = "--value",
                  .kind = Kind::text,
                  .help = "who holds the lock, for others to read (HOST:PID)",
                  .placeholder = "TEXT"},
                 text);
  arguments.command(command, "what to run while the lock is held", true);
}

void HeldArguments::check() const {
  if (ttl && (*ttl < lease::shortest || *ttl > lease::longest || ttl->ns % seconds(1).ns != 0))
    throw usage("--ttl is 2s to 1h, in whole seconds");
  if (grace && grace->ns < 0) throw usage("--grace cannot be negative");
  if (grace && ttl && grace->ns > ttl->ns / 3) throw usage("--grace is at most a third of --ttl");
}

terminal::Program HeldArguments::program() const {
  terminal::Program program{.argv = command};
  program.path = terminal::find_program(command.at(0));
  return program;
}

lease::Claim HeldArguments::claim() const {
  return {.bucket = bucket,
          .key = key,
          .text = text ? *text : who_we_are(),
          .wish = {.lease = ttl, .grace = grace}};
}

bool take(Invocation& natskv, lease::Lease& lease, const HeldArguments& arguments,
          std::optional<Time> until) {
  lease::UntilStopped meanwhile(natskv.stop());
  Announcer announcer(natskv);
  for (;;) {
    switch (lease.take(meanwhile)) {
      case lease::Taking::taken:
        return true;
      case lease::Taking::held:
        announcer.look(lease, arguments);
        break;
      case lease::Taking::unanswered:
      case lease::Taking::late:
        break;
    }
    const Time now = BootClock::now();
    if (until && now >= *until) return false;
    Time next = until.value_or(now + 1h);
    if (announcer.next() > now) next = std::min(next, announcer.next());
    lease.wait(next, meanwhile);
  }
}

Failure not_taken(const lease::Lease& lease, const HeldArguments& arguments) {
  const About about{arguments.bucket, arguments.key, lease.sight().revision};
  const std::string key = fmt::format("key \"{}\" in bucket \"{}\"", arguments.key, arguments.bucket);
  if (const auto until = lease.maybe_taken_until(); until && *until > BootClock::now()) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(*until - BootClock::now()).count();
    return {Exit::unknown,
            fmt::format("no answer; this attempt may hold {} for {}s, and COMMAND was not run", key, left),
            {},
            about};
  }
  if (!lease.sight().live)
    return {Exit::unreachable, fmt::format("no answer about {}; COMMAND was not run", key), {}, about};
  return {Exit::conflict,
          fmt::format("{} is held by {} {}; COMMAND was not run", key, holder_of(lease.sight()),
                      still(lease.left())),
          {},
          about};
}

Ended run_held(Invocation& natskv, lease::Lease& lease, const HeldArguments& arguments,
               terminal::Program program) {
  program.environment["NATSKV_LOCK_TOKEN"] = std::to_string(lease.token());
  program.environment["NATSKV_LOCK_BUCKET"] = arguments.bucket;
  program.environment["NATSKV_LOCK_KEY"] = arguments.key;
  unset_event_variables(program);

  terminal::Supervisor supervisor(std::chrono::nanoseconds(lease.terms().grace.ns));
  supervisor.deadlines(lease.schedule().stop_at, lease.schedule().kill_at);
  lease::UntilStopped meanwhile(natskv.stop());
  const auto release = [&] {
    if (const std::string problem = lease.release(meanwhile); !problem.empty()) natskv.warn(problem);
  };
  try {
    if (natskv.stop()) throw Stopped{};
    supervisor.start(program);
  } catch (...) {
    release();
    throw;
  }
  bool lost = false;
  keep_renewing(lease, supervisor, lost);
  report_leftovers(natskv, supervisor);
  if (supervisor.was_stopped()) {
    const Failure why = lease.loss();
    return {supervisor.status(), why.saying(fmt::format("{}; COMMAND was stopped", why.what()))};
  }
  if (lost)
    natskv.warn(lease.loss().what());
  else
    release();
  return {supervisor.status(), {}};
}

}  // namespace natskv::commands
