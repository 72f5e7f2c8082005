#include "kv/entry.hpp"

#include "base/parse.hpp"
#include "kv/message.hpp"

#include <algorithm>
#include <charconv>

namespace natskv {

std::string_view name_of(Operation operation) {
  return operation == Operation::put ? "PUT" : operation == Operation::del ? "DEL" : "PURGE";
}

namespace {

// ADR-8 and ADR-48, as nats.c 3.13 does (729805e0); 3.4 to 3.12 call these markers a PUT.
Operation operation_of(std::string_view kv, std::string_view reason) {
  if (kv == "DEL") return Operation::del;
  if (kv == "PURGE") return Operation::purge;
  if (reason == "MaxAge" || reason == "Purge") return Operation::purge;
  if (reason == "Remove") return Operation::del;
  return Operation::put;
}

// Nats-TTL as the server reads it (parseMessageTTL): Go's "1h30m" or plain seconds, in whole seconds. What
// the server would refuse counts as none.
Span ttl_of(std::string_view word) {
  constexpr std::int64_t second = 1'000'000'000;
  if (const auto span = parse::go_duration(word)) return Span{span->ns - span->ns % second};
  std::int64_t number = parse::whole<std::int64_t>(word).value_or(0);
  return number > 0 && !__builtin_mul_overflow(number, second, &number) ? Span{number} : Span{};
}

bool is_never(std::string_view word) {
  constexpr std::string_view never = "never";
  return std::equal(word.begin(), word.end(), never.begin(), never.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

std::string_view header(natsMsg* message, const char* name) {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message, name, &value) != NATS_OK || value == nullptr) return {};
  return value;
}

bool read_reply(std::string_view reply, Delivery& delivery) {
  // $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>, and since 2.3 with
  // <domain>.<account> after ACK and a token at the end (ADR-15). Counted from both ends, as names contain no
  // dots.
  std::string_view tokens[12];
  std::size_t count = 0;
  for (std::size_t at = 0; count < 12;) {
    const auto dot = reply.find('.', at);
    tokens[count++] = reply.substr(at, dot == std::string_view::npos ? dot : dot - at);
    if (dot == std::string_view::npos) break;
    at = dot + 1;
  }
  if (count < 9 || tokens[0] != "$JS" || tokens[1] != "ACK") return false;
  const std::size_t first = count == 9 ? 5 : 7;
  if (count == 10 || first + 3 >= count) return false;
  const auto number = [](std::string_view word, auto& to) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), to);
    return error == std::errc{} && end == word.data() + word.size();
  };
  delivery.consumer = tokens[first - 2];
  return number(tokens[first], delivery.sequence) && number(tokens[first + 1], delivery.order) &&
         number(tokens[first + 2], delivery.time.ns) && number(tokens[first + 3], delivery.pending);
}

bool Replies::read(std::string_view reply, Delivery& delivery) {
  if (front_.empty() || !reply.starts_with(front_)) {
    if (!read_reply(reply, delivery)) return false;
    consumer_ = static_cast<std::size_t>(delivery.consumer.data() - reply.data());
    front_ = reply.substr(0, consumer_ + delivery.consumer.size() + 1);
    return true;
  }
  const char* at = reply.data() + front_.size();
  const char* const end = reply.data() + reply.size();
  std::uint64_t ignored = 0;
  const auto number = [&](auto& to) {
    const auto [behind, error] = std::from_chars(at, end, to);
    at = behind + (behind != end && *behind == '.' ? 1 : 0);
    return error == std::errc{} && (behind == end || *behind == '.');
  };
  delivery.consumer = reply.substr(consumer_, front_.size() - consumer_ - 1);
  return number(ignored) && number(delivery.sequence) && number(delivery.order) && number(delivery.time.ns) &&
         number(delivery.pending);
}

void read_entry(natsMsg* message, bool headers_only, Entry& entry) {
  entry.value = Bytes{nats::body_of(message)};
  entry.size = entry.value.data.size();
  const auto kv = header(message, "KV-Operation");
  entry.marker_reason = header(message, "Nats-Marker-Reason");
  entry.operation = operation_of(kv, entry.marker_reason);
  entry.rollup = !header(message, "Nats-Rollup").empty();
  const auto ttl = header(message, "Nats-TTL");
  entry.never_expires = is_never(ttl);
  entry.ttl = ttl.empty() || entry.never_expires ? Span{} : ttl_of(ttl);
  if (headers_only) {
    const auto size = last_header(message, "Nats-Msg-Size");
    std::from_chars(size.data(), size.data() + size.size(), entry.size);
  }
  if (entry.marker()) {
    entry.value = {};
    entry.size = 0;
  }
}

OwnedEntry copy_of(const Entry& entry) {
  struct Texts {
    std::string bucket, key, value, reason;
  };
  const auto texts =
      std::make_shared<Texts>(Texts{std::string(entry.bucket), std::string(entry.key),
                                    std::string(entry.value.data), std::string(entry.marker_reason)});
  Entry copy = entry;
  copy.bucket = texts->bucket;
  copy.key = texts->key;
  copy.value = Bytes{texts->value};
  copy.marker_reason = texts->reason;
  return {copy, texts};
}

}  // namespace natskv
