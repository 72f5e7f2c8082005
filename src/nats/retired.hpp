// Subscriptions that have ended, kept until nothing can be using them.
#pragma once

#include <nats/nats.h>

#include <memory>
#include <vector>

namespace natskv::nats {

/// nats.c before 3.6.1 hands a message to a subscription that it does not hold on to (conn.c,
/// natsConn_processMsg): one that is freed meanwhile crashes the process. Only an answer that came after the
/// end of a subscription shows that the connection's one reading thread has left it.
class Retired {
 public:
  Retired() = default;
  ~Retired() { free_all(); }
  Retired(const Retired&) = delete;
  Retired& operator=(const Retired&) = delete;

  /// Ends it (an ordered consumer is the server's to remove) and keeps it.
  void take(natsSubscription* subscription);
  /// An answer came on the connection that was asked for after the last take(), or the connection is closed.
  void free_all() noexcept;

 private:
  std::vector<natsSubscription*> subscriptions_;
};

struct Retire {
  Retired* to = nullptr;
  void operator()(natsSubscription* subscription) const { to->take(subscription); }
};
/// Must not outlive the Retired it was made with.
using Subscription = std::unique_ptr<natsSubscription, Retire>;

}  // namespace natskv::nats
