// How buckets are printed; names, order and types are a contract (natskv-output(7)).
#pragma once

#include "kv/admin/info.hpp"
#include "output/record.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>

namespace natskv {

/// A bucket that owns what its fields point to.
struct BucketRecord : BucketInfo {
  explicit BucketRecord(BucketInfo info);
  /// Those of metadata, placement, republish, mirror, sources and cluster that apply.
  std::shared_ptr<const nlohmann::ordered_json> parts;
  /// The same for people, each an array of sentences; and values, keys, used.
  std::shared_ptr<const nlohmann::ordered_json> sentences;
};

nlohmann::ordered_json json_of(const BucketOrigin& origin);
nlohmann::ordered_json json_of(const Republishing& republishing);
nlohmann::ordered_json json_of(const Placement& placement);

}  // namespace natskv

namespace natskv::fields {

/// `info`, `add`: everything. For people mirrors, sources and replicas are sentences.
const View<BucketRecord>& bucket(bool for_people);
/// `ls`; with `more` tables show the settings, too.
const View<BucketRecord>& buckets(bool more);

}  // namespace natskv::fields
