#include "views/settings.hpp"

#include "base/text.hpp"
#include "kv/admin/config.hpp"
#include "kv/admin/info.hpp"
#include "views/bucket.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;
using Unit = Change::Unit;

/// A field of the stream configuration, as natskv calls it.
struct Setting {
  std::string_view stream, field, spoken, option;
  Unit unit = Unit::plain;
};
constexpr std::array settings{
    Setting{"description", "description", "description", "--description"},
    Setting{"max_msgs_per_subject", "history", "history", "--history"},
    Setting{"storage", "storage", "storage", "--storage"},
    Setting{"num_replicas", "replicas", "replicas", "--replicas"},
    Setting{"max_age", "ttl_seconds", "ttl", "--ttl", Unit::span},
    Setting{"subject_delete_marker_ttl", "marker_ttl_seconds", "marker ttl", "--marker-ttl", Unit::span},
    Setting{"allow_msg_ttl", "key_ttl", "per-key TTL", "--marker-ttl"},
    Setting{"allow_atomic", "atomic", "atomic batches", "--atomic"},
    Setting{"max_msg_size", "max_value_bytes", "max value size", "--max-value-size", Unit::size},
    Setting{"max_bytes", "max_bucket_bytes", "max bucket size", "--max-bucket-size", Unit::size},
    Setting{"max_msgs", "max_values", "max values", {}},
    Setting{"compression", "compression", "compression", "--compress"},
    Setting{"metadata", "metadata", "metadata", "--metadata"},
    Setting{"placement", "placement", "placement", "--tags or --cluster"},
    Setting{"republish", "republish", "republish", "--republish-destination"},
    Setting{"mirror", "mirror", "mirror", "--mirror"},
    Setting{"sources", "sources", "sources", "--source"},
    Setting{"duplicate_window", "duplicate_window", "duplicate window", "--ttl", Unit::span},
};

Setting setting(const std::string& name) {
  const auto* found =
      std::find_if(settings.begin(), settings.end(), [&](const Setting& s) { return s.stream == name; });
  if (found != settings.end()) return *found;
  return {name, name, name, {}, Unit::plain};
}

/// A field's value in the record's form; null if there is none.
Json shown(const std::string& name, const Json& config) {
  if (name == "allow_msg_ttl" || name == "allow_atomic") return config.value(name, false);
  const Json kept = significant(config);
  const auto at = kept.find(name);
  if (at == kept.end()) return {};
  if (name == "mirror") return json_of(origin_of(*at));
  if (name == "republish") return json_of(republishing_of(*at));
  if (name == "placement") return json_of(placement_of(*at));
  if (name != "sources") return *at;
  Json all = Json::array();
  const auto bucket = bucket_of(config.value("name", ""));
  for (const auto& source : config.at(name)) all.push_back(json_of(source_of(source, bucket)));
  return all;
}

/// For a message.
std::string said(const Setting& field, const Json& value) {
  if (value.is_null()) return "none";
  if (field.unit == Unit::span && value.is_number()) return text::human_span(Span{value.get<std::int64_t>()});
  if (field.unit == Unit::size && value.is_number()) return text::human_size(value.get<std::int64_t>());
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// For a document: spans are seconds.
Json documented(const Change& change, const Json& value) {
  if (change.unit != Unit::span || !value.is_number()) return value;
  const auto ns = value.get<std::int64_t>();
  return ns % 1'000'000'000 == 0 ? Json(ns / 1'000'000'000) : Json(static_cast<double>(ns) / 1e9);
}

Value value_of(const Change& change, const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string_view(value.get_ref<const std::string&>());
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number() && change.unit == Unit::span) return Span{value.get<std::int64_t>()};
  if (value.is_number() && change.unit == Unit::size) return Size{value.get<std::int64_t>()};
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return Nested{&value};
}

}  // namespace

std::vector<Change> changes(const std::vector<std::string>& names, const Json& before, const Json& after) {
  std::vector<Change> all;
  for (const auto& name : names) {
    const Setting field = setting(name);
    all.push_back({std::string(field.field), field.unit, std::make_shared<const Json>(shown(name, before)),
                   std::make_shared<const Json>(shown(name, after))});
  }
  return all;
}

Edited edited(const std::string& bucket, const std::vector<Change>& changes) {
  Json list = Json::array();
  for (const auto& change : changes) {
    Json row{{"field", change.field}};
    if (!change.old_value->is_null()) row["old"] = documented(change, *change.old_value);
    if (!change.new_value->is_null()) row["new"] = documented(change, *change.new_value);
    list.push_back(row);
  }
  return {bucket, std::make_shared<const Json>(std::move(list))};
}

std::string spelled(const std::vector<std::string>& names, const Json& is, const Json& should) {
  std::string text;
  for (const auto& name : names) {
    const Setting field = setting(name);
    text += fmt::format("{}{} is {}, not {}", text.empty() ? "" : "; ", field.spoken,
                        said(field, shown(name, is)), said(field, shown(name, should)));
  }
  return text;
}

bool editable(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&names](const std::string& name) {
    // edit changes duplicate_window only together with max_age.
    if (name == "duplicate_window") return std::find(names.begin(), names.end(), "max_age") != names.end();
    return name != "storage" && name != "mirror" && !setting(name).option.empty();
  });
}

bool updatable(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return brought_by_update(name) || editable({name}); });
}

std::string options_of(const std::vector<std::string>& names) {
  std::vector<std::string_view> options;
  for (const auto& name : names) {
    const Setting field = setting(name);
    const auto word = field.option.empty() ? std::string_view(name) : field.option;
    if (std::find(options.begin(), options.end(), word) == options.end()) options.push_back(word);
  }
  return fmt::format("{}", fmt::join(options, ", "));
}

}  // namespace natskv

namespace natskv::fields {
namespace {

constexpr Member change_members[] = {
    {"field", "string", ""}, {"old", "of the field's type", ""}, {"new", "of the field's type", ""}};

constexpr Field<Change> change_fields[] = {
    {"field", "FIELD", [](const Change& c) { return Value{std::string_view(c.field)}; }, Emphasis::name},
    {"old", "OLD", [](const Change& c) { return value_of(c, *c.old_value); }, Emphasis::text},
    {"new", "NEW", [](const Change& c) { return value_of(c, *c.new_value); }, Emphasis::text},
};

constexpr Field<Edited> edited_fields[] = {
    {"bucket", "BUCKET", [](const Edited& e) { return Value{std::string_view(e.bucket)}; }, Emphasis::name,
     "string", "name of the bucket."},
    {"changes", "CHANGES", [](const Edited& e) { return Value{Nested{e.changes.get()}}; }, Emphasis::plain,
     "array", "an object for each setting that changes", 0, change_members},
};

}  // namespace

const View<Change>& changes() {
  static const View<Change> view{.fields = change_fields, .tsv = {"field", "old", "new"}, .plain = "field"};
  return view;
}

const View<Edited>& edited() {
  static const View<Edited> view{.fields = edited_fields, .tsv = {"bucket", "changes"}, .plain = "bucket"};
  return view;
}

}  // namespace natskv::fields
