// How a change of a bucket's settings is printed; names, order and types are a contract (natskv-output(7)).
#pragma once

#include "output/record.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace natskv {

/// One changed setting, with the record's name and units.
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

/// "history is 5, not 1; ttl is 1h, not none": the values of these fields in `is`, compared with `should`.
std::string spelled(const std::vector<std::string>& names, const nlohmann::ordered_json& is,
                    const nlohmann::ordered_json& should);
/// Whether edit has an option for each of these fields.
bool editable(const std::vector<std::string>& names);
/// Whether add --update changes each of them: what edit has an option for, and what early clients set
/// differently.
bool updatable(const std::vector<std::string>& names);
/// The options that set these fields: "--compress and --metadata".
std::string options_of(const std::vector<std::string>& names);

}  // namespace natskv

namespace natskv::fields {

/// `edit` in rows, and as one object.
const View<Change>& changes();
const View<Edited>& edited();

}  // namespace natskv::fields
