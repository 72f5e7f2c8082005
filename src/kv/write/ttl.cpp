// What times to live a bucket allows, and what is left of a key's.
#include "base/text.hpp"
#include "kv/bucket.hpp"
#include "kv/explain.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv {
namespace {

std::string ttl_text(Span ttl) { return fmt::format("{}s", ttl.ns / 1'000'000'000); }

}  // namespace

Span Bucket::left_of(const Entry& entry) {
  constexpr std::int64_t second = 1'000'000'000;
  const auto now = text::from_rfc3339(info().value("ts", std::string()));
  const auto end = after(entry.created, entry.ttl);
  if (!now || !end) return entry.ttl;
  const std::int64_t left = (end->ns - now->ns) / second * second;
  if (left < second)
    throw Failure(
        Exit::not_found,
        fmt::format("key \"{}\" in bucket \"{}\" is about to expire; nothing was written", entry.key, name_),
        {}, {name_, std::string(entry.key), entry.revision});
  return Span{left};
}

const nlohmann::ordered_json& Bucket::written_config() {
  const auto& own = config();
  if (!place().mirror) return own;
  if (!origin_) {
    try {
      const auto answer = session_.json_if_allowed(place().info);
      origin_ = std::make_shared<const nlohmann::ordered_json>(answer ? answer->value("config", own) : own);
    } catch (const nats::Error& error) {
      if (error.connection_lost()) throw explain(session_, error, {.bucket = name_});
      return own;
    }
  }
  return *origin_;
}

bool Bucket::keeps_history() { return written_config().value("max_msgs_per_subject", std::int64_t{1}) != 1; }

void Bucket::require_ttl() {
  if (written_config().value("allow_msg_ttl", false)) return;
  throw Failure(Exit::failure, fmt::format("bucket \"{}\" has no per-key TTL", place().origin),
                fmt::format("natskv edit {} --marker-ttl 1s{} enables it (nats-server 2.11 or newer)",
                            place().origin, at_origin()),
                {name_});
}

void Bucket::require_ttl(Span ttl) {
  require_ttl();
  const std::int64_t markers = written_config().value("subject_delete_marker_ttl", std::int64_t{0});
  // Where it keeps a history, the server raises a TTL to that of its own markers without a word, in whole
  // seconds.
  constexpr std::int64_t second = 1'000'000'000;
  if (ttl.ns / second >= markers / second || !keeps_history()) return;
  throw Failure(
      Exit::failure,
      fmt::format("bucket \"{}\" has markers that live {} and a history: the server would keep it that long, "
                  "not {}",
                  place().origin, ttl_text(Span{markers}), ttl_text(ttl)),
      fmt::format("natskv edit {} --marker-ttl {}{} allows it", place().origin, ttl_text(ttl), at_origin()),
      {name_});
}

}  // namespace natskv
