#include "commands/keys/waiter.hpp"

#include "base/text.hpp"
#include "kv/admin/buckets.hpp"
#include "kv/admin/info.hpp"
#include "kv/read/listing.hpp"
#include "terminal/watchdog.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace natskv::commands {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto first_pause = 50ms, longest_pause = 1000ms;
constexpr auto overdue = 300ms;      // a server removes what has expired so much later
constexpr auto unexpected = 10s;     // keys may go without an event otherwise, too: the bucket was emptied
constexpr auto last_resort = 100ms;  // after the time, for a call that does not end

// A server or a bucket that may come.
bool may_come(const Failure& failure) {
  if (failure.exit() == Exit::unreachable) return true;
  return failure.exit() == Exit::not_found && failure.about().key.empty() && failure.about().revision == 0;
}

// What connecting and reading may take ends an attempt only, not the command.
void be_only_deadline(Stop& stop, Stop::Time time) {
  stop.keep_time({});
  if (Watchdog* const watchdog = Watchdog::current()) watchdog->deadline(time);
}

}  // namespace

Waiter::Waiter(Invocation& natskv, Awaited& awaited, std::optional<Span> within,
               const std::vector<std::string>& command)
    : natskv_(natskv),
      session_(natskv.session()),
      awaited_(awaited),
      within_(within),
      once_(within && within->ns == 0),
      announced_at_(Clock::now() + 2s) {
  if (!command.empty()) command_.emplace(command);
  if (!within_ || once_) return;
  until_ = Clock::now() + nanoseconds(within_->ns);
  if (command_) command_->until(BootClock::now() + nanoseconds(within_->ns));
}

int Waiter::wait() {
  session_.keep_reconnecting();
  if (!once_) {
    session_.give_up_connecting();
    be_only_deadline(natskv_.stop(), until_ ? Stop::Time(*until_ + last_resort) : Stop::Time());
  }
  Clock::duration time = first_pause;
  for (;;) {
    try {
      return watch();
    } catch (const Failure& failure) {
      if (failure.exit() == Exit::timed_out || once_ || !may_come(failure)) throw;
      // An attempt that was cut short has seen nothing new, and how long it took is not how long this waited.
      if (natskv_.stop().why() != StopReason::deadline)
        trouble(failure);
      else if (!in_the_way_)
        trouble(no_answer());
    }
    if (!over()) {
      announce();
      pause(time);
    }
    if (over()) throw time_is_up();
    time = std::min<Clock::duration>(time * 2, longest_pause);
  }
}

int Waiter::watch() {
  if (session_.wire().closed()) session_.connect_again();
  const Wanted& wanted = awaited_.wanted();
  natskv::Watch entries(
      session_, wanted.bucket,
      {.read = {.patterns = {wanted.keys}, .values = awaited_.reads_values(), .slow = command_.has_value()},
       .max_disconnect = once_ ? std::optional(session_.timeout()) : std::nullopt});
  in_the_way_.reset();
  begin(entries);
  for (;;) {
    auto next = std::min(next_look(entries), until_.value_or(Clock::time_point::max()));
    if (entries.caught_up() && announced_.empty()) next = std::min(next, announced_at_);
    const auto got = entries.wait(next);
    if (!awaited_.may_vanish()) reading_since_ = entries.started();
    switch (got) {
      case natskv::Watch::Got::entry:
        if (const auto status = saw(entries)) return *status;
        break;
      case natskv::Watch::Got::caught_up:
        awaited_.all_seen();
        break;
      case natskv::Watch::Got::anew:
        awaited_.start_over();
        begin(entries);
        break;
      case natskv::Watch::Got::time:
      case natskv::Watch::Got::descriptor:
        break;
    }
    if (Clock::now() >= next_look(entries)) look(entries);
    const bool doubtful = reading_since_ != entries.started();
    if (awaited_.is_so() && !doubtful) return 0;
    if (over() || (once_ && entries.caught_up())) {
      throw entries.away() ? no_answer() : time_is_up();
    }
    if (entries.caught_up()) announce();
  }
}

// Revisions mean something in one bucket only.
void Waiter::begin(const natskv::Watch& entries) {
  const Wanted& wanted = awaited_.wanted();
  if (wanted.after && !created_.empty() && entries.stream().created != created_) {
    throw Failure(Exit::not_found,
                  fmt::format("bucket \"{}\" was recreated; revision {} was the old one's", wanted.bucket,
                              *wanted.after),
                  {}, {wanted.bucket, {}, *wanted.after});
  }
  created_ = entries.stream().created;
  if (wanted.absent || wanted.count) max_age_ = bucket_info(read_bucket(session_, wanted.bucket)).ttl;
  reading_since_ = entries.started();
}

std::optional<int> Waiter::saw(natskv::Watch& entries) {
  const Entry& entry = *entries.entry();
  bool counts = awaited_.wanted().counts(entry);
  std::optional<int> ended;
  if (counts && command_) ended = ask(entries, counts);
  awaited_.saw(entry, counts, max_age_);
  return awaited_.is_so() ? std::nullopt : ended;
}

// Returns the status with which COMMAND, or a signal meanwhile, ends the waiting.
std::optional<int> Waiter::ask(natskv::Watch& entries, bool& accepted) {
  if (over()) throw time_is_up();
  const auto ended = command_->run(natskv_, event_variables(*entries.entry()), entries.entry()->value.data,
                                   [&] { entries.relieve(); });
  accepted = ended.status == 0;
  if (ended.out_of_time) throw time_is_up();
  if (ended.status > 125) return ended.status;
  return ended.signal != 0 ? std::optional(128 + ended.signal) : std::nullopt;
}

// Which of the keys that count are left: some go without an event.
void Waiter::look(const natskv::Watch& entries) {
  const Wanted& wanted = awaited_.wanted();
  const auto started = Clock::now();
  try {
    Listing left(session_, wanted.bucket, {.patterns = {wanted.keys}, .values = false});
    while (const Entry* entry = left.next()) {
      if (!entry->marker()) awaited_.is_left(entry->key);
    }
    awaited_.all_left(left.last_revision());
    reading_since_ = entries.started();
  } catch (const Failure& failure) {
    if (failure.exit() == Exit::not_allowed) throw;
  }
  looked_at_ = Clock::now();
  look_took_ = *looked_at_ - started;
}

natskv::Watch::Clock::time_point Waiter::next_look(const natskv::Watch& entries) const {
  if (!awaited_.may_vanish() || entries.away()) return Clock::time_point::max();
  const auto started = entries.started();
  const auto looked = std::max(started, looked_at_.value_or(started));
  auto next = looked + std::max<Clock::duration>(unexpected, 20 * look_took_);
  // What went in an outage made no event that came.
  if (started != reading_since_) next = looked == started ? started : looked + overdue;
  if (const auto end = awaited_.first_end())
    next =
        std::min(next, std::max(started + nanoseconds(end->ns - entries.stream().time.ns), looked + overdue));
  return next;
}

void Waiter::trouble(const Failure& failure) {
  if (failure.exit() == Exit::not_found && awaited_.wanted().after && !created_.empty())
    throw Failure(failure);
  in_the_way_ = failure;
  awaited_.start_over();
}

void Waiter::pause(Clock::duration time) {
  if (until_) time = std::min(time, *until_ - Clock::now());
  if (announced_.empty()) time = std::min(time, announced_at_ - Clock::now());
  natskv_.stop().pause(time);
  if (natskv_.stop() && natskv_.stop().why() != StopReason::deadline) throw Stopped{};
}

// After 2 s, and when it changes, for what it waits.
void Waiter::announce() {
  if (Clock::now() < announced_at_) return;
  std::string what = "waiting until " + awaited_.wanted().sentence();
  if (in_the_way_)
    what = in_the_way_->exit() == Exit::not_found
               ? fmt::format("waiting for bucket \"{}\"", awaited_.wanted().bucket)
               : fmt::format("waiting for the server: {}", in_the_way_->what());
  if (what == announced_) return;
  natskv_.note(what);
  announced_ = std::move(what);
}

bool Waiter::over() const {
  return (until_ && Clock::now() >= *until_) || natskv_.stop().why() == StopReason::deadline;
}

Failure Waiter::no_answer() const {
  return {Exit::unreachable,
          fmt::format("no answer from {}", config::shown(session_.settings().servers)),
          {},
          {awaited_.wanted().bucket}};
}

Failure Waiter::time_is_up() const {
  const std::string after = fmt::format("timed out after {}", text::human_span(within_.value_or(Span{})));
  if (in_the_way_)
    return {in_the_way_->exit(), fmt::format("{}; {}", after, in_the_way_->what()), in_the_way_->hint(),
            in_the_way_->about()};
  const Wanted& wanted = awaited_.wanted();
  return {Exit::timed_out,
          fmt::format("{} before {}", after, wanted.sentence()),
          {},
          {wanted.bucket, wanted.keys.wild ? std::string() : wanted.keys.text, 0}};
}

}  // namespace natskv::commands
