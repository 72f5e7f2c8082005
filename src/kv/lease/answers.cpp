#include "kv/lease/answers.hpp"

#include "kv/message.hpp"
#include "nats/api.hpp"
#include "nats/codes.hpp"

#include <nlohmann/json.hpp>

namespace natskv::lease {
namespace {

// A node without a leader, or something that is not JetStream.
bool leaves_outcome_open(const nats::Error& error) {
  return error.code == nats::code::temporarily_unavailable || error.status == NATS_PROTOCOL_ERROR;
}

}  // namespace

WriteOutcome outcome_of(const std::optional<nats::Answer>& answer) {
  using Kind = WriteOutcome::Kind;
  if (!answer) return {};
  switch (answer->status) {
    case NATS_OK:
      break;
    case NATS_NO_RESPONDERS:
      return {.kind = Kind::not_sent};
    case NATS_NOT_PERMITTED:
      return {.kind = Kind::failed, .error = nats::Error(answer->status, 0, answer->text)};
    default:
      return {.kind = Kind::unanswered};
  }
  try {
    const auto body = nats::api_answer(nats::body_of(answer->message.get()));
    return {.kind = Kind::stored, .revision = body.at("seq").get<std::uint64_t>()};
  } catch (const nats::Error& error) {
    if (error.conflict()) return {.kind = Kind::refused};
    if (leaves_outcome_open(error)) return {.kind = Kind::unanswered};
    return {.kind = Kind::failed, .error = error};
  } catch (const nlohmann::json::exception&) {
    return {.kind = Kind::unanswered};
  }
}

JsonAnswer json_answer_of(const std::optional<nats::Answer>& answer, int absent) {
  using Kind = JsonAnswer::Kind;
  if (!answer) return {};
  if (answer->status == NATS_NOT_PERMITTED)
    return {.kind = Kind::failed, .error = nats::Error(answer->status, 0, answer->text)};
  if (answer->status != NATS_OK) return {};
  try {
    return {.kind = Kind::answered,
            .json = std::make_shared<nlohmann::ordered_json>(
                nats::api_answer(nats::body_of(answer->message.get())))};
  } catch (const nats::Error& error) {
    if (error.code == absent) return {.kind = Kind::absent, .error = error};
    if (leaves_outcome_open(error)) return {};
    return {.kind = Kind::failed, .error = error};
  }
}

Sight sight_of(const nlohmann::ordered_json& message) {
  Stored stored;
  const auto read = read_stored(message, stored);
  Entry entry;
  read_entry(read.get(), false, entry);
  Sight sight;
  sight.revision = stored.sequence;
  sight.live = !entry.marker();
  sight.holder = header(read.get(), holder_header);
  if (!sight.holder.empty()) sight.text = entry.value.data;
  sight.ttl = entry.ttl;
  sight.created = stored.time;
  return sight;
}

}  // namespace natskv::lease
