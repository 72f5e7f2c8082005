// Bucket settings <-> stream configuration JSON, kept whole. Pure: asks no server.
#pragma once

#include "base/types.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace natskv {

/// What the user named of a bucket's settings; the rest stays as it is (edit) or takes ADR-8's defaults
/// (add).
struct BucketChanges {
  std::optional<std::string> description = {};  ///< "" removes it
  std::optional<std::uint64_t> history = {};    ///< 1 … 64
  std::optional<std::string> storage = {};      ///< "file" or "memory"; add only
  std::optional<Span> ttl = {};                 ///< 0: for ever
  std::optional<Span> marker_ttl = {};          ///< 0: no limit markers
  std::optional<std::uint64_t> replicas = {};   ///< 1 … 5
  std::optional<Size> max_value_size = {};      ///< 0 and -1: unlimited
  std::optional<Size> max_bucket_size = {};     ///< 0 and -1: unlimited
  std::optional<bool> compress = {};
  std::optional<bool> atomic = {};  ///< batches that are stored whole or not at all
  bool key_ttl = false;             ///< a TTL of single keys, also without markers (add --like)
  std::optional<std::vector<std::string>> tags = {};               ///< replaces; none: removes
  std::optional<std::string> cluster = {};                         ///< "" removes it
  std::vector<std::pair<std::string, std::string>> metadata = {};  ///< set beside what is there
  std::optional<std::string> republish_source = {};
  std::optional<std::string> republish_destination = {};
  bool republish_headers = false;
  std::optional<std::string> mirror = {};  ///< a bucket's name; add only
  std::optional<std::string> mirror_domain = {};
  std::vector<std::string> sources = {};  ///< buckets' names, set beside what is there
  bool no_metadata = false;
  bool no_republish = false;
  bool no_mirror = false;
  std::vector<std::string> no_sources = {};

  bool operator==(const BucketChanges&) const = default;
};

/// The stream configuration of a new bucket, as ADR-8 and ADR-57 prescribe and nats.go's KeyValueConfig makes
/// it. Only what every server since 2.9 knows, and what was asked for: newer servers refuse unknown fields,
/// older ones drop them.
nlohmann::ordered_json bucket_config(const std::string& bucket, const BucketChanges& wishes);

/// The configuration of a new bucket with the settings of another, without what that mirrors or sources.
/// `elsewhere`: on another server, where republishing cannot double what the other republishes; placement is
/// for the same one only.
nlohmann::ordered_json config_like(const std::string& bucket, const nlohmann::ordered_json& config,
                                   bool elsewhere);
/// The same with all of its settings, what it mirrors, sources and republishes too (add --like).
nlohmann::ordered_json config_as(const std::string& bucket, const nlohmann::ordered_json& other);

/// What of a bucket's configuration is unlike what add makes, so that it behaves otherwise than its user
/// expects, and what would help ("" if nothing).
struct Oddity {
  std::string what, hint;
};
std::vector<Oddity> oddities(const std::string& bucket, const nlohmann::ordered_json& config);

/// Changes a configuration that a server gave, leaving what was not named as it is.
/// Failure: usage for a part of a republishing without a destination, failure for a source that is none.
void apply(const BucketChanges& wishes, const std::string& bucket, nlohmann::ordered_json& config);

/// Whether the stream KV_<bucket> is a bucket: it keeps values a subject and takes the bucket's subjects
/// (others beside them do no harm), or takes none and copies other buckets (ADR-8, ADR-57: clients mirror and
/// source KV_… only). A stream of that name with other subjects, or a copy of another stream, is somebody
/// else's.
bool is_bucket(const std::string& bucket, const nlohmann::ordered_json& config);

/// Whether a source stores what it brings as keys of this bucket (a subject transform, ADR-57).
bool brings_keys_to(const nlohmann::ordered_json& source, const std::string& bucket);
/// The sources that don't: what they bring is stored, but no key of the bucket.
std::vector<std::string> raw_sources(const std::string& bucket, const nlohmann::ordered_json& config);
/// The subjects that the stream takes beside the bucket's own.
std::vector<std::string> other_subjects(const std::string& bucket, const nlohmann::ordered_json& config);

/// What early clients did otherwise than add does today, as far as a server can change it: which values go
/// when the bucket is full, purges, direct gets, the window of duplicates.
void bring_up_to_date(nlohmann::ordered_json& config);
/// Whether that is one of these fields.
bool brought_by_update(const std::string& field);

/// "KV_x" -> "x"; another stream's name as it is.
std::string bucket_of(const std::string& stream);
/// The domain of {"external":{"api":"$JS.<domain>.API"}}; "" where there is none.
std::string domain_of(const nlohmann::ordered_json& source);

/// The configuration without what says nothing: absent, zero, false, empty, unlimited, and the server's own
/// `_nats.*` metadata, so that a server's defaults compare equal to what was not sent.
nlohmann::ordered_json significant(const nlohmann::ordered_json& config);
/// The names of the stream configuration's fields that differ after significant(), in the order of `one`.
std::vector<std::string> differing(const nlohmann::ordered_json& one, const nlohmann::ordered_json& other);
/// Of these fields, those whose value in `answer` is not the one in `asked`: what a server dropped or
/// changed. What was not asked for may be whatever the server fills in.
std::vector<std::string> not_kept(const nlohmann::ordered_json& asked, const nlohmann::ordered_json& answer);

/// What a mirror keeps less of than its origin, as options: "--history (5 there)". A server asks either of
/// them for what is read of the origin.
std::vector<std::string> tighter(const nlohmann::ordered_json& mirror, const nlohmann::ordered_json& origin);

/// An option and the nats-server 2.x that first knows it; older ones drop it silently.
struct ServerRequirement {
  std::string_view option;
  int minor;
};
std::vector<ServerRequirement> needs(const BucketChanges& wishes);

}  // namespace natskv
