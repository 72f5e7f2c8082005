#include "views/bucket.hpp"

#include "base/text.hpp"
#include "kv/admin/config.hpp"

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

Json origin(const Json& source) {
  Json shown{{"bucket", bucket_of(source.value("name", ""))}};
  if (const auto domain = domain_of(source); !domain.empty()) shown["domain"] = domain;
  return shown;
}

/// A source that does not store what it brings as keys says so.
Json source_of(const Json& source, const std::string& bucket) {
  Json shown = origin(source);
  if (!brings_keys_to(source, bucket)) shown["as_keys"] = false;
  return shown;
}

/// A field's value in the record's form; null where there is none.
Json shown(const std::string& name, const Json& config) {
  if (name == "allow_msg_ttl" || name == "allow_atomic") return config.value(name, false);
  const Json kept = significant(config);
  const auto at = kept.find(name);
  if (at == kept.end()) return {};
  if (name == "mirror") return origin(*at);
  if (name == "sources") {
    Json all = Json::array();
    for (const auto& source : config.at(name))
      all.push_back(source_of(source, bucket_of(config.value("name", ""))));
    return all;
  }
  if (name == "republish") {
    return {{"source", at->value("src", ">")},
            {"destination", at->value("dest", "")},
            {"headers_only", at->value("headers_only", false)}};
  }
  if (name != "placement") return *at;
  Json placement = Json::object();
  for (const char* part : {"cluster", "tags"}) {
    if (at->contains(part)) placement[part] = at->at(part);
  }
  return placement;
}

/// mirror and sources say how they are doing, too.
void add_state(Json& shown, const Json& state) {
  const auto active = state.value("active", std::int64_t{-1});
  const std::int64_t whole_ms = active / 1'000'000;
  // Never heard of, it is not 0 behind.
  if (active >= 0) {
    shown["lag"] = state.value("lag", std::uint64_t{0});
    shown["last_seen_seconds"] = static_cast<double>(whole_ms) / 1000;
  }
  if (const auto error = state.find("error"); error != state.end() && error->is_object())
    shown["error"] = error->value("description", "error " + std::to_string(error->value("err_code", 0)));
}

Json with_state(Json shown, const Json& state) {
  if (shown.is_object() && state.is_object()) add_state(shown, state);
  if (!shown.is_array() || !state.is_array()) return shown;
  for (auto& source : shown) {
    const auto found = std::find_if(state.begin(), state.end(), [&source](const Json& s) {
      return bucket_of(s.value("name", "")) == source.value("bucket", "") &&
             domain_of(s) == source.value("domain", "");
    });
    if (found != state.end()) add_state(source, *found);
  }
  return shown;
}

Json cluster(const Json& info) {
  const auto at = info.find("cluster");
  if (at == info.end() || !at->is_object()) return {};
  Json shown = Json::object();
  for (const char* name : {"name", "leader"}) {
    if (const auto word = at->value(name, ""); !word.empty()) shown[name] = word;
  }
  // A server on its own names itself as leader, and no cluster.
  if (!shown.contains("name")) return shown;
  Json replicas = Json::array();
  for (const auto& replica : at->value("replicas", Json::array())) {
    replicas.push_back({{"name", replica.value("name", "")},
                        {"current", replica.value("current", false)},
                        {"offline", replica.value("offline", false)},
                        {"lag", replica.value("lag", std::uint64_t{0})}});
  }
  shown["replicas"] = replicas;
  return shown;
}

Instant instant(const Json& object, const char* name) {
  const auto when = text::from_rfc3339(object.value(name, ""));
  return when ? *when : Instant{};
}

std::string used(std::uint64_t bytes, Size limit) {
  if (limit.bytes <= 0) return {};
  return fmt::format("{:.1f}% of {}", 100.0 * static_cast<double>(bytes) / static_cast<double>(limit.bytes),
                     text::human_size(limit.bytes));
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

BucketRecord bucket_record(const Json& info) {
  const Json& config = info.at("config");
  const Json state = info.value("state", Json::object());
  BucketRecord record;
  record.stream = config.value("name", "");
  record.bucket = bucket_of(record.stream);
  record.description = config.value("description", "");
  record.storage = config.value("storage", "");
  if (const auto compression = shown("compression", config); compression.is_string())
    record.compression = compression;
  record.created = instant(info, "created");
  record.last_update = instant(state, "last_ts");
  record.values = state.value("messages", std::uint64_t{0});
  record.keys = state.value("num_subjects", std::uint64_t{0});
  const auto bytes = state.value("bytes", std::uint64_t{0});
  record.bytes = Size{static_cast<std::int64_t>(bytes)};
  record.max_value = Size{config.value("max_msg_size", std::int64_t{-1})};
  record.max_bucket = Size{config.value("max_bytes", std::int64_t{-1})};
  record.used = used(bytes, record.max_bucket);
  record.key_ttl = config.value("allow_msg_ttl", false);
  record.atomic = config.value("allow_atomic", false);
  record.max_values = config.value("max_msgs", std::int64_t{-1});
  record.history = config.value("max_msgs_per_subject", std::uint64_t{0});
  record.replicas = config.value("num_replicas", std::uint64_t{0});
  record.ttl = Span{config.value("max_age", std::int64_t{0})};
  record.marker_ttl = Span{config.value("subject_delete_marker_ttl", std::int64_t{0})};
  Json parts = Json::object();
  for (const char* name : {"metadata", "placement", "republish"}) parts[name] = shown(name, config);
  for (const char* name : {"mirror", "sources"})
    parts[name] = with_state(shown(name, config), info.value(name, Json()));
  parts["cluster"] = cluster(info);
  record.parts = std::make_shared<const Json>(std::move(parts));
  return record;
}

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
    // A window that somebody chose is none of edit's, one that goes with a TTL is.
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

Value text(const std::string& word) { return word.empty() ? Value{} : Value{std::string_view(word)}; }
Value limit(Size size) { return size.bytes <= 0 ? Value{} : Value{size}; }
Value span(Span span) { return span.ns <= 0 ? Value{} : Value{span}; }
// "0001-01-01" is how a server says never.
Value moment(Instant when) { return when.ns <= 0 ? Value{} : Value{when}; }
Value part(const BucketRecord& b, const char* name) {
  const auto& value = b.parts->at(name);
  return value.is_null() || value.empty() ? Value{} : Value{Nested{&value}};
}

using B = BucketRecord;
constexpr Field<B> bucket_fields[] = {
    {"bucket", "Bucket", [](const B& b) { return text(b.bucket); }, Look::name},
    {"description", "Description",
     [](const B& b) { return b.description.empty() ? Value{} : Value{Bytes{b.description}}; }, Look::text},
    {"created", "Created", [](const B& b) { return moment(b.created); }, Look::faint},
    {"last_update", "Last update", [](const B& b) { return moment(b.last_update); }, Look::faint},
    {"values", "Values", [](const B& b) { return Value{b.values}; }, Look::number},
    {"keys", "Keys", [](const B& b) { return Value{b.keys}; }, Look::number},
    {"bytes", "Bytes", [](const B& b) { return Value{b.bytes}; }, Look::number},
    {"used", "Used", [](const B& b) { return text(b.used); }},
    {"history", "History", [](const B& b) { return Value{b.history}; }, Look::number},
    {"storage", "Storage", [](const B& b) { return text(b.storage); }},
    {"replicas", "Replicas", [](const B& b) { return Value{b.replicas}; }, Look::number},
    {"ttl_seconds", "TTL", [](const B& b) { return span(b.ttl); }},
    {"marker_ttl_seconds", "Marker TTL", [](const B& b) { return span(b.marker_ttl); }},
    {"max_value_bytes", "Max value size", [](const B& b) { return limit(b.max_value); }},
    {"max_bucket_bytes", "Max bucket size", [](const B& b) { return limit(b.max_bucket); }},
    {"max_values", "Max values", [](const B& b) { return b.max_values <= 0 ? Value{} : Value{b.max_values}; },
     Look::number},
    {"compression", "Compression", [](const B& b) { return text(b.compression); }},
    {"metadata", "Metadata", [](const B& b) { return part(b, "metadata"); }},
    {"placement", "Placement", [](const B& b) { return part(b, "placement"); }},
    {"republish", "Republish", [](const B& b) { return part(b, "republish"); }},
    {"mirror", "Mirror", [](const B& b) { return part(b, "mirror"); }},
    {"sources", "Sources", [](const B& b) { return part(b, "sources"); }},
    {"cluster", "Cluster", [](const B& b) { return part(b, "cluster"); }},
    {"stream", "Stream", [](const B& b) { return text(b.stream); }},
    {"backing_store", "Backing store", [](const B&) { return Value{std::string_view("JetStream")}; }},
    {"key_ttl", "Key TTL", [](const B& b) { return Value{b.key_ttl}; }},
    {"atomic", "Atomic", [](const B& b) { return Value{b.atomic}; }},
};

std::vector<std::string_view> names_of_bucket(bool with_used) {
  std::vector<std::string_view> names;
  for (const auto& field : bucket_fields) {
    if (with_used || field.key != "used") names.push_back(field.key);
  }
  return names;
}

constexpr Field<Change> change_fields[] = {
    {"field", "FIELD", [](const Change& c) { return Value{std::string_view(c.field)}; }, Look::name},
    {"old", "OLD", [](const Change& c) { return value_of(c, *c.old_value); }, Look::text},
    {"new", "NEW", [](const Change& c) { return value_of(c, *c.new_value); }, Look::text},
};

constexpr Field<Edited> edited_fields[] = {
    {"bucket", "BUCKET", [](const Edited& e) { return Value{std::string_view(e.bucket)}; }, Look::name},
    {"changes", "CHANGES", [](const Edited& e) { return Value{Nested{e.changes.get()}}; }},
};

const std::vector<std::string_view> listed{"bucket",  "values",      "bytes",
                                           "created", "last_update", "description"};

std::vector<Field<B>> all_fields() { return {std::begin(bucket_fields), std::end(bucket_fields)}; }

/// The same fields under the titles of columns.
std::vector<Field<B>> titled_as_columns() {
  auto fields = all_fields();
  for (auto& field : fields) {
    if (field.key == "bucket") field.title = "BUCKET";
    if (field.key == "values") field.title = "VALUES", field.leaves = 4;
    if (field.key == "bytes") field.title = "BYTES", field.leaves = 3;
    if (field.key == "created") field.title = "CREATED", field.leaves = 1;
    if (field.key == "last_update") field.title = "UPDATED", field.leaves = 2;
    if (field.key == "description") field.title = "DESCRIPTION";
  }
  return fields;
}
const std::vector<Field<B>> column_fields = titled_as_columns();

/// A user's words are escaped in TSV as values are; people see a description whole, as the text it is.
std::vector<Field<B>> fields_of_sheet() {
  auto fields = all_fields();
  for (auto& field : fields) {
    if (field.key == "description") field.read = [](const B& b) { return text(b.description); };
  }
  return fields;
}
const std::vector<Field<B>> sheet_fields = fields_of_sheet();

}  // namespace

const View<BucketRecord>& bucket(bool for_people) {
  static const View<B> record{
      .fields = bucket_fields, .json = names_of_bucket(false), .tsv = {}, .table = {}, .plain = "bucket"};
  static const View<B> sheet{
      .fields = sheet_fields, .json = names_of_bucket(true), .tsv = {}, .table = {}, .plain = "bucket"};
  return for_people ? sheet : record;
}

const View<BucketRecord>& buckets() {
  static const View<B> list{
      .fields = column_fields, .json = names_of_bucket(false), .tsv = listed, .table = {}, .plain = "bucket"};
  return list;
}

const View<Change>& changes() {
  static const View<Change> view{
      .fields = change_fields, .json = {}, .tsv = {"field", "old", "new"}, .table = {}, .plain = "field"};
  return view;
}

const View<Edited>& edited() {
  static const View<Edited> view{
      .fields = edited_fields, .json = {}, .tsv = {"bucket", "changes"}, .table = {}, .plain = "bucket"};
  return view;
}

}  // namespace natskv::fields
