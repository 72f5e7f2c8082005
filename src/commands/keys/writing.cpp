#include "commands/keys/writing.hpp"

#include "output/stream.hpp"
#include "terminal/watchdog.hpp"

namespace natskv::commands {
namespace {

/// How long a Ctrl-C waits for what is in flight.
constexpr Span patience = seconds(2);

// Closing behind it takes nats.c 3.14 half a second where the server says nothing.
void let_the_watchdog_wait() {
  if (auto* const watchdog = Watchdog::current())
    watchdog->grace(std::chrono::milliseconds(patience.ms() + 1000));
}

}  // namespace

void write_all(Writer& writer, const std::function<void()>& work, const std::function<void()>& behind) {
  let_the_watchdog_wait();
  try {
    work();
    writer.finish();
  } catch (const ReaderGone&) {
    throw;
  } catch (...) {
    writer.drain(patience);
    if (behind) behind();
    throw;
  }
  if (behind) behind();
}

}  // namespace natskv::commands
