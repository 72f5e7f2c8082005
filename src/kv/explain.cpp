// From an error to its sentence, step by step; some steps ask the server again.
#include "kv/explain.hpp"

#include "base/text.hpp"
#include "kv/address.hpp"
#include "kv/admin/config.hpp"
#include "kv/connect.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace natskv {
namespace {

using namespace nats::code;

// "No responders" may mean a missing bucket or no JetStream at all; an old server does not answer a direct
// get of a missing bucket.
bool needs_a_look(const nats::Error& error, const Task& doing) {
  // Of a key only: a bucket that was asked for would be silent once more.
  return error.status == NATS_TIMEOUT && !doing.writes && !doing.key.empty();
}

// What is written to a mirror is its origin's to store, and a server before 2.10 lists no keys of a mirror
// whose origin it does not know.
Failure no_origin(const StreamAddress& place, const Task& doing) {
  const std::string where =
      place.domain.empty() ? "" : fmt::format(" in JetStream domain \"{}\"", place.domain);
  return {Exit::unreachable,
          fmt::format("{}: it is a mirror, and its origin \"{}\"{} does not exist or cannot be reached{}",
                      what_of(doing), place.origin, where, doing.writes ? "; nothing was written" : ""),
          fmt::format("natskv info {} shows where it copies from", doing.bucket),
          {doing.bucket, doing.key, 0}};
}

std::optional<Failure> look_at_bucket(Session& session, const nats::Error& error, const Task& doing) {
  const auto said = [&](int code) {
    return sentence(circumstances(session), nats::Error(NATS_ERR, code, ""), doing);
  };
  try {
    const auto info = session.api("STREAM.INFO.KV_" + doing.bucket);
    const auto& config = info.at("config");
    if (const auto most = config.value("max_msg_size", std::int64_t{-1});
        most >= 0 && code_of(error) == message_too_large)
      return over_limit(doing, "bucket", static_cast<std::uint64_t>(most),
                        "natskv edit --max-value-size raises it");
    if (!is_bucket(doing.bucket, config)) return no_key_value(doing.bucket);
    const auto place = address_of(doing.bucket, config, session.settings().js_api_prefix);
    const bool origin_missing =
        error.code == filter_not_a_subset || (doing.writes && error.status == NATS_NO_RESPONDERS);
    if (place.mirror && origin_missing) return no_origin(place, doing);
  } catch (const nats::Error& second) {
    if (second.status == NATS_NO_RESPONDERS) return said(jetstream_not_enabled);
    if (second.code == stream_not_found) return no_bucket(session, doing.bucket);
    if (second.code == jetstream_not_enabled_for_account) return said(second.code);
  } catch (const nlohmann::json::exception&) {  // then the first answer has to suffice
  }
  return std::nullopt;
}

}  // namespace

void check_size(Session& session, const Task& doing) {
  const auto most = natsConnection_GetMaxPayload(session.connection());
  if (most <= 0 || doing.value_size <= static_cast<std::uint64_t>(most)) return;
  throw over_limit(doing, "server", static_cast<std::uint64_t>(most), {});
}

Circumstances circumstances(Session& session) {
  const bool time_is_up = session.stop().why() == StopReason::deadline;
  return {.servers = config::shown(session.settings().servers),
          .timeout = time_is_up ? session.deadline() : session.timeout(),
          .time_is_up = time_is_up,
          .changed = session.notices().has_changed(),
          .ended = session.ended_by()};
}

Failure no_bucket(Session& session, const std::string& bucket) {
  std::vector<std::string> buckets;
  try {
    // A thousand, if it has more.
    const auto page =
        session.api("STREAM.NAMES", R"({"subject":"$KV.>"})", std::min(session.timeout(), seconds(1)));
    for (const std::string stream : page.value("streams", nlohmann::ordered_json::array())) {
      if (stream.starts_with("KV_")) buckets.push_back(bucket_of(stream));
    }
  } catch (const nats::Error&) {  // not allowed, say: the hint is all that is lost
  } catch (const Failure&) {
  } catch (const nlohmann::json::exception&) {
  }
  const Failure failure = no_bucket(bucket);
  return failure.advising(text::near_or(bucket, buckets, failure.hint()));
}

std::optional<Failure> second_look(Session& session, const nats::Error& error, const Task& doing) {
  if (const auto ended = session.ended_by(); ended && ended->status == NATS_CONNECTION_AUTH_FAILED)
    return refused(*ended, session.settings(), session.link());
  if (code_of(error) == stream_not_found && !doing.bucket.empty() && !session.stop())
    return no_bucket(session, doing.bucket);
  // js_PublishMsg gives nobody's answer a code of its own.
  const bool wanted = code_of(error) == message_too_large || error.code == filter_not_a_subset ||
                      error.status == NATS_NO_RESPONDERS || (error.code == 0 && needs_a_look(error, doing));
  if (!wanted || session.stop()) return std::nullopt;
  return look_at_bucket(session, error, doing);
}

Failure explain(Session& session, const nats::Error& raw, const Task& doing) {
  if (const StopReason why = session.stop().why(); why != StopReason::none && why != StopReason::deadline) {
    throw Stopped{
        doing.writes ? fmt::format("{}: interrupted; the write may have been stored", what_of(doing)) : ""};
  }
  const nats::Error error = session.blamed(raw);
  if (auto failure = second_look(session, error, doing)) return *failure;
  return sentence(circumstances(session), error, doing);
}

}  // namespace natskv
