#include "kv/admin/losses.hpp"

#include "base/number_of.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;

struct Stored {
  std::int64_t values, keys, bytes;
  Instant first, last, now;
};

Instant moment(const Json& object, const char* name) {
  return text::from_rfc3339(object.value(name, "")).value_or(Instant{});
}

Stored stored(const Json& info) {
  const Json state = info.value("state", Json::object());
  const auto number = [&state](const char* name) { return state.value(name, std::int64_t{0}); };
  return {number("messages"),        number("num_subjects"),   number("bytes"),
          moment(state, "first_ts"), moment(state, "last_ts"), moment(info, "ts")};
}

// An upper bound: all older revisions may be of one key, and no key has more than were kept.
std::int64_t old_revisions(const Stored& stored, std::int64_t before, std::int64_t after) {
  if (stored.keys == 0) return 0;
  const std::int64_t most = std::max<std::int64_t>(stored.values - (stored.keys - 1) - after, 0);
  std::int64_t by_limit = 0;
  if (before <= 0 || __builtin_mul_overflow(stored.keys, before - after, &by_limit)) return most;
  return std::min(most, by_limit);
}

void history(const Stored& stored, const Json& before, const Json& after, std::vector<std::string>& all) {
  const auto kept = before.value("max_msgs_per_subject", std::int64_t{-1});
  const auto keep = after.value("max_msgs_per_subject", std::int64_t{-1});
  if (keep <= 0 || (kept > 0 && keep >= kept)) return;
  if (const auto count = old_revisions(stored, kept, keep); count > 0)
    all.push_back(fmt::format("--history {} drops up to {}", keep, number_of(count, "old revision")));
}

// By the server's clock, which servers before 2.10 do not report.
std::string aged(const Stored& stored, Span age) {
  const auto older = [&](Instant when) { return stored.now.ns - age.ns > when.ns; };
  const std::string values = number_of(stored.values, "value");
  if (stored.now.ns == 0) return fmt::format("up to {}", values);
  if (older(stored.last)) return stored.values == 1 ? "the only value" : fmt::format("all {}", values);
  if (!older(stored.first)) return fmt::format("{} once they are that old, none yet", values);
  return fmt::format("up to {} of {} now, the others once they are that old", stored.values - 1, values);
}

void ttl(const Stored& stored, const Json& before, const Json& after, std::vector<std::string>& all) {
  const Span old_age{before.value("max_age", std::int64_t{0})}, age{after.value("max_age", std::int64_t{0})};
  if (age.ns <= 0 || (old_age.ns > 0 && age >= old_age)) return;
  all.push_back(fmt::format("--ttl {} drops {}", text::human_span(age), aged(stored, age)));
}

void size(const Stored& stored, const Json& before, const Json& after, std::vector<std::string>& all) {
  const auto limit = after.value("max_bytes", std::int64_t{-1});
  if (limit <= 0 || limit >= stored.bytes || limit == before.value("max_bytes", std::int64_t{-1})) return;
  all.push_back(fmt::format("--max-bucket-size {} drops the oldest values, {} of {}", text::human_size(limit),
                            text::human_size(stored.bytes - limit), text::human_size(stored.bytes)));
}

}  // namespace

std::vector<std::string> losses(const Json& info, const Json& after) {
  std::vector<std::string> all;
  const Stored there = stored(info);
  if (there.values <= 0) return all;
  const Json& before = info.at("config");
  history(there, before, after, all);
  ttl(there, before, after, all);
  size(there, before, after, all);
  if (before.contains("mirror") && !after.contains("mirror"))
    all.push_back(fmt::format("--no-mirror keeps {} that {} no longer {}",
                              number_of(there.values, "copied value"), there.values == 1 ? "is" : "are",
                              there.values == 1 ? "a key" : "keys"));
  return all;
}

}  // namespace natskv
