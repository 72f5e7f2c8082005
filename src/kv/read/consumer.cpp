#include "kv/read/consumer.hpp"

#include "base/text.hpp"
#include "kv/message.hpp"
#include "nats/check.hpp"
#include "nats/codes.hpp"
#include "nats/inbox.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>
#include <string_view>

namespace natskv {
namespace {

using nlohmann::ordered_json;

constexpr Span heartbeat = seconds(1);
constexpr std::chrono::seconds most_silence{3};
constexpr std::chrono::milliseconds longest_pause{1500};
constexpr std::string_view delivery_prefix = "$JS.ACK.";

void choose_start(ordered_json& config, const ConsumerSpec& spec) {
  if (spec.latest) {
    config["deliver_policy"] = "last_per_subject";
  } else if (spec.after > 0) {
    config["deliver_policy"] = "by_start_sequence";
    config["opt_start_seq"] = spec.after + 1;
  } else {
    config["deliver_policy"] = "all";
  }
}

// An acknowledgement covers all messages before it. Nothing is delivered twice.
void choose_window(ordered_json& config, std::int64_t window) {
  config["ack_policy"] = window == 0 ? "none" : "all";
  if (window == 0) return;
  config["max_ack_pending"] = window;
  config["ack_wait"] = seconds(std::int64_t{22} * 3600).ns;
}

ordered_json request_for(const ConsumerSpec& spec, const std::string& inbox, const std::string& name) {
  ordered_json config{{"deliver_subject", inbox}};
  if (spec.named) config["name"] = name;
  choose_start(config, spec);
  choose_window(config, spec.window);
  config["max_deliver"] = 1;
  config["filter_subject"] = spec.filter;
  config["replay_policy"] = "instant";
  config["flow_control"] = true;
  config["idle_heartbeat"] = heartbeat.ns;
  if (!spec.values) config["headers_only"] = true;
  config["num_replicas"] = 1;
  config["mem_storage"] = true;
  return {{"stream_name", spec.stream}, {"config", std::move(config)}};
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Consumer::State read_state(const ordered_json& info) {
  return {.pending = info.at("num_pending").get<std::uint64_t>(),
          .delivered = info.at("delivered").at("consumer_seq").get<std::uint64_t>(),
          .created = text::from_rfc3339(info.value("created", std::string())).value_or(Instant{}),
          .name = info.at("name").get<std::string>()};
}

// Permissions apply to the subject that names stream, consumer and filter; a filter that would not fit a line
// of the protocol is left out of it.
std::string create_subject(const ConsumerSpec& spec, const std::string& name) {
  constexpr std::size_t longest_filter = 2000;
  if (!spec.named) return "CONSUMER.CREATE." + spec.stream;
  const std::string subject = fmt::format("CONSUMER.CREATE.{}.{}", spec.stream, name);
  return spec.filter.size() > longest_filter ? subject : subject + "." + spec.filter;
}

std::string removal_subject(Session& session, const std::string& stream, const std::string& name) {
  return session.api_subject(fmt::format("CONSUMER.DELETE.{}.{}", stream, name));
}

// The limit of the account or the server that this refusal names; nullopt: another refusal.
std::optional<std::int64_t> window_allowed(const nats::Error& error) {
  if (error.code != nats::code::too_many_unacknowledged) return std::nullopt;
  const std::string_view text = error.what();
  return static_cast<std::int64_t>(number(text.substr(text.find_last_not_of("0123456789") + 1)));
}

// Lowers the window of `spec` to what is allowed.
Consumer::State create(Session& session, ConsumerSpec& spec, const std::string& inbox, Span wait) {
  const std::string name = "natskv-" + inbox.substr(inbox.rfind('.') + 1);
  const auto ask = [&] {
    return read_state(session.api(create_subject(spec, name), request_for(spec, inbox, name).dump(), wait));
  };
  try {
    return ask();
  } catch (const nats::Error& error) {
    const auto allowed = window_allowed(error);
    if (!allowed || *allowed <= 0 || *allowed >= spec.window) throw;
    spec.window = *allowed;
  }
  return ask();
}

}  // namespace

// With a consumer that delivers nothing.
std::uint64_t count_messages(Session& session, ConsumerSpec spec, Span wait) {
  const auto state = create(session, spec, nats::new_inbox(session.settings().inbox_prefix), wait);
  const auto removal = removal_subject(session, spec.stream, state.name);
  (void)natsConnection_PublishString(session.connection(), removal.c_str(), "");
  return state.pending;
}

Consumer::Consumer(Session& session, ConsumerSpec spec, Span wait)
    : session_(session), stream_(spec.stream), mailbox_(session.wire()) {
  natsStatistics* statistics = nullptr;
  nats::check(natsStatistics_Create(&statistics));
  statistics_.reset(statistics);
  reconnects_ = reconnects();
  const auto inbox = nats::new_inbox(session.settings().inbox_prefix);
  // The server's flow control bounds what is queued here.
  (void)mailbox_.subscribe(session.connection(), inbox);
  start_ = create(session, spec, inbox, wait);
  window_ = spec.window;
  removal_ = removal_subject(session, spec.stream, start_.name);
  heard_at_ = Clock::now();
}

// Otherwise the server would keep it for some seconds: others might reach the account's or the stream's limit
// meanwhile, and with a window the server would search what is not acknowledged at each purge of a key. The
// answer is not awaited, since the process may be ending.
Consumer::~Consumer() {
  (void)natsConnection_PublishString(session_.connection(), removal_.c_str(), "");
  (void)natsConnection_FlushTimeout(session_.connection(), 20);
}

Consumer::Heard Consumer::next(nats::Message& message, Clock::time_point until, std::span<pollfd> others) {
  nats::Event event;
  // Since when nothing has come, however long this waits.
  if (until != Clock::time_point{} && std::exchange(heard_, false)) heard_at_ = Clock::now();
  while (!lost_) {
    switch (mailbox_.wait(event, until, others)) {
      case nats::Waited::event:
        if (!take(event)) continue;
        message = std::move(event.message);
        return Heard::message;
      case nats::Waited::descriptor:
        return Heard::descriptor;
      case nats::Waited::time:
        return Heard::nothing;
    }
  }
  return Heard::nothing;
}

bool Consumer::take(nats::Event& event) {
  switch (event.kind) {
    case nats::Event::Kind::message:
      return accept(event.message.get());
    case nats::Event::Kind::lost:
    case nats::Event::Kind::closed:
      lost_ = true;
      return false;
    case nats::Event::Kind::refusal:
      acks_refused_ = acks_refused_ || event.words->refusal.subject.starts_with(delivery_prefix);
      return false;
    default:
      return false;
  }
}

bool Consumer::accept(natsMsg* message) {
  anything_ = true;
  // The library reports a lost connection on another thread, possibly after the next message; its own count
  // is updated before. Reading that takes a lock, so it is only done after a pause, which every loss causes.
  const bool paused = !std::exchange(heard_, true);
  heartbeat_missed_ = heartbeat_missed_ || (paused && Clock::now() - heard_at_ > longest_pause);
  lost_ = lost_ || (paused && reconnects() != reconnects_);
  if (lost_) return false;
  const char* reply = natsMsg_GetReply(message);
  if (reply == nullptr || !std::string_view(reply).starts_with(delivery_prefix)) {
    control(message);
    return false;
  }
  ++received_;
  if (window_ == 0 || ++unacknowledged_ * 4 < window_) return true;
  unacknowledged_ = 0;
  if (natsConnection_PublishString(session_.connection(), reply, "+ACK") != NATS_OK) lost_ = true;
  return !lost_;
}

// Flow control continues when its request is answered: here, once all messages before it were taken. A
// heartbeat says what should have come by now, and repeats a request whose answer was lost.
void Consumer::control(natsMsg* message) {
  if (header(message, "Status") != "100") return;
  const char* answer = natsMsg_GetReply(message);
  if (answer == nullptr) {
    const auto stalled = header(message, "Nats-Consumer-Stalled");
    if (!stalled.empty()) answer = stalled.data();
    heartbeat_ = {.delivered = number(header(message, "Nats-Last-Consumer")),
                  .looked_through = number(header(message, "Nats-Last-Stream"))};
    lost_ = lost_ || heartbeat_.delivered > received_;
  }
  if (answer != nullptr) (void)natsConnection_Publish(session_.connection(), answer, nullptr, 0);
}

std::uint64_t Consumer::reconnects() const {
  std::uint64_t count = 0;
  nats::check(natsConnection_GetStats(session_.connection(), statistics_.get()));
  nats::check(natsStatistics_GetCounts(statistics_.get(), nullptr, nullptr, nullptr, nullptr, &count));
  return count;
}

bool Consumer::silent() const { return !heard_ && Clock::now() - heard_at_ > most_silence; }

std::size_t Consumer::queued_bytes() const {
  constexpr std::size_t overhead =
      400;  // memory of nats.c and the mailbox for each message: itself, subject and reply
  const auto pending = mailbox_.pending();
  return pending.bytes + pending.messages * overhead;
}

Consumer::State Consumer::state(Span wait) {
  return read_state(session_.api("CONSUMER.INFO." + stream_ + "." + start_.name, {}, wait));
}

}  // namespace natskv
