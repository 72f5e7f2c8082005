#include "kv/lease/line.hpp"

#include "base/failure.hpp"
#include "kv/trace.hpp"
#include "nats/inbox.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv::lease {
namespace {

using Steady = nats::Mailbox::Clock;

Steady::time_point steady(Time until) {
  return Steady::now() + std::chrono::duration_cast<Steady::duration>(until - BootClock::now());
}

// For a consumer that may stay unused for this long.
constexpr std::int64_t inactive_ns = 60'000'000'000;

}  // namespace

Line::Line(Session& session) : session_(session), requests_(session.requests()), mailbox_(session.wire()) {
  session.lift_deadline();
  trace(requests_, session);
}

std::optional<nats::Answer> Line::ask(const std::string& subject, std::string_view body,
                                      const nats::Headers& headers, std::chrono::nanoseconds patience,
                                      Meanwhile& meanwhile) {
  const std::uint64_t id = ++last_id_;
  try {
    requests_.send(id, subject, body, headers);
  } catch (const nats::Error& error) {
    if (error.status == NATS_NOT_PERMITTED)
      return nats::Answer{.id = id, .status = error.status, .text = error.what()};
    return std::nullopt;
  }
  const Time until = BootClock::now() + patience;
  for (;;) {
    auto answer = requests_.next(steady(until), meanwhile.descriptors(until));
    meanwhile.react();
    if (answer && answer->id == id) return answer;
    if (BootClock::now() >= until) return nats::Answer{.id = id, .status = NATS_TIMEOUT};
  }
}

void Line::happened(const nats::Event& event) {
  using Kind = nats::Event::Kind;
  switch (event.kind) {
    case Kind::lost:
      if (!lost_) session_.notices().warn("connection lost");
      lost_ = true;
      end_watch();
      break;
    case Kind::back:
      if (lost_) session_.notices().note("connection restored");
      lost_ = false;
      break;
    case Kind::closed: {
      const std::string why = session_.wire().credentials_refused();
      if (!why.empty())
        throw Failure(Exit::not_allowed, fmt::format("the server now refuses the credentials: {}", why));
      throw Failure(Exit::unreachable, "the connection was closed");
    }
    default:
      break;
  }
}

bool Line::idle(Time until, Meanwhile& meanwhile) {
  nats::Event event;
  const auto waited = mailbox_.wait(event, steady(until), meanwhile.descriptors(until));
  meanwhile.react();
  if (waited != nats::Waited::event) return false;
  if (event.kind == nats::Event::Kind::message) return event.route == route_;
  happened(event);
  return false;
}

void Line::watch(const std::string& stream, const std::string& subject, Meanwhile& meanwhile) {
  const std::string inbox = nats::new_inbox(session_.settings().inbox_prefix);
  const std::string name = inbox.substr(inbox.rfind('.') + 1);
  nlohmann::ordered_json body;
  body["stream_name"] = stream;
  body["config"] = {{"name", name},
                    {"deliver_subject", inbox},
                    {"deliver_policy", "new"},
                    {"ack_policy", "none"},
                    {"max_deliver", 1},
                    {"filter_subject", subject},
                    {"replay_policy", "instant"},
                    {"inactive_threshold", inactive_ns},
                    {"num_replicas", 1},
                    {"mem_storage", true}};
  const nats::Route route = mailbox_.subscribe(session_.connection(), inbox);
  const auto answer =
      ask(session_.api_subject(fmt::format("CONSUMER.CREATE.{}.{}.{}", stream, name, subject)), body.dump(),
          {}, std::chrono::nanoseconds(session_.timeout().ns), meanwhile);
  // If watching is not allowed, or there is no answer, KEY is checked now and then instead.
  if (!answer || answer->status != NATS_OK) return mailbox_.unsubscribe(route);
  route_ = route;
  consumer_ = stream + "." + name;
}

void Line::end_watch() {
  if (route_ == 0) return;
  mailbox_.unsubscribe(route_);
  route_ = 0;
  const std::string subject = session_.api_subject("CONSUMER.DELETE." + consumer_);
  // Best effort: without it the server does so a little later.
  if (!lost_) (void)natsConnection_PublishString(session_.connection(), subject.c_str(), "");
}

}  // namespace natskv::lease
