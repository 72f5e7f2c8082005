#include "commands/shared/writes.hpp"

#include "output/stream.hpp"
#include "terminal/watchdog.hpp"

#include <utility>

namespace natskv::commands {
namespace {

/// How long to wait for what is in flight after Ctrl-C.
constexpr Span patience = milliseconds(400);

// Closing afterwards takes nats.c 3.14 half a second if the server is silent.
void let_the_watchdog_wait() {
  if (auto* const watchdog = Watchdog::current())
    watchdog->grace(std::chrono::milliseconds(patience.ms() + 500));
}

}  // namespace

Writes::Writes(Invocation& natskv, Bucket& bucket, Each each, nats::Requests::Limits window, bool patient)
    : each_(std::move(each)),
      failures_(natskv),
      writer_(bucket, window, patient ? Writer::Loss::survives : Writer::Loss::ends) {}

void Writes::tell() {
  while (const auto one = writer_.result()) {
    if (!one->failure) failures_.stored();
    each_(*one, failures_);
  }
}

void Writes::push(std::uint64_t number, Write write) {
  if (failures_.hopeless()) throw Hopeless{};
  writer_.push(number, std::move(write));
  tell();
}

void Writes::poll() {
  writer_.poll();
  tell();
}

void Writes::wait_for(std::string_view key) {
  writer_.wait_for(key);
  tell();
}

void Writes::finish() {
  while (writer_.in_flight() > 0) {
    writer_.wait_for_some();
    tell();
  }
  tell();
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
    finish();
  } catch (const ReaderGone&) {
    throw;
  } catch (...) {
    writer_.drain(patience);
    tell();
    failures_.say();
    if (after) after();
    throw;
  }
  failures_.say();
  if (after) after();
  return whole;
}

}  // namespace natskv::commands
