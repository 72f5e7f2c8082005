#include "commands/bulk/target.hpp"

#include "base/text.hpp"
#include "kv/read/listing.hpp"

#include <nlohmann/json.hpp>

namespace natskv::commands {

void take_limits(Bucket& bucket, Rules& rules) {
  rules.ttl_allowed = bucket.written_config().value("allow_msg_ttl", false);
  // Writes to a mirror go to its origin, which has its own limit.
  const auto most = bucket.config().value("max_msg_size", std::int64_t{-1});
  if (most > 0 && !bucket.place().mirror) rules.max_value = static_cast<std::uint64_t>(most);
  rules.max_payload = bucket.session().max_payload();
}

Snapshot snapshot(Session& session, const std::string& bucket, const std::vector<Pattern>& patterns,
                  bool values) {
  Listing entries(session, bucket, {.patterns = patterns, .values = values, .slow = true});
  Snapshot there(entries.total());
  while (const Entry* entry = entries.next()) there.set(*entry);
  return there;
}

ServerClock::ServerClock(const nlohmann::ordered_json& info) : taken_(std::chrono::steady_clock::now()) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  at_ = Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
  if (const auto ts = info.find("ts"); ts != info.end() && ts->is_string())
    at_ = text::from_rfc3339(ts->get<std::string>()).value_or(at_);
}

}  // namespace natskv::commands
