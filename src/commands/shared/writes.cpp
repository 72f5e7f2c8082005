#include "commands/shared/writes.hpp"

#include "output/stream.hpp"
#include "terminal/watchdog.hpp"

#include <utility>

namespace natskv::commands {
namespace {

/// How long a Ctrl-C waits for what is in flight.
constexpr Span patience = seconds(2);

// Closing afterwards takes nats.c 3.14 half a second where the server says nothing.
void let_the_watchdog_wait() {
  if (auto* const watchdog = Watchdog::current())
    watchdog->grace(std::chrono::milliseconds(patience.ms() + 1000));
}

}  // namespace

Writes::Writes(Natskv& natskv, Bucket& bucket, Each each, nats::Pipeline::Limits window, bool patient)
    : failures_(natskv),
      writer_(
          bucket,
          [this, each = std::move(each)](const Settled& settled) {
            if (!settled.failure) failures_.stored();
            each(settled, failures_);
          },
          window, patient ? Writer::Loss::survives : Writer::Loss::ends) {}

void Writes::push(std::uint64_t number, Write write) {
  if (failures_.hopeless()) throw Hopeless{};
  writer_.push(number, std::move(write));
}

bool Writes::run(const std::function<void()>& work, const std::function<void()>& after) {
  let_the_watchdog_wait();
  bool whole = true;
  try {
    try {
      work();
    } catch (const Hopeless&) {
      whole = false;
    }
    writer_.finish();
  } catch (const ReaderGone&) {
    throw;
  } catch (...) {
    writer_.drain(patience);
    failures_.say();
    if (after) after();
    throw;
  }
  failures_.say();
  if (after) after();
  return whole;
}

}  // namespace natskv::commands
