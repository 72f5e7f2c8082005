#include "kv/lease/terms.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv::lease {
namespace {

constexpr Span default_lease = seconds(30);
constexpr Span safe_when_replicated = seconds(15);

// Whole seconds, or milliseconds.
std::string ttl_text(Span ttl) {
  constexpr std::int64_t second = 1'000'000'000;
  return ttl.ns % second == 0 ? fmt::format("{}s", ttl.ns / second) : fmt::format("{}ms", ttl.ms());
}

std::int64_t number(const nlohmann::ordered_json& config, const char* name, std::int64_t otherwise) {
  const auto at = config.find(name);
  return at != config.end() && at->is_number_integer() ? at->get<std::int64_t>() : otherwise;
}

bool flag(const nlohmann::ordered_json& config, const char* name) {
  const auto at = config.find(name);
  return at != config.end() && at->is_boolean() && at->get<bool>();
}

std::int64_t history(const nlohmann::ordered_json& config) {
  return number(config, "max_msgs_per_subject", 1);
}

// By the bucket's own TTL.
Span bucket_lease(const std::string& bucket, std::int64_t max_age, const Wish& wish, bool knows_key_ttl) {
  const About about{bucket};
  const std::string enable = fmt::format("natskv edit {}{} --marker-ttl 1m", bucket,
                                         max_age > 0 && max_age < shortest.ns ? " --ttl 0" : "");
  const std::string create = "natskv add locks --ttl 30s";
  if (max_age == 0) {
    throw Failure(
        Exit::failure, fmt::format("bucket \"{}\" cannot hold a lock: its keys do not expire", bucket),
        knows_key_ttl ? enable + " lets keys expire" : create + " makes a bucket whose keys all expire",
        about);
  }
  if (max_age < shortest.ns || max_age > longest.ns) {
    throw Failure(Exit::failure,
                  fmt::format("bucket \"{}\" cannot hold a lock: its TTL of {} is not between {} and {}",
                              bucket, ttl_text(Span{max_age}), ttl_text(shortest), ttl_text(longest)),
                  knows_key_ttl ? enable + " lets keys expire one by one" : create + " makes one that can",
                  about);
  }
  if (wish.lease && wish.lease->ns != max_age) {
    throw Failure(Exit::failure,
                  fmt::format("in bucket \"{}\" a lock lasts as long as the bucket's TTL, {}, not {}", bucket,
                              ttl_text(Span{max_age}), ttl_text(*wish.lease)),
                  "leave out --ttl", about);
  }
  return Span{max_age};
}

// By per-key TTL.
Span key_lease(const std::string& bucket, const nlohmann::ordered_json& config, const Wish& wish,
               std::vector<std::string>& warnings) {
  const About about{bucket};
  Span lease = wish.lease.value_or(default_lease);
  const std::int64_t max_age = number(config, "max_age", 0);
  if (max_age > 0 && max_age < lease.ns) {
    throw Failure(Exit::failure,
                  fmt::format("bucket \"{}\" has a TTL of {}, shorter than the lock's {}", bucket,
                              ttl_text(Span{max_age}), ttl_text(lease)),
                  max_age >= shortest.ns
                      ? fmt::format("--ttl {}", ttl_text(Span{max_age / seconds(1).ns * seconds(1).ns}))
                      : fmt::format("natskv edit {} --ttl 0 removes it", bucket),
                  about);
  }
  // If the bucket keeps a history, the server raises a TTL to that of its markers.
  const std::int64_t markers = number(config, "subject_delete_marker_ttl", 0);
  if (history(config) == 1 || markers <= lease.ns) return lease;
  if (markers > longest.ns) {
    throw Failure(
        Exit::failure,
        fmt::format("bucket \"{}\" has a history and markers that live {}: the server would keep the "
                    "lock that long",
                    bucket, ttl_text(Span{markers})),
        fmt::format("natskv edit {0} --marker-ttl 30s, or natskv edit {0} --history 1", bucket), about);
  }
  warnings.push_back(
      fmt::format("the lock lasts {}, not {}: bucket \"{}\" has a history, and markers that live "
                  "that long",
                  ttl_text(Span{markers}), ttl_text(lease), bucket));
  return Span{markers};
}

}  // namespace

Terms terms_of(const std::string& bucket, const nlohmann::ordered_json& config, const Wish& wish,
               bool knows_key_ttl) {
  if (config.contains("mirror")) {
    throw Failure(Exit::failure, fmt::format("bucket \"{}\" is a mirror, which keeps expired keys", bucket),
                  "use the bucket that it mirrors", {bucket});
  }
  Terms terms;
  terms.per_key = flag(config, "allow_msg_ttl");
  terms.rollup = history(config) != 1;
  terms.lease = terms.per_key ? key_lease(bucket, config, wish, terms.warnings)
                              : bucket_lease(bucket, number(config, "max_age", 0), wish, knows_key_ttl);
  terms.grace = wish.grace.value_or(Span{terms.lease.ns / 4});
  if (terms.grace.ns > terms.lease.ns / 3)
    throw usage(fmt::format("--grace is at most a third of the lock's {}", ttl_text(terms.lease)));
  const bool replicated = number(config, "num_replicas", 1) > 1;
  if (replicated && terms.lease.ns < safe_when_replicated.ns) {
    terms.warnings.push_back(fmt::format(
        "a lock of {} may be lost while the bucket's replicas choose a leader; 15s or more outlasts that",
        ttl_text(terms.lease)));
  }
  if (!replicated && config.value("storage", std::string()) == "memory") {
    terms.warnings.push_back(fmt::format(
        "bucket \"{}\" is in memory: if its server restarts the lock is lost, and tokens start again",
        bucket));
  }
  return terms;
}

bool keep(const nlohmann::ordered_json& config, const Terms& terms) {
  const std::int64_t max_age = number(config, "max_age", 0);
  if (config.contains("mirror")) return false;
  if (!terms.per_key) return max_age >= terms.lease.ns;
  return flag(config, "allow_msg_ttl") && (max_age == 0 || max_age >= terms.lease.ns);
}

Schedule schedule(Time sent, const Terms& terms) {
  using std::chrono::nanoseconds;
  const nanoseconds lease(terms.lease.ns);
  return {.renew_at = sent + lease / 3,
          .stop_at = sent + lease - nanoseconds(terms.grace.ns),
          .kill_at = sent + lease - lease / 100 - std::chrono::milliseconds(50),
          .ends_at = sent + lease};
}

}  // namespace natskv::lease
