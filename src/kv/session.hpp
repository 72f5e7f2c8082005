// One server connection and its JetStream, made when first needed. All reading and writing of buckets goes
// through it.
#pragma once

#include "base/failure.hpp"
#include "base/stop.hpp"
#include "base/types.hpp"
#include "config/settings.hpp"
#include "nats/check.hpp"
#include "nats/handle.hpp"
#include "nats/requests.hpp"
#include "nats/wire.hpp"

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// Where a session reports what is not a result: warnings, notes, the trace. Never throws.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void warn(std::string_view text) = 0;  ///< always shown
  virtual void note(std::string_view text) = 0;  ///< dropped by --quiet
  /// While the result lives, a terminal shows, after 2 s, what natskv is waiting for.
  [[nodiscard]] virtual std::shared_ptr<void> waiting(const std::string& what) = 0;
  [[nodiscard]] virtual bool tracing() const = 0;
  virtual void trace(std::string_view line) = 0;
  /// One of many writes succeeded: later failures can no longer say that nothing was changed.
  void changed() { changed_ = true; }
  [[nodiscard]] bool has_changed() const { return changed_; }

 private:
  bool changed_ = false;
};

/// A connection's wire, and what the library's threads need. Lives as long as the process.
struct ConnectionState {
  nats::Wire& wire = nats::new_wire();
  /// nats.c before 3.10 cannot send a signature that begins with a zero byte, one in 256: then another nonce
  /// is needed.
  std::atomic<bool> unsendable{false};
  std::atomic<bool> given{false};  ///< the credentials, once

  /// What signs when the server wants a signature.
  struct Credentials {
    config::Secret jwt, seed;
  };
  [[nodiscard]] Credentials credentials() const {
    const std::lock_guard lock(mutex);
    return secrets;
  }
  mutable std::mutex mutex;  ///< guards all below: the library's thread reads files again
  Credentials secrets;
  std::function<Credentials()> renew;  ///< reads them again from their files; empty: not possible
};

struct Attempt;

class Session {
 public:
  /// `settings` is called when a connection is first needed.
  Session(std::function<config::Settings()> settings, Stop& stop, Reporter& notices);
  ~Session();

  const config::Settings& settings();
  /// Before the first connection(): reconnect for ever (watch, import) instead of failing at once.
  void keep_reconnecting() { reconnect_ = true; }
  [[nodiscard]] bool reconnecting() const { return reconnect_; }
  /// Before the first connection(): connecting that hangs is abandoned at its time-out, so that the caller
  /// can continue (doctor).
  void give_up_connecting() { gives_up_ = true; }

  /// Connects if need be. Failure: unreachable (5), not_allowed (6), usage (2) for files that are not
  /// secrets. From then on the deadline is armed: `timeout` for the whole command unless lift_deadline() is
  /// called.
  natsConnection* connection();
  jsCtx* jetstream();
  /// Another one, whose requests wait as long.
  nats::JetStream jetstream(std::int64_t wait_ms);
  /// Replaces a connection that was closed for good. What belonged to the old one is no longer valid:
  /// Requests, subscriptions, jetstream(). Throws as connection().
  void connect_again();
  /// Counts them.
  [[nodiscard]] int generation() const { return generation_; }
  ConnectionState& link() { return *link_; }
  /// What happens on the connection, for nats::Mailbox and nats::Requests. Of the current connection: call
  /// connection() first.
  nats::Wire& wire() { return link_->wire; }
  /// Many requests at once on it. Throws nats::Error.
  nats::Requests requests(nats::Requests::Limits limits = {});
  /// Where subscriptions of this connection are kept after their end.
  nats::Retired& retired() { return link_->wire.retired(); }
  /// The largest message the server takes, in bytes.
  std::uint64_t max_payload();
  Stop& stop() { return stop_; }
  Reporter& notices() { return notices_; }

  /// Ends a waiting call of nats.c's, from any thread.
  void end_call() noexcept { link_->wire.close(connection_.get()); }

  /// For commands that take longer than one answer: no deadline, or another.
  void lift_deadline();
  void arm_deadline(Span from_now);
  /// How long the last deadline was from when it was armed; before that the timeout.
  Span deadline() { return deadline_.ns > 0 ? deadline_ : timeout(); }
  /// What starting a listing may take: max(timeout, 30 s), or the timeout where it was given explicitly.
  Span starting();
  Span timeout() { return settings().timeout; }

  /// One request and its answer, bounded by `wait` (the timeout). Throws nats::Error; NATS_NO_RESPONDERS
  /// where nobody listens. A permission violation is NATS_NOT_PERMITTED with its text.
  nats::Message request(const std::string& subject, std::string_view body, std::optional<Span> wait = {});
  /// A JetStream API request: "STREAM.INFO.KV_b" and its JSON body (may be empty).
  nlohmann::ordered_json api(std::string_view what, const std::string& body = {},
                             std::optional<Span> wait = {});
  /// A request without a body whose answer is JSON.
  nlohmann::ordered_json request_json(const std::string& subject, Span wait);
  /// Runs an optional request: false where the user has no permission.
  bool where_allowed(const std::function<void()>& ask);
  /// The answer to an optional request; nullopt where the user has no permission.
  std::optional<nlohmann::ordered_json> json_if_allowed(const std::string& subject);
  /// SCHEME://HOST:PORT of the connected server; connects if need be.
  std::string connected_url();
  /// A PING and its PONG.
  Span round_trip();
  /// The subject of an API request under the domain or prefix in use.
  std::string api_subject(std::string_view what);
  /// Where keys are published: "" or "<prefix>." when another domain or account is addressed (as kvStore_Put
  /// does).
  std::string put_prefix();

  /// The error of a call of nats.c's, or NATS_NOT_PERMITTED with the server's words where a refusal ended it.
  nats::Error blamed(const nats::Error& error);
  /// Why the connection was closed for good; nullopt: it was not, or the reason is unknown.
  std::optional<nats::Error> ended_by();

 private:
  void connect();
  void disconnect();
  Attempt connect_to(const config::Settings& servers, natsOptions* options);
  Attempt first_that_answers();
  nats::Message ask(const std::string& subject, std::string_view body, Span wait);

  std::function<config::Settings()> resolve_;
  std::optional<config::Settings> settings_;
  Stop& stop_;
  Reporter& notices_;
  ConnectionState* link_;  // never freed: a closed connection's last callback may come at any time
  bool reconnect_ = false;
  bool gives_up_ = false;
  Span deadline_;
  nats::Connection connection_;
  std::optional<nats::Requests> requests_;  // one at a time, for request()
  std::uint64_t next_ = 0;
  int generation_ = 0;
  nats::JetStream jetstream_;
};

}  // namespace natskv
