// Everything a connection delivers, as one queue: messages, refusals, losses. nats.c's threads only push; one
// place waits, for other descriptors too.
//
// How a loop over several things uses it (a lease: answers, a stop, a timer, a child):
//
//   nats::Mailbox mailbox(session.wire());
//   const auto route = mailbox.subscribe(connection, "$KV.locks.a");   // its messages come as events
//   std::array others{pollfd{stop.descriptor(), POLLIN, 0}, pollfd{pidfd, POLLIN, 0}};
//   nats::Event event;
//   switch (mailbox.wait(event, renew_at, others)) {
//     case nats::Waited::event:       // event.kind says which; event.route == route: a message of ours
//     case nats::Waited::descriptor:  // others[i].revents says which
//     case nats::Waited::time:        // renew_at has come
//   }
//
// Requests and their answers: nats/requests.hpp, which can share a mailbox with such a loop.
#pragma once

#include "nats/handle.hpp"
#include "nats/retired.hpp"
#include "nats/sockets.hpp"

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::nats {

/// What the server said about a subject that the user may not use.
struct Refusal {
  bool publish = true;  ///< false: it refused a subscription
  bool reply = false;   ///< the subject is a message's reply subject
  std::string subject = {};
  bool cut = false;  ///< only the subject's beginning is known: nats.c keeps 255 bytes of the text

  /// Whether it is about this subject (or may be, where it is cut).
  [[nodiscard]] bool concerns(std::string_view other) const {
    return cut ? other.starts_with(subject) : other == subject;
  }
};
/// 'Permissions Violation for Publish to "a.b"' and its like; nullopt: another text.
std::optional<Refusal> parse_refusal(std::string_view text);

/// Which subscription of a mailbox a message came through.
using Route = std::uint32_t;

/// The server's or the library's words, and what they mean.
struct Words {
  natsStatus status = NATS_OK;
  std::string text;
  Refusal refusal;
};

struct Event {
  enum class Kind : std::uint8_t {
    message,
    refusal,  ///< words->refusal; the server's text in words->text
    error,    ///< words: the server refused the credentials, a consumer is slow, …
    lost,     ///< the connection was lost
    back,     ///< it was restored
    closed,   ///< it will not come back; words->text: why, where that is known
  };
  Kind kind = Kind::message;
  Route route = 0;
  Message message = nullptr;
  std::shared_ptr<const Words> words = nullptr;
};

/// How a wait ended.
enum class Waited : std::uint8_t { event, descriptor, time };

/// What happens on one connection, for all its mailboxes. nats.c's callback thread outlives
/// natsConnection_Destroy, and nothing tells when its last call has returned: a Wire is never freed
/// (new_wire).
class Wire {
 public:
  Wire() = default;

  /// Sets the callbacks of a connection that is to be made.
  void attach(natsOptions* options);
  /// It was made, and does not reconnect: finds out how to close it safely (nats/closing).
  void made(natsConnection* connection);
  /// From any thread, also while messages come in.
  void close(natsConnection* connection) noexcept;

  /// How often the connection was lost and restored, and whether it is closed. A thread of nats.c's reports
  /// it: a message of the new connection may come first.
  [[nodiscard]] int losses() const { return losses_; }
  [[nodiscard]] int returns() const { return returns_; }
  [[nodiscard]] bool closed() const { return closed_; }
  /// Why the credentials were refused after the connection had been made; empty: they were not.
  [[nodiscard]] std::string credentials_refused() const;

  /// The first refusal of an inbox or of flow control, in the server's words: nothing more will be delivered.
  [[nodiscard]] std::optional<std::string> reading_refused() const;

  /// Where this connection's subscriptions end.
  Retired& retired() { return retired_; }

  /// While one lives, a refusal of this subject (or of an inbox) closes the connection: for a call of
  /// nats.c's that waits for an answer and would otherwise time out. `refused()` has its words then.
  class Closing {
   public:
    Closing(Wire& wire, std::string subject);
    ~Closing();
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;

   private:
    Wire& wire_;
  };
  /// The refusal that closed the connection; null: none did.
  [[nodiscard]] std::shared_ptr<const Words> refused() const;

  /// Called by nats.c's threads, and by tests.
  void happened(Event::Kind kind, std::shared_ptr<const Words> words = nullptr);

 private:
  friend class Mailbox;
  struct Queue;
  static void on_error(natsConnection* connection, natsSubscription*, natsStatus status, void* closure);
  static void on_closed(natsConnection* connection, void* closure);
  /// Whether it concerns the call of nats.c's that waits; then it is kept.
  bool ends_call(const std::shared_ptr<const Words>& words);

  void note(const Words& words);

  mutable std::mutex mutex_;  // of the next six
  std::vector<std::shared_ptr<Queue>> queues_;
  std::shared_ptr<const Words> refused_, credentials_;
  std::optional<std::string> reading_refused_;
  std::optional<std::string> closing_;       // the subject of the call that waits
  std::vector<std::shared_ptr<void>> kept_;  // what subscriptions' threads may use for ever
  std::atomic<int> losses_{0}, returns_{0};
  std::atomic<bool> closed_{false};
  std::optional<Socket> socket_;
  Retired retired_;
};

Wire& new_wire();

/// One reader's queue: its own messages and, from its creation on, whatever happens on the wire.
class Mailbox {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Mailbox(Wire& wire);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Throws nats::Error. The subscription ends with the mailbox at the latest.
  Route subscribe(natsConnection* connection, const std::string& subject);
  void unsubscribe(Route route);

  /// The next event, or what else ended the wait; `others` are polled before the queue, once a
  /// millisecond at most.
  Waited wait(Event& event, Clock::time_point until, std::span<pollfd> others = {});

  /// Whether refused publishes are queued; at first they are. They may not be taken for a long time.
  void hear_refusals(bool on) noexcept;

  /// Messages that are queued, and their bytes.
  struct Pending {
    std::size_t messages = 0, bytes = 0;
  };
  [[nodiscard]] Pending pending() const;

 private:
  bool take(Event& event);

  Wire& wire_;
  std::shared_ptr<Wire::Queue> queue_;
  std::deque<Event> taken_;  // taken from the queue at once: one lock for many
  std::size_t taken_bytes_ = 0;
  Clock::time_point looked_;  // when none of the others was ready
  std::map<Route, Subscription> subscriptions_;
  Route next_ = 1;
};

}  // namespace natskv::nats
