#include "kv/trace.hpp"

#include "base/text.hpp"
#include "kv/message.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv {
namespace {

using Clock = std::chrono::steady_clock;

// A revision, an error, or the answer's size, never its contents.
std::string result_of(natsMsg* message) {
  if (natsMsg_IsNoResponders(message)) return "no responders";
  const auto body = nats::body_of(message);
  if (const auto sequence = header(message, "Nats-Sequence"); !sequence.empty())
    return fmt::format("revision {}, {} B", sequence, body.size());
  if (const auto status = header(message, "Status"); !status.empty())
    return fmt::format("{} {}", status, header(message, "Description"));
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (answer.is_object()) {
    if (const auto error = answer.find("error"); error != answer.end() && error->is_object()) {
      return fmt::format("error {}: {}", error->value("err_code", 0), error->value("description", ""));
    }
    const auto sequence = answer.find("seq");
    if (sequence != answer.end() && sequence->is_number_unsigned())
      return fmt::format("revision {}", sequence->get<std::uint64_t>());
  }
  return fmt::format("{} B", body.size());
}

std::string line(const Asked& asked, std::string_view result, Clock::duration took) {
  const std::chrono::duration<double, std::milli> ms = took;
  return fmt::format(
      "{}{}{}{} {} B -> {}, {:.2f} ms", asked.function.empty() ? "" : fmt::format("{} ", asked.function),
      asked.subject, asked.function.empty() ? "" : " (library)",
      asked.headers.empty() ? "" : fmt::format(" [{}]", asked.headers), asked.bytes, result, ms.count());
}

}  // namespace

std::string joined(const nats::Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, value);
  return text;
}

Asking::Asking(Session& session, Asked asked)
    : session_(session), asked_(std::move(asked)), started_(Clock::now()) {
  const bool changed = session.notices().has_changed();
  session_.stop().waiting(
      {fmt::format("{}: no answer from {} within {}; {}", asked_.subject,
                   config::shown(session.settings().servers), text::human_span(session.deadline()),
                   asked_.writes ? "the write may have been stored"
                   : changed     ? "what was written before stays"
                                 : "nothing was changed"),
       asked_.writes || changed});
  if (asked_.function.empty()) return;
  session.connection();
  closing_.emplace(session.wire(), asked_.subject);
  session_.stop().on_interrupt([this] { session_.end_call(); });
}

Asking::~Asking() {
  if (closing_) session_.stop().on_interrupt({});
  session_.stop().waiting({});
}

void Asking::say(const std::string& result) {
  if (session_.notices().tracing()) session_.notices().trace(line(asked_, result, Clock::now() - started_));
}

void Asking::answered(natsMsg* message) {
  if (session_.notices().tracing()) say(result_of(message));
}

void Asking::revision(std::uint64_t number) {
  if (session_.notices().tracing()) say(fmt::format("revision {}", number));
}

void Asking::ended(natsStatus status, int code) {
  if (!session_.notices().tracing()) return;
  if (status == NATS_OK) return say("ok");
  failed(nats::error(status, code));
}

void Asking::failed(const nats::Error& error) {
  say(error.code == 0 ? std::string(error.what()) : fmt::format("error {}: {}", error.code, error.what()));
}

void trace(nats::Requests& requests, Session& session) {
  if (!session.notices().tracing()) return;
  requests.observe([&session](const nats::Requests::Exchange& exchange) {
    const Asked asked{.subject = std::string(exchange.subject),
                      .bytes = exchange.bytes,
                      .headers = joined(exchange.headers)};
    session.notices().trace(line(asked,
                                 exchange.answer == nullptr ? std::string(natsStatus_GetText(exchange.status))
                                                            : result_of(exchange.answer),
                                 exchange.took));
  });
}

}  // namespace natskv
