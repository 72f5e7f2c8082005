#include "kv/admin/info.hpp"

#include "base/text.hpp"
#include "kv/admin/config.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;

Instant instant(const Json& object, const char* name) {
  return text::from_rfc3339(object.value(name, "")).value_or(Instant{});
}

// `state` is what the server reports besides the configuration.
void add_state(BucketOrigin& origin, const Json& state) {
  if (const auto active = state.value("active", std::int64_t{-1}); active >= 0) {
    origin.lag = state.value("lag", std::uint64_t{0});
    origin.last_seen = Span{active / 1'000'000 * 1'000'000};
  }
  if (const auto error = state.find("error"); error != state.end() && error->is_object())
    origin.error = error->value("description", "error " + std::to_string(error->value("err_code", 0)));
}

void read_origins(const Json& config, const Json& info, BucketInfo& all) {
  if (const auto mirror = config.find("mirror"); mirror != config.end() && mirror->is_object()) {
    all.mirror = origin_of(*mirror);
    if (const auto state = info.find("mirror"); state != info.end() && state->is_object())
      add_state(*all.mirror, *state);
  }
  const Json states = info.value("sources", Json::array());
  for (const auto& source : config.value("sources", Json::array())) {
    BucketOrigin& origin = all.sources.emplace_back(source_of(source, all.bucket));
    const auto state = std::find_if(states.begin(), states.end(), [&origin](const Json& s) {
      return s.is_object() && bucket_of(s.value("name", "")) == origin.bucket &&
             domain_of(s) == origin.domain;
    });
    if (state != states.end()) add_state(origin, *state);
  }
}

std::optional<BucketCluster> cluster_of(const Json& info) {
  const auto at = info.find("cluster");
  if (at == info.end() || !at->is_object()) return std::nullopt;
  BucketCluster cluster{at->value("name", ""), at->value("leader", ""), {}};
  if (cluster.name.empty() && cluster.leader.empty()) return std::nullopt;
  for (const auto& replica : at->value("replicas", Json::array())) {
    cluster.replicas.push_back({replica.value("name", ""), replica.value("current", false),
                                replica.value("offline", false), replica.value("lag", std::uint64_t{0})});
  }
  return cluster;
}

// The configuration without the server's own metadata and empty parts.
void read_parts(const Json& config, BucketInfo& all) {
  const Json kept = significant(config);
  all.compression = kept.value("compression", "");
  if (const auto metadata = kept.find("metadata"); metadata != kept.end()) {
    for (const auto& [key, value] : metadata->items()) {
      if (value.is_string()) all.metadata.emplace_back(key, value.get<std::string>());
    }
  }
  if (const auto placement = kept.find("placement"); placement != kept.end())
    all.placement = placement_of(*placement);
  if (const auto republish = kept.find("republish"); republish != kept.end())
    all.republishing = republishing_of(*republish);
}

}  // namespace

BucketOrigin origin_of(const Json& source) {
  BucketOrigin origin;
  origin.bucket = bucket_of(source.value("name", ""));
  origin.domain = domain_of(source);
  return origin;
}

BucketOrigin source_of(const Json& source, const std::string& bucket) {
  BucketOrigin origin = origin_of(source);
  origin.as_keys = brings_keys_to(source, bucket);
  return origin;
}

Republishing republishing_of(const Json& republish) {
  return {republish.value("src", ">"), republish.value("dest", ""), republish.value("headers_only", false)};
}

Placement placement_of(const Json& placement) {
  Placement all{placement.value("cluster", ""), {}};
  for (const auto& tag : placement.value("tags", Json::array())) {
    if (tag.is_string()) all.tags.push_back(tag.get<std::string>());
  }
  return all;
}

BucketInfo bucket_info(const Json& info) {
  const Json& config = info.at("config");
  const Json state = info.value("state", Json::object());
  BucketInfo all;
  all.stream = config.value("name", "");
  all.bucket = bucket_of(all.stream);
  all.description = config.value("description", "");
  all.storage = config.value("storage", "");
  all.created = instant(info, "created");
  all.last_update = instant(state, "last_ts");
  all.values = state.value("messages", std::uint64_t{0});
  all.keys = state.value("num_subjects", std::uint64_t{0});
  all.last_revision = state.value("last_seq", std::uint64_t{0});
  all.bytes = Size{static_cast<std::int64_t>(state.value("bytes", std::uint64_t{0}))};
  all.max_value = Size{config.value("max_msg_size", std::int64_t{-1})};
  all.max_bucket = Size{config.value("max_bytes", std::int64_t{-1})};
  all.history = config.value("max_msgs_per_subject", std::uint64_t{0});
  all.replicas = config.value("num_replicas", std::uint64_t{0});
  all.ttl = Span{config.value("max_age", std::int64_t{0})};
  all.marker_ttl = Span{config.value("subject_delete_marker_ttl", std::int64_t{0})};
  all.max_values = config.value("max_msgs", std::int64_t{-1});
  all.key_ttl = config.value("allow_msg_ttl", false);
  all.atomic = config.value("allow_atomic", false);
  read_parts(config, all);
  read_origins(config, info, all);
  all.cluster = cluster_of(info);
  return all;
}

}  // namespace natskv
