// One server connection and its JetStream, made when first asked for. Whoever reads or writes a bucket goes
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
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// Where a session says what is no result: warnings, notes, the trace. Never throws.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void warn(std::string_view text) = 0;  ///< always shown
  virtual void note(std::string_view text) = 0;  ///< dropped by --quiet
  /// While the result lives, a terminal is told what is waited for, after 2 s.
  [[nodiscard]] virtual std::shared_ptr<void> waiting(const std::string& what) = 0;
  [[nodiscard]] virtual bool tracing() const = 0;
  virtual void trace(std::string_view line) = 0;
  /// Something was written, of many: what fails from then on has not left everything as it was.
  void changed() { changed_ = true; }
  [[nodiscard]] bool has_changed() const { return changed_; }

 private:
  bool changed_ = false;
};

/// A connection's wire, and what the library's threads ask for. Lives as long as the process.
struct ConnectionState {
  nats::Wire& wire = nats::new_wire();
  /// nats.c before 3.10 sends no signature that begins with a zero byte, one in 256: another nonce has to do.
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
  mutable std::mutex mutex;  ///< of all below: the library's thread reads files again
  Credentials secrets;
  std::function<Credentials()> renew;  ///< reads them once more from their files; empty: can't be
};

struct Attempt;

class Session {
 public:
  /// `settings` is called at the first need of a connection, not before. `waiting` is told what a long start
  /// waits for.
  Session(std::function<config::Settings()> settings, Stop& stop, Reporter& notices);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const config::Settings& settings();
  /// Before the first connection(): reconnect for ever (watch, import) instead of failing at once.
  void keep_reconnecting() { reconnect_ = true; }
  [[nodiscard]] bool reconnecting() const { return reconnect_; }
  /// Before the first connection(): a connecting that hangs is left behind at its time-out, so that the
  /// caller goes on (doctor).
  void give_up_connecting() { gives_up_ = true; }

  /// Connects if need be. Failure: unreachable (5), not_allowed (6), usage (2) for files that are no secrets.
  /// From then on the deadline is armed: `timeout` for the whole command unless lift_deadline() is called.
  natsConnection* connection();
  jsCtx* jetstream();
  /// Instead of a connection that was closed for good. What was made with the old one is over: Requests,
  /// subscriptions, jetstream(). Throws as connection().
  void connect_again();
  /// Which of them it is.
  [[nodiscard]] int generation() const { return generation_; }
  ConnectionState& link() { return *link_; }
  /// What happens on the connection: nats::Mailbox and nats::Requests read it. Of the connection at hand: ask
  /// after connection().
  nats::Wire& wire() { return link_->wire; }
  /// Many requests at once on it. Throws nats::Error.
  nats::Requests requests(nats::Requests::Limits limits = {});
  /// Where subscriptions of this connection end.
  nats::Retired& retired() { return link_->wire.retired(); }
  /// The largest message the server takes, in bytes.
  std::uint64_t max_payload();
  Stop& stop() { return stop_; }
  Reporter& notices() { return notices_; }

  /// Ends a call of nats.c's that waits, from any thread.
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
  /// Asks what is only nice to know: false where the user may not.
  bool where_allowed(const std::function<void()>& ask);
  /// The answer of such a request; nullopt where the user may not ask.
  std::optional<nlohmann::ordered_json> json_if_allowed(const std::string& subject);
  /// SCHEME://HOST:PORT of the server that serves us; connects if need be.
  std::string connected_url();
  /// A PING and its PONG.
  Span round_trip();
  /// The subject of an API request under the domain or prefix in use.
  std::string api_subject(std::string_view what);
  /// Where keys are published: "" or "<prefix>." when another domain or account is addressed (as kvStore_Put
  /// does).
  std::string put_prefix();

  /// The error of a call of nats.c's as it is, or NATS_NOT_PERMITTED with the server's words where a refusal
  /// ended it.
  nats::Error blamed(const nats::Error& error);
  /// Why a connection that is closed for good was closed; nullopt: it is not, or nobody said.
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
  ConnectionState* link_;  // never freed: a closed connection's last callback may come after everything else
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
