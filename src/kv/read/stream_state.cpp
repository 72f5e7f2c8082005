#include "kv/read/stream_state.hpp"

#include "base/text.hpp"
#include "kv/address.hpp"
#include "kv/admin/config.hpp"

#include <nlohmann/json.hpp>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;

// 0 where it is missing or of another type.
std::uint64_t number(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

}  // namespace

StreamState read_stream_state(const std::string& bucket, const Json& info) {
  const auto& config = info.at("config");
  const auto& state = info.at("state");
  const auto address = address_of(bucket, config, {});
  StreamState read{
      .is_bucket = is_bucket(bucket, config),
      .since_2_9 = config.contains("allow_direct"),
      .prefix = address.read_prefix,
      .created = info.value("created", std::string()),
      .history = config.value("max_msgs_per_subject", std::int64_t{0}),
      .first = number(state, "first_seq"),
      .last = number(state, "last_seq"),
      .messages = number(state, "messages"),
      .bytes = number(state, "bytes"),
      .keys = number(state, "num_subjects"),
      .ttl = Span{config.value("max_age", std::int64_t{0})},
      .key_ttl = config.value("allow_msg_ttl", false),
      .mirror = address.mirror,
  };
  if (const auto limits = config.find("consumer_limits"); limits != config.end() && limits->is_object())
    read.max_unacked = static_cast<std::int64_t>(number(*limits, "max_ack_pending"));
  if (const auto ts = info.find("ts"); ts != info.end() && ts->is_string())
    read.time = text::from_rfc3339(ts->get<std::string>()).value_or(Instant{});
  read.since_2_10 = read.time.ns != 0;
  return read;
}

}  // namespace natskv
