// Bucket settings <-> stream configuration JSON, which is kept whole. Pure: asks no server.
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

/// The settings that the user gave; the others stay as they are (edit) or get ADR-8's defaults (add).
struct BucketChanges {
  std::optional<std::string> description = {};  ///< "" removes it
  std::optional<std::uint64_t> history = {};    ///< 1 … 64
  std::optional<std::string> storage = {};      ///< "file" or "memory"; add only
  std::optional<Span> ttl = {};                 ///< 0: forever
  std::optional<Span> marker_ttl = {};          ///< 0: no limit markers
  std::optional<std::uint64_t> replicas = {};   ///< 1 … 5
  std::optional<Size> max_value_size = {};      ///< 0 and -1: unlimited
  std::optional<Size> max_bucket_size = {};     ///< 0 and -1: unlimited
  std::optional<bool> compress = {};
  std::optional<bool> atomic = {};                    ///< batches that are stored whole or not at all
  bool key_ttl = false;                               ///< per-key TTL, even without markers (add --like)
  std::optional<std::vector<std::string>> tags = {};  ///< replaces; none: removes
  std::optional<std::string> cluster = {};            ///< "" removes it
  std::vector<std::pair<std::string, std::string>> metadata = {};  ///< added to what is there
  std::optional<std::string> republish_source = {};
  std::optional<std::string> republish_destination = {};
  bool republish_headers = false;
  std::optional<std::string> mirror = {};  ///< a bucket's name; add only
  std::optional<std::string> mirror_domain = {};
  std::vector<std::string> sources = {};  ///< bucket names, added to what is there
  bool no_metadata = false;
  bool no_republish = false;
  bool no_mirror = false;
  std::vector<std::string> no_sources = {};

  bool operator==(const BucketChanges&) const = default;
};

/// The stream configuration of a new bucket, as ADR-8 and ADR-57 prescribe and nats.go does it. Only what
/// every server since 2.9 knows, and what was asked for: newer servers refuse unknown fields, older ones drop
/// them.
nlohmann::ordered_json bucket_config(const std::string& bucket, const BucketChanges& wishes);

/// The configuration of a new bucket with the settings of another, without its mirror and sources.
/// `elsewhere`: on another server, where republishing cannot duplicate messages; placement is only copied on
/// the same one.
nlohmann::ordered_json config_like(const std::string& bucket, const nlohmann::ordered_json& config,
                                   bool elsewhere);
/// The same with all of its settings, including mirror, sources and republishing (add --like).
nlohmann::ordered_json config_as(const std::string& bucket, const nlohmann::ordered_json& other);

/// How a bucket's configuration differs from what add creates, so that it does not behave as its users
/// expect, and what would help ("" if nothing).
struct Oddity {
  std::string what, hint;
};
std::vector<Oddity> oddities(const std::string& bucket, const nlohmann::ordered_json& config);

/// Changes a configuration as the server gave it, leaving everything else as it is. Failure: usage for
/// republishing without a destination, failure for an unknown source.
void apply(const BucketChanges& wishes, const std::string& bucket, nlohmann::ordered_json& config);

/// Whether the stream KV_<bucket> is a bucket: it limits messages per subject and has the bucket's subjects
/// (and perhaps others), or has none and copies other buckets (ADR-8, ADR-57: clients mirror and source only
/// KV_…). A stream of that name with other subjects, or a copy of another stream, belongs to something else.
bool is_bucket(const std::string& bucket, const nlohmann::ordered_json& config);

/// Whether a source stores what it copies as keys of this bucket (with a subject transform, ADR-57).
bool brings_keys_to(const nlohmann::ordered_json& source, const std::string& bucket);
/// The sources that do not: what they copy is stored, but not as keys.
std::vector<std::string> raw_sources(const std::string& bucket, const nlohmann::ordered_json& config);
/// The stream's subjects besides the bucket's own.
std::vector<std::string> other_subjects(const std::string& bucket, const nlohmann::ordered_json& config);

/// What early clients set differently from add, as far as a server can change it: which values are dropped
/// when the bucket is full, purges, direct gets, the duplicate window.
void bring_up_to_date(nlohmann::ordered_json& config);
/// Whether that is one of these fields.
bool brought_by_update(const std::string& field);

/// "KV_x" -> "x"; another stream's name as it is.
std::string bucket_of(const std::string& stream);
/// The domain of {"external":{"api":"$JS.<domain>.API"}}; "" where there is none.
std::string domain_of(const nlohmann::ordered_json& source);

/// The configuration without defaults (absent, zero, false, empty, unlimited) and the server's own `_nats.*`
/// metadata, so that a server's defaults compare equal to what was not sent.
nlohmann::ordered_json significant(const nlohmann::ordered_json& config);
/// The names of the stream configuration's fields that differ after significant(), in the order of `one`.
std::vector<std::string> differing(const nlohmann::ordered_json& one, const nlohmann::ordered_json& other);
/// Of these fields, those whose value in `answer` differs from `asked`: what the server dropped or changed.
/// What was not asked for may be anything that the server fills in.
std::vector<std::string> not_kept(const nlohmann::ordered_json& asked, const nlohmann::ordered_json& answer);

/// Which limits of a mirror are lower than its origin's, as options: "--history (5 there)". Reads of the
/// origin may be answered by either.
std::vector<std::string> tighter(const nlohmann::ordered_json& mirror, const nlohmann::ordered_json& origin);

/// An option and the minor version of nats-server 2 that introduced it; older ones silently drop it.
struct ServerRequirement {
  std::string_view option;
  int minor;
};
std::vector<ServerRequirement> needs(const BucketChanges& wishes);

}  // namespace natskv
