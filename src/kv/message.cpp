#include "kv/message.hpp"

#include "base/parse.hpp"
#include "base/text.hpp"
#include "nats/check.hpp"
#include "nats/requests.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string>

namespace natskv {
namespace {

std::string bytes_of(const nlohmann::ordered_json& object, const char* name) {
  const auto bytes = text::from_base64(object.value(name, std::string()));
  if (!bytes) throw nats::Error(NATS_PROTOCOL_ERROR, 0, "the server's answer is not base64");
  return *bytes;
}

// "NATS/1.0\r\nName: value\r\n\r\n"
void add_headers(natsMsg* message, std::string_view lines) {
  for (auto end = lines.find("\r\n"); end != std::string_view::npos; end = lines.find("\r\n")) {
    const auto line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) continue;
    const auto from = line.find_first_not_of(' ', colon + 1);
    const std::string name(line.substr(0, colon));
    const std::string value(from == std::string_view::npos ? std::string_view() : line.substr(from));
    nats::check(natsMsgHeader_Add(message, name.c_str(), value.c_str()));
  }
}

}  // namespace

std::string_view last_header(natsMsg* message, const char* name) {
  const char** values = nullptr;
  int count = 0;
  if (natsMsgHeader_Values(message, name, &values, &count) != NATS_OK) return {};
  const char* const last = count > 0 ? values[count - 1] : nullptr;
  std::free(const_cast<char**>(values));
  return last == nullptr ? std::string_view() : last;
}

std::optional<Stored> read_stored(natsMsg* message) {
  const auto sequence = parse::whole<std::uint64_t>(last_header(message, "Nats-Sequence"));
  if (!sequence) return std::nullopt;
  Stored stored;
  stored.sequence = *sequence;
  stored.subject = last_header(message, "Nats-Subject");
  stored.time = text::from_rfc3339(last_header(message, "Nats-Time-Stamp")).value_or(Instant{});
  return stored;
}

std::optional<OwnedEntry> entry_of(std::shared_ptr<natsMsg> message, const Stored& stored,
                                   std::string_view bucket, std::string_view prefix) {
  if (!stored.subject.starts_with(prefix)) return std::nullopt;
  Entry entry;
  read_entry(message.get(), false, entry);
  entry.bucket = bucket;
  entry.key = stored.subject.substr(prefix.size());
  entry.revision = stored.sequence;
  entry.created = stored.time;
  return OwnedEntry{entry, std::move(message)};
}

nats::Message read_stored(const nlohmann::ordered_json& document, Stored& stored) {
  const std::string data = bytes_of(document, "data");
  const std::string subject = document.value("subject", std::string());
  auto message = nats::message_of(subject, data, {});
  add_headers(message.get(), bytes_of(document, "hdrs"));
  stored.sequence = document.value("seq", std::uint64_t{0});
  stored.subject = natsMsg_GetSubject(message.get());
  const auto time = text::from_rfc3339(document.value("time", std::string()));
  if (!time) throw nats::Error(NATS_PROTOCOL_ERROR, 0, "the message's time cannot be read");
  stored.time = *time;
  return message;
}

}  // namespace natskv
