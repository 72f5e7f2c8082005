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
#include <vector>

namespace natskv {

/// Where a session says what is no result: warnings, notes, the trace. Never throws.
class Notices {
 public:
  virtual ~Notices() = default;
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

/// What the library's threads report, kept until somebody looks. Lives as long as the process needs it.
struct Link {
  nats::Wire& wire = nats::new_wire();  ///< the same as a queue
  std::mutex mutex;
  std::vector<std::string>
      violation_texts;              ///< permission violations as the server put them, guarded by mutex
  std::atomic<int> violations{0};   ///< how many so far
  std::atomic<int> disconnects{0};  ///< times the connection was lost
  std::atomic<int> reconnects{0};   ///< times it came back
  std::atomic<bool> closed{false};
  bool comes_back = false;  ///< the connection is made again when it is lost; set before there is one
  /// A violation on $JS.ACK: who reads with a window goes on without (or can't). Not among `violations`.
  std::atomic<bool> acks_refused{false};
  /// Neither is one on a direct get without a key while many are asked for at once (kv/read/multiget): then
  /// each is asked for. A get by revision uses that subject, too.
  std::atomic<bool> asking_many{false}, many_refused{false};
  std::atomic<bool> fail_fast{
      true};  ///< a violation closes the connection, so that the waiting call ends at once
  /// nats.c before 3.10 sends no signature that begins with a zero byte, one in 256: another nonce has to do.
  std::atomic<bool> unsendable{false};
  config::Secret jwt, seed;  ///< what the library asks for when the server wants a signature
};

struct Attempt;

class Session {
 public:
  /// `settings` is called at the first need of a connection, not before. `waiting` is told what a long start
  /// waits for.
  Session(std::function<config::Settings()> settings, Stop& stop, Notices& notices);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const config::Settings& settings();
  /// Before the first connection(): reconnect for ever (watch, import) instead of failing at once.
  void keep_reconnecting() { reconnect_ = true; }
  [[nodiscard]] bool reconnecting() const { return reconnect_; }
  /// Before the first connection(): several requests are in flight, so a violation must not close the
  /// connection.
  void keep_after_violation() { fail_fast_ = false; }

  /// Before the first connection(): a connecting that hangs is left behind at its time-out, so that the
  /// caller goes on (doctor).
  void give_up_connecting() { gives_up_ = true; }

  /// Connects if need be. Failure: unreachable (5), not_allowed (6), usage (2) for files that are no secrets.
  /// From then on the deadline is armed: `timeout` for the whole command unless lift_deadline() is called.
  natsConnection* connection();
  jsCtx* jetstream();
  Link& link() { return *link_; }
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
  Notices& notices() { return notices_; }

  /// A Stop closes the connection where the main thread does not look at it: from the first connection() on.
  void end_on_interrupt();

  /// For commands that take longer than one answer: no deadline, or another.
  void lift_deadline();
  void arm_deadline(Span from_now);
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
  /// The same for what is only nice to know: nullopt where the user may not ask, and the connection stays.
  /// Asks what is only nice to know: false where the user may not, and the connection stays.
  bool where_allowed(const std::function<void()>& ask);
  std::optional<nlohmann::ordered_json> json_where_allowed(const std::string& subject);
  /// SCHEME://HOST:PORT of the server that serves us; connects if need be.
  std::string connected_url();
  /// A PING and its PONG.
  Span round_trip();
  /// The subject of an API request under the domain or prefix in use.
  std::string api_subject(std::string_view what);
  /// Where keys are published: "" or "<prefix>." when another domain or account is addressed (as kvStore_Put
  /// does).
  std::string put_prefix();

  /// The error as it is, or NATS_NOT_PERMITTED with the server's words when a violation was the cause.
  nats::Error judge(const nats::Error& error);
  /// The first violation that is not one key's write ("$KV." in its subject): on an inbox or the API, reading
  /// ends.
  std::optional<std::string> refused_reading();
  /// The n-th violation's text, from 0.
  std::string violation(int index);

 private:
  void connect();
  Attempt connect_to(const config::Settings& servers, natsOptions* options);
  Attempt first_that_answers();
  nats::Message request_in_slices(const std::string& subject, std::string_view body, Span wait);

  std::function<config::Settings()> resolve_;
  std::optional<config::Settings> settings_;
  Stop& stop_;
  Notices& notices_;
  Link* link_;  // never freed: a closed connection's last callback may come after everything else
  bool reconnect_ = false;
  bool gives_up_ = false;
  bool fail_fast_ = true;
  nats::Connection connection_;
  nats::JetStream jetstream_;
};

}  // namespace natskv
