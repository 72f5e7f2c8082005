#include "kv/session.hpp"

#include "base/text.hpp"
#include "kv/connect.hpp"
#include "kv/explain.hpp"
#include "kv/race.hpp"
#include "kv/trace.hpp"
#include "nats/api.hpp"
#include "nats/compat.hpp"
#include "nats/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace natskv {

namespace {

// What this nats.c cannot do is reported before connecting.
void check_possible(const config::Settings& settings) {
  if (nats::tls_handshake_first_works || !settings.tls_first) return;
  const auto origin = std::find_if(settings.origins.begin(), settings.origins.end(),
                                   [](const config::Origin& one) { return one.name == "tls_first"; });
  const bool option = origin == settings.origins.end() || origin->from.starts_with("--");
  throw usage(fmt::format("{} needs nats.c {} or newer, this natskv was built with {}",
                          option ? "--tlsfirst" : origin->from + ": tls_first",
                          nats::tls_handshake_first_since, nats::compiled_version()));
}

}  // namespace

Session::Session(std::function<config::Settings()> settings, Stop& stop, Reporter& notices)
    : resolve_(std::move(settings)), stop_(stop), notices_(notices), link_(new_connection_state()) {}

Session::~Session() { disconnect(); }

// The library's threads may still be in a callback that uses the state: only a closed connection has none.
void Session::disconnect() {
  requests_.reset();
  jetstream_.reset();
  if (!connection_) return;
  link_->wire.close(connection_.get());
  retired().free_all();
  connection_.reset();
}

const config::Settings& Session::settings() {
  if (!settings_) {
    auto settings = resolve_();
    check_possible(settings);
    settings_ = std::move(settings);
    for (const auto& warning : settings_->warnings) notices_.warn(warning);
  }
  return *settings_;
}

void Session::lift_deadline() { stop_.deadline(std::nullopt); }

void Session::arm_deadline(Span from_now) {
  deadline_ = from_now;
  stop_.deadline(std::chrono::steady_clock::now() + std::chrono::nanoseconds(from_now.ns));
}

Span Session::starting() { return settings().timeout_given ? timeout() : std::max(timeout(), seconds(30)); }

void Session::connect() {
  const bool race = settings().servers.size() > 1 || gives_up_;
  const auto options = race ? nats::Options() : connect_options(settings(), *link_, reconnect_);
  const std::string where = config::shown(settings().servers);
  stop_.waiting({fmt::format("no answer from {} within {}", where, text::human_span(timeout())), false});
  arm_deadline(timeout());
  const auto started = std::chrono::steady_clock::now();
  auto attempt = race ? first_that_answers() : connect_to(settings(), options.get());
  connection_ = std::move(attempt.connection);
  stop_.waiting({});
  if (notices_.tracing()) {
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
    notices_.trace(fmt::format("connect {} -> {}, {:.2f} ms", where,
                               connection_     ? "ok"
                               : attempt.error ? attempt.error->what()
                                               : "no answer",
                               took.count()));
  }
  if (stop_ && stop_.why() != StopReason::deadline) throw Stopped{};
  if (stop_ && !(race && attempt.error)) attempt.error.emplace(NATS_TIMEOUT, 0, "");
  if (stop_ || !connection_)
    throw refused(attempt.error.value_or(nats::Error(NATS_TIMEOUT, 0, "")), attempt.settings, *attempt.link);
  if (!reconnect_) wire().made(connection_.get());
}

Attempt Session::connect_to(const config::Settings& servers, natsOptions* options) {
  natsConnection* raw = nullptr;
  const auto status = natskv::connect(&raw, options, *link_, [&] { return static_cast<bool>(stop_); });
  Attempt attempt{servers, link_, nats::Connection(raw), std::nullopt};
  if (status != NATS_OK) attempt.error = nats::error(status);
  return attempt;
}

Attempt Session::first_that_answers() {
  auto attempt = attempt_each(settings(), *link_, stop_);
  link_ = attempt.link;
  // An attempt that hangs keeps its own.
  if (!attempt.connection && !attempt.error) link_ = new_connection_state();
  if (!attempt.connection || !reconnect_) return attempt;
  // It works: connect to it with the others as alternatives for reconnecting.
  const auto servers = starting_with(settings(), attempt.settings);
  attempt.connection.reset();
  link_ = new_connection_state();
  link_->secrets = attempt.link->credentials();
  return connect_to(servers, connect_options(servers, *link_, true).get());
}

void Session::connect_again() {
  disconnect();
  const auto credentials = link_->credentials();
  link_ = new_connection_state();
  link_->secrets = credentials;
  ++generation_;
  connect();
}

natsConnection* Session::connection() {
  if (!connection_) connect();
  return connection_.get();
}

nats::Requests Session::requests(nats::Requests::Limits limits) {
  natsConnection* const nc = connection();
  return {nc, wire(), settings().inbox_prefix, limits, timeout()};
}

std::uint64_t Session::max_payload() {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(natsConnection_GetMaxPayload(connection()), 0));
}

jsCtx* Session::jetstream() {
  if (!jetstream_) jetstream_ = jetstream(timeout().ms());
  return jetstream_.get();
}

nats::JetStream Session::jetstream(std::int64_t wait_ms) {
  natsConnection* const nc = connection();
  jsOptions options;
  nats::check(jsOptions_Init(&options));
  options.Wait = wait_ms;
  if (settings().js_api_prefix != "$JS.API") options.Prefix = settings().js_api_prefix.c_str();
  jsCtx* raw = nullptr;
  nats::check(natsConnection_JetStream(&raw, nc, &options));
  return nats::JetStream(raw);
}

std::string Session::api_subject(std::string_view what) {
  return fmt::format("{}.{}", settings().js_api_prefix, what);
}

std::string Session::put_prefix() {
  return settings().js_api_prefix == "$JS.API" ? std::string() : settings().js_api_prefix + ".";
}

nats::Message Session::request(const std::string& subject, std::string_view body, std::optional<Span> wait) {
  connection();
  Asking asking(*this, {.subject = subject, .bytes = body.size()});
  try {
    auto answer = ask(subject, body, wait.value_or(timeout()));
    asking.answered(answer.get());
    return answer;
  } catch (const nats::Error& error) {
    asking.failed(error);
    throw;
  }
}

// A Stop ends it by closing the connection.
nats::Message Session::ask(const std::string& subject, std::string_view body, Span wait) {
  const auto failed = [](natsStatus status) { return nats::Error(status, 0, natsStatus_GetText(status)); };
  natsConnection* const nc = connection_.get();
  if (natsConnection_IsClosed(nc)) throw failed(NATS_CONNECTION_CLOSED);
  // nats.c would keep it and send it after a reconnect, when nothing waits for the answer any more.
  if (natsConnection_Status(nc) != NATS_CONN_STATUS_CONNECTED) throw failed(NATS_CONNECTION_DISCONNECTED);
  if (!requests_) requests_.emplace(nc, wire(), settings().inbox_prefix, nats::Requests::Limits{}, wait);
  requests_->answers_within(wait);
  const std::uint64_t id = next_++;
  requests_->send(id, subject, body);
  std::array others{pollfd{stop_.descriptor(), POLLIN, 0}};
  while (!stop_) {
    auto answer = requests_->next(seconds(3600), others);
    if (!answer || answer->id != id) continue;
    if (answer->status == NATS_OK || answer->status == NATS_NO_RESPONDERS) retired().free_all();
    if (answer->status == NATS_OK) return std::move(answer->message);
    auto error = failed(answer->status);
    if (!answer->text.empty()) error = nats::Error(answer->status, 0, answer->text);
    if (answer->status == NATS_TIMEOUT) error.waited = wait;
    throw nats::Error(error);
  }
  requests_->abandon();
  throw failed(NATS_CONNECTION_CLOSED);
}

nlohmann::ordered_json Session::api(std::string_view what, const std::string& body,
                                    std::optional<Span> wait) {
  return nats::api_answer(nats::body_of(request(api_subject(what), body, wait).get()));
}

nlohmann::ordered_json Session::request_json(const std::string& subject, Span wait) {
  return nats::api_answer(nats::body_of(request(subject, {}, wait).get()));
}

bool Session::where_allowed(const std::function<void()>& ask) {
  try {
    ask();
    return true;
  } catch (const nats::Error& error) {
    if (error.status != NATS_NOT_PERMITTED) throw;
  } catch (const Failure& failure) {
    if (failure.exit() != Exit::not_allowed) throw;
  }
  return false;
}

std::optional<nlohmann::ordered_json> Session::json_if_allowed(const std::string& subject) {
  std::optional<nlohmann::ordered_json> answer;
  where_allowed([&] { answer = request_json(subject, timeout()); });
  return answer;
}

std::string Session::connected_url() {
  std::array<char, 1024> url{};
  if (natsConnection_GetConnectedUrl(connection(), url.data(), url.size()) != NATS_OK)
    return config::shown(settings().servers);
  return config::shown({url.data()});
}

Span Session::round_trip() {
  // Not natsConnection_GetRTT, which waits for ten seconds.
  natsConnection* const nc = connection();
  const auto sent = std::chrono::steady_clock::now();
  const auto status = natsConnection_FlushTimeout(nc, timeout().ms());
  if (status == NATS_TIMEOUT)
    throw Failure(Exit::unreachable,
                  fmt::format("no answer from {} within {}", connected_url(), text::human_span(timeout())));
  if (status != NATS_OK) throw explain(*this, nats::error(status), {.bucket = {}});
  return Span{std::chrono::nanoseconds(std::chrono::steady_clock::now() - sent).count()};
}

nats::Error Session::blamed(const nats::Error& error) {
  const auto refused = wire().refused();
  const bool ended = error.status == NATS_TIMEOUT || error.connection_lost() ||
                     (error.status == NATS_NOT_PERMITTED && *error.what() == 0);
  return refused && ended && error.code == 0 ? nats::Error(NATS_NOT_PERMITTED, 0, refused->text) : error;
}

std::optional<nats::Error> Session::ended_by() {
  if (!connection_ || !natsConnection_IsClosed(connection_.get())) return std::nullopt;
  const char* text = nullptr;
  const natsStatus status = natsConnection_GetLastError(connection_.get(), &text);
  const std::string words = nats::without_prefix(text);
  return status == NATS_OK || words.empty() ? std::nullopt : std::optional(nats::Error(status, 0, words));
}

}  // namespace natskv
