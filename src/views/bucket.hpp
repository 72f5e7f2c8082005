// What is printed of a bucket and of a change of its settings: SPEC 5's names, order and types.
#pragma once

#include "base/types.hpp"
#include "output/record.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace natskv {

/// A bucket as STREAM.INFO tells it.
struct BucketRecord {
  std::string bucket, stream, description, storage, compression;
  std::string used;  ///< of a limited bucket: "12% of 10 MiB", for people
  Instant created, last_update;
  std::uint64_t values = 0, keys = 0;
  Size bytes, max_value, max_bucket;
  std::int64_t max_values = -1;
  bool key_ttl = false, atomic = false;
  std::uint64_t history = 0, replicas = 0;
  Span ttl, marker_ttl;
  /// Of metadata, placement, republish, mirror, sources, cluster those that apply.
  std::shared_ptr<const nlohmann::ordered_json> parts;
};

BucketRecord bucket_record(const nlohmann::ordered_json& info);

/// One setting that changes, under the record's name and in its units.
struct Change {
  std::string field;
  enum class Unit { plain, span, size } unit = Unit::plain;
  std::shared_ptr<const nlohmann::ordered_json> old_value, new_value;
};

/// An edit as one JSON object.
struct Edited {
  std::string bucket;
  std::shared_ptr<const nlohmann::ordered_json> changes;
};

/// The changes of these fields of a stream configuration.
std::vector<Change> changes(const std::vector<std::string>& names, const nlohmann::ordered_json& before,
                            const nlohmann::ordered_json& after);
Edited edited(const std::string& bucket, const std::vector<Change>& changes);

/// "history is 5, not 1; ttl is 1h, not none": what stands in `is` for these fields, against `should`.
std::string spelled(const std::vector<std::string>& names, const nlohmann::ordered_json& is,
                    const nlohmann::ordered_json& should);
/// Whether edit has an option for each of these fields.
bool editable(const std::vector<std::string>& names);
/// Whether add --update changes each of them: what edit has an option for, and what early clients made
/// otherwise.
bool updatable(const std::vector<std::string>& names);
/// The options that set these fields: "--compress and --metadata".
std::string options_of(const std::vector<std::string>& names);

}  // namespace natskv

namespace natskv::fields {

/// `info`, `add`: everything; people see how full it is, too.
const View<BucketRecord>& bucket(bool for_people);
/// `ls`.
const View<BucketRecord>& buckets();
/// `edit` in rows, and as one object.
const View<Change>& changes();
const View<Edited>& edited();

}  // namespace natskv::fields
