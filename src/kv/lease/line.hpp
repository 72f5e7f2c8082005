// A lock's requests and waits: one request at a time, while something else is going on.
#pragma once

#include "base/boot_clock.hpp"
#include "kv/session.hpp"
#include "nats/requests.hpp"
#include "nats/wire.hpp"

#include <poll.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace natskv::lease {

using Time = BootClock::time_point;

/// What may happen while waiting for an answer: a signal, the end of COMMAND.
class Meanwhile {
 public:
  virtual ~Meanwhile() = default;
  /// Descriptors to poll, and until when at most.
  virtual std::span<pollfd> descriptors(Time until) = 0;
  /// After each wait; revents say what is ready. May throw.
  virtual void react() = 0;
};

/// Only a Stop, thrown as Stopped.
class UntilStopped final : public Meanwhile {
 public:
  explicit UntilStopped(Stop& stop) : stop_(stop), fd_{stop.descriptor(), POLLIN, 0} {}
  std::span<pollfd> descriptors(Time) override { return {&fd_, 1}; }
  void react() override {
    if (stop_) throw Stopped{};
  }

 private:
  Stop& stop_;
  pollfd fd_;
};

class Line {
 public:
  /// Connects. The session reconnects forever.
  explicit Line(Session& session);

  /// Sends a request and waits for its answer, at most this long. nullopt: not sent, because the connection
  /// is lost.
  std::optional<nats::Answer> ask(const std::string& subject, std::string_view body,
                                  const nats::Headers& headers, std::chrono::nanoseconds patience,
                                  Meanwhile& meanwhile);

  /// Waits for that time, for a message of watch(), for the loss or return of the connection (both are
  /// reported), or for `meanwhile` to react. Returns whether there was a message. Throws Failure if the
  /// connection will not come back.
  bool idle(Time until, Meanwhile& meanwhile);

  /// Subscribes to writes to the subject, with a consumer, if the user is allowed to. It is recreated after
  /// the connection was lost.
  void watch(const std::string& stream, const std::string& subject, Meanwhile& meanwhile);
  void end_watch();
  [[nodiscard]] bool watching() const { return route_ != 0; }
  [[nodiscard]] bool connected() const { return !lost_; }

 private:
  void happened(const nats::Event& event);

  Session& session_;
  nats::Requests requests_;
  nats::Mailbox mailbox_;
  std::uint64_t last_id_ = 0;
  nats::Route route_ = 0;
  std::string consumer_;  // "<stream>.<name>"
  bool lost_ = false;
};

}  // namespace natskv::lease
