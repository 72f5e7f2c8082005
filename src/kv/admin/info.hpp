// A bucket as STREAM.INFO describes it, typed. Pure.
#pragma once

#include "base/types.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace natskv {

/// What a mirror or a source copies from, and how far it is. Without `last_seen` there was never contact.
struct BucketOrigin {
  std::string bucket, domain;
  std::uint64_t lag = 0;
  std::optional<Span> last_seen;
  bool as_keys = true;  ///< false for a source without a subject transform: its values are not keys here
  std::string error;    ///< why the server copies nothing, in its words
};

struct Republishing {
  std::string source, destination;
  bool headers_only = false;
};

struct Placement {
  std::string cluster;
  std::vector<std::string> tags;
};

struct Replica {
  std::string name;
  bool current = false, offline = false;
  std::uint64_t lag = 0;
};

struct BucketCluster {
  std::string name, leader;
  std::vector<Replica> replicas;
};

struct BucketInfo {
  std::string bucket, stream, description, storage, compression;
  Instant created, last_update;
  std::uint64_t values = 0;  ///< messages: values and markers, history too
  std::uint64_t keys = 0;    ///< including those whose latest entry is a marker
  std::uint64_t last_revision = 0;
  Size bytes, max_value, max_bucket;
  std::uint64_t history = 0, replicas = 0;
  Span ttl, marker_ttl;
  std::int64_t max_values = -1;  ///< other clients may have set it
  bool key_ttl = false, atomic = false;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< without the server's own
  std::optional<Placement> placement;
  std::optional<Republishing> republishing;
  std::optional<BucketOrigin> mirror;
  std::vector<BucketOrigin> sources;
  std::optional<BucketCluster> cluster;  ///< a single server names itself as leader, and no cluster
};

BucketInfo bucket_info(const nlohmann::ordered_json& info);

/// The parts of a stream configuration.
BucketOrigin origin_of(const nlohmann::ordered_json& source);
/// The same for a source, and whether its values are keys of this bucket.
BucketOrigin source_of(const nlohmann::ordered_json& source, const std::string& bucket);
Republishing republishing_of(const nlohmann::ordered_json& republish);
Placement placement_of(const nlohmann::ordered_json& placement);

}  // namespace natskv
