#include "kv/session.hpp"

#include "kv/attempts.hpp"
#include "kv/connect.hpp"
#include "kv/explain.hpp"
#include "kv/trace.hpp"
#include "nats/api.hpp"
#include "nats/compat.hpp"
#include "nats/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>

namespace natskv {

namespace {

// What this nats.c can't do is said before anything is connected to.
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

Session::Session(std::function<config::Settings()> settings, Stop& stop, Notices& notices)
    : resolve_(std::move(settings)), stop_(stop), notices_(notices), link_(new_link()) {}

Session::~Session() {
  if (!connection_) return;
  stop_.on_interrupt({});
  jetstream_.reset();
  // The library's threads may still be in a callback that uses the link: only a closed connection has none.
  close(connection_.get(), *link_);
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
  stop_.deadline(std::chrono::steady_clock::now() + std::chrono::nanoseconds(from_now.ns));
}

Span Session::starting() { return settings().timeout_given ? timeout() : std::max(timeout(), seconds(30)); }

void Session::connect() {
  link_->fail_fast = fail_fast_ && !reconnect_;
  const bool race = settings().servers.size() > 1 || gives_up_;
  const auto options = race ? nats::Options() : connect_options(settings(), *link_, reconnect_);
  const std::string where = config::shown(settings().servers);
  stop_.waiting({fmt::format("no answer from {} within {} ms", where, timeout().ms()), false});
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
  if (stop_ && stop_.why() != Why::deadline) throw Stopped{};
  if (stop_ && !(race && attempt.error)) attempt.error.emplace(NATS_TIMEOUT, 0, "");
  if (stop_ || !connection_)
    throw refused(attempt.error.value_or(nats::Error(NATS_TIMEOUT, 0, "")), attempt.settings, *attempt.link);
  end_on_interrupt();
}

void Session::end_on_interrupt() {
  stop_.on_interrupt([this] { close(connection_.get(), *link_); });
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
  if (!attempt.connection || !reconnect_) return attempt;
  // It works: a connection to it that knows the others too, for the day when it does not.
  const auto servers = starting_with(settings(), attempt.settings);
  attempt.connection.reset();
  link_ = new_link();
  link_->jwt = attempt.link->jwt;
  link_->seed = attempt.link->seed;
  link_->fail_fast = attempt.link->fail_fast.load();
  return connect_to(servers, connect_options(servers, *link_, true).get());
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
  if (!jetstream_) {
    natsConnection* nc = connection();
    jsOptions options;
    nats::check(jsOptions_Init(&options));
    options.Wait = timeout().ms();
    if (settings().js_api_prefix != "$JS.API") options.Prefix = settings().js_api_prefix.c_str();
    jsCtx* raw = nullptr;
    nats::check(natsConnection_JetStream(&raw, nc, &options));
    jetstream_.reset(raw);
  }
  return jetstream_.get();
}

std::string Session::api_subject(std::string_view what) {
  return fmt::format("{}.{}", settings().js_api_prefix, what);
}

std::string Session::put_prefix() {
  return settings().js_api_prefix == "$JS.API" ? std::string() : settings().js_api_prefix + ".";
}

nats::Message Session::request(const std::string& subject, std::string_view body, std::optional<Span> wait) {
  natsConnection* nc = connection();
  natsMsg* raw = nullptr;
  Asking asking(*this, {.subject = subject, .bytes = body.size()});
  if (!link_->fail_fast) {
    auto answer = request_in_slices(subject, body, wait.value_or(timeout()));
    asking.answered(answer.get());
    return answer;
  }
  const natsStatus status = natsConnection_Request(
      &raw, nc, subject.c_str(), body.data(), static_cast<int>(body.size()), wait.value_or(timeout()).ms());
  nats::Message answer(raw);
  if (status != NATS_OK) {
    const auto error = judge(nats::error(status));
    asking.ended(error.status);
    throw nats::Error(error);
  }
  retired().free_all();
  asking.answered(raw);
  if (natsMsg_IsNoResponders(raw)) throw nats::Error(NATS_NO_RESPONDERS, 0, "no responders");
  return answer;
}

// Where a violation does not close the connection (others are in flight), it is looked for: the library's own
// wait would see only its end.
nats::Message Session::request_in_slices(const std::string& subject, std::string_view body, Span wait) {
  nats::Pipeline pipeline(connection(), retired(), settings().inbox_prefix, {}, wait);
  const int disconnects = link_->disconnects;
  pipeline.send(0, subject, body);
  while (!stop_) {
    if (auto answer = pipeline.next(milliseconds(50))) {
      retired().free_all();  // but for the pipeline's own subscription, which ends behind this
      if (answer->status == NATS_OK) return std::move(answer->message);
      throw nats::Error(answer->status, 0, natsStatus_GetText(answer->status));
    }
    if (const auto refused = refused_reading()) throw nats::Error(NATS_NOT_PERMITTED, 0, *refused);
    // nats.c makes the connection again, but not the request.
    if (link_->disconnects != disconnects)
      throw nats::Error(NATS_CONNECTION_DISCONNECTED, 0, natsStatus_GetText(NATS_CONNECTION_DISCONNECTED));
  }
  throw nats::Error(NATS_CONNECTION_CLOSED, 0, natsStatus_GetText(NATS_CONNECTION_CLOSED));
}

nlohmann::ordered_json Session::api(std::string_view what, const std::string& body,
                                    std::optional<Span> wait) {
  const auto answer = request(api_subject(what), body, wait);
  return nats::api_answer(
      {natsMsg_GetData(answer.get()), static_cast<std::size_t>(natsMsg_GetDataLength(answer.get()))});
}

nlohmann::ordered_json Session::request_json(const std::string& subject, Span wait) {
  const auto answer = request(subject, {}, wait);
  return nats::api_answer(
      {natsMsg_GetData(answer.get()), static_cast<std::size_t>(natsMsg_GetDataLength(answer.get()))});
}

bool Session::where_allowed(const std::function<void()>& ask) {
  connection();
  struct Tolerant {
    Link& link;
    bool before = link.fail_fast.exchange(false);
    ~Tolerant() { link.fail_fast = before; }
  } const tolerant{*link_};
  try {
    ask();
    return true;
  } catch (const nats::Error& error) {
    if (error.status != NATS_NOT_PERMITTED) throw;
  } catch (const Failure& failure) {
    if (failure.exit() != Exit::not_allowed) throw;
  }
  const std::lock_guard lock(link_->mutex);
  link_->violation_texts.clear();
  link_->violations = 0;
  return false;
}

std::optional<nlohmann::ordered_json> Session::json_where_allowed(const std::string& subject) {
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
  // Not natsConnection_GetRTT: it waits for ten seconds.
  natsConnection* const nc = connection();
  const auto sent = std::chrono::steady_clock::now();
  const auto status = natsConnection_FlushTimeout(nc, timeout().ms());
  if (status == NATS_TIMEOUT)
    throw Failure(Exit::unreachable,
                  fmt::format("no answer from {} within {} ms", connected_url(), timeout().ms()));
  if (status != NATS_OK) throw explain(*this, nats::error(status), {.bucket = {}});
  return Span{std::chrono::nanoseconds(std::chrono::steady_clock::now() - sent).count()};
}

std::string Session::violation(int index) {
  const std::lock_guard lock(link_->mutex);
  return link_->violation_texts.at(static_cast<std::size_t>(index));
}

std::optional<std::string> Session::refused_reading() {
  if (link_->violations == 0) return std::nullopt;
  const std::lock_guard lock(link_->mutex);
  for (const auto& text : link_->violation_texts) {
    const bool names_key =
        text.find("\"$KV.") != std::string::npos || text.find(".$KV.") != std::string::npos;
    if (!names_key || text.find(".CONSUMER.CREATE.") != std::string::npos) return text;
  }
  return std::nullopt;
}

nats::Error Session::judge(const nats::Error& error) {
  const int count = link_->violations;
  if (count == 0 || error.code != 0) return error;
  // With several requests in flight a violation need not be this one's: Writer settles those by their
  // subject.
  const bool ended =
      link_->fail_fast && (error.status == NATS_TIMEOUT || error.status == NATS_CONNECTION_CLOSED);
  if (!ended && error.status != NATS_NOT_PERMITTED) return error;
  return {NATS_NOT_PERMITTED, 0, violation(count - 1)};
}

}  // namespace natskv
