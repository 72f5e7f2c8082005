#include "views/bucket.hpp"

#include "base/number_of.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <utility>
#include <vector>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;

Json with_state(const BucketOrigin& origin) {
  Json shown = json_of(origin);
  if (origin.last_seen) {
    shown["lag"] = origin.lag;
    shown["last_seen_seconds"] = static_cast<double>(origin.last_seen->ns / 1'000'000) / 1000;
  }
  if (!origin.error.empty()) shown["error"] = origin.error;
  return shown;
}

Json json_of(const BucketCluster& cluster) {
  Json shown = Json::object();
  if (!cluster.name.empty()) shown["name"] = cluster.name;
  if (!cluster.leader.empty()) shown["leader"] = cluster.leader;
  if (cluster.name.empty()) return shown;
  shown["replicas"] = Json::array();
  for (const auto& [name, current, offline, lag] : cluster.replicas)
    shown["replicas"].push_back({{"name", name}, {"current", current}, {"offline", offline}, {"lag", lag}});
  return shown;
}

Json parts_of(const BucketInfo& info) {
  Json parts = Json::object();
  for (const auto& [key, value] : info.metadata) parts["metadata"][key] = value;
  if (info.placement) parts["placement"] = json_of(*info.placement);
  if (info.republishing) parts["republish"] = json_of(*info.republishing);
  if (info.mirror) parts["mirror"] = with_state(*info.mirror);
  for (const auto& source : info.sources) parts["sources"].push_back(with_state(source));
  if (info.cluster) parts["cluster"] = json_of(*info.cluster);
  return parts;
}

// "orders, up to date, heard from 2s ago"
std::string sentence(const BucketOrigin& origin) {
  std::string text = origin.bucket;
  if (!origin.domain.empty()) text += fmt::format(" in JetStream domain {}", origin.domain);
  if (!origin.as_keys) text += ", not stored as keys";
  if (!origin.error.empty()) return text + ", not copied: " + origin.error;
  if (!origin.last_seen) return text + ", not heard from yet";
  text += origin.lag == 0 ? ", up to date" : fmt::format(", {} behind", number_of(origin.lag, "message"));
  const std::int64_t ago = origin.last_seen->ns / 1'000'000'000;
  return text + (ago == 0 ? ", heard from just now"
                          : fmt::format(", heard from {} ago", text::human_span(seconds(ago))));
}

std::string sentence(const Replica& replica) {
  std::string text = "replica " + replica.name;
  if (replica.offline) text += ", offline";
  if (replica.lag > 0) return text + fmt::format(", {} behind", number_of(replica.lag, "operation"));
  return text + (replica.current ? ", up to date" : ", not up to date");
}

std::string sentence(const Republishing& republishing) {
  return fmt::format("{} as {}{}", republishing.source, republishing.destination,
                     republishing.headers_only ? ", without values" : "");
}

std::string sentence(const Placement& placement) {
  std::string text = placement.cluster.empty() ? "" : "cluster " + placement.cluster;
  if (placement.tags.empty()) return text;
  return fmt::format("{}{}tagged {}", text, text.empty() ? "" : ", ", fmt::join(placement.tags, ", "));
}

Json sentences_of(const BucketInfo& info) {
  Json all = Json::object();
  all["values"] = info.values == 0 ? "none" : fmt::format("{}, markers included", info.values);
  if (info.keys > 0) all["keys"] = fmt::format("{}, deleted ones included", info.keys);
  if (info.max_bucket.bytes > 0)
    all["used"] = fmt::format(
        "{:.1f}% of {}",
        100.0 * static_cast<double>(info.bytes.bytes) / static_cast<double>(info.max_bucket.bytes),
        text::human_size(info.max_bucket.bytes));
  for (const auto& [key, value] : info.metadata) all["metadata"].push_back(key + "=" + value);
  if (info.placement) all["placement"].push_back(sentence(*info.placement));
  if (info.republishing) all["republish"].push_back(sentence(*info.republishing));
  if (info.mirror) all["mirror"].push_back(sentence(*info.mirror));
  for (const auto& source : info.sources) all["sources"].push_back(sentence(source));
  if (info.cluster && !info.cluster->name.empty()) {
    const auto& [name, leader, replicas] = *info.cluster;
    all["cluster"].push_back(leader.empty() ? name + ", without a leader" : name + ", leader " + leader);
    for (const auto& replica : replicas) all["cluster"].push_back(sentence(replica));
  }
  return all;
}

}  // namespace

Json json_of(const BucketOrigin& origin) {
  Json shown{{"bucket", origin.bucket}};
  if (!origin.domain.empty()) shown["domain"] = origin.domain;
  if (!origin.as_keys) shown["as_keys"] = false;
  return shown;
}

Json json_of(const Republishing& republishing) {
  return {{"source", republishing.source},
          {"destination", republishing.destination},
          {"headers_only", republishing.headers_only}};
}

Json json_of(const Placement& placement) {
  Json shown = Json::object();
  if (!placement.cluster.empty()) shown["cluster"] = placement.cluster;
  if (!placement.tags.empty()) shown["tags"] = placement.tags;
  return shown;
}

BucketRecord::BucketRecord(BucketInfo info)
    : BucketInfo(std::move(info)),
      parts(std::make_shared<const Json>(parts_of(*this))),
      sentences(std::make_shared<const Json>(sentences_of(*this))) {}

}  // namespace natskv

namespace natskv::fields {
namespace {

using B = BucketRecord;

Value text(const std::string& word) { return word.empty() ? Value{} : Value{std::string_view(word)}; }
Value limit(Size size) { return size.bytes <= 0 ? Value{} : Value{size}; }
Value span(Span span) { return span.ns <= 0 ? Value{} : Value{span}; }
// A server writes "never" as "0001-01-01".
Value moment(Instant when) { return when.ns <= 0 ? Value{} : Value{when}; }
Value in(const nlohmann::ordered_json& parts, std::string_view name) {
  const auto at = parts.find(name);
  if (at == parts.end()) return {};
  if (at->is_string()) return std::string_view(at->get_ref<const std::string&>());
  return Nested{&*at};
}
template <const char* name>
Value part(const B& b) {
  return in(*b.parts, name);
}
template <const char* name>
Value sentences(const B& b) {
  return in(*b.sentences, name);
}

constexpr char metadata[] = "metadata", placement[] = "placement", republish[] = "republish",
               mirror[] = "mirror", sources[] = "sources", cluster[] = "cluster", values[] = "values",
               keys[] = "keys", used[] = "used";

constexpr Member placement_members[] = {{"cluster", "string", ""}, {"tags", "array of strings", ""}};
constexpr Member republish_members[] = {
    {"source", "string", ""}, {"destination", "string", ""}, {"headers_only", "boolean", ""}};
constexpr Member origin_members[] = {{"bucket", "string", ""},
                                     {"domain", "string", ""},
                                     {"lag", "number", ""},
                                     {"last_seen_seconds", "number", ""},
                                     {"error", "string", "why nothing is copied, in the server's words"}};
constexpr Member source_members[] = {
    {"bucket", "string", ""},
    {"domain", "string", ""},
    {"as_keys", "boolean", "false without a subject transform: then its values are not keys here"},
    {"lag", "number", ""},
    {"last_seen_seconds", "number", ""},
    {"error", "string", "why nothing is copied, in the server's words"}};
constexpr Member replica_members[] = {
    {"name", "string", ""}, {"current", "boolean", ""}, {"offline", "boolean", ""}, {"lag", "number", ""}};
constexpr Member cluster_members[] = {
    {"name", "string", ""}, {"leader", "string", ""}, {"replicas", "array", "", replica_members}};

constexpr Field<B> bucket_fields[] = {
    {"bucket", "Bucket", [](const B& b) { return text(b.bucket); }, Emphasis::name, "string",
     "name of the bucket."},
    {"description", "Description",
     [](const B& b) { return b.description.empty() ? Value{} : Value{Bytes{b.description}}; }, Emphasis::text,
     "string", "what the bucket is for."},
    {"created", "Created", [](const B& b) { return moment(b.created); }, Emphasis::faint, "string",
     "when the bucket was created: RFC 3339, UTC, nanoseconds."},
    {"last_update", "Last update", [](const B& b) { return moment(b.last_update); }, Emphasis::faint,
     "string", "when the bucket was last written to."},
    {"values", "Values", [](const B& b) { return Value{b.values}; }, Emphasis::number, "number",
     "messages in the bucket: values and markers, history too."},
    {"keys", "Keys", [](const B& b) { return Value{b.keys}; }, Emphasis::number, "number",
     "keys with a value or a marker."},
    {"bytes", "Bytes", [](const B& b) { return Value{b.bytes}; }, Emphasis::number, "number",
     "disk or memory that the bucket uses on the server."},
    {"history", "History", [](const B& b) { return Value{b.history}; }, Emphasis::number, "number",
     "how many revisions of each key are kept."},
    {"storage", "Storage", [](const B& b) { return text(b.storage); }, Emphasis::plain, "string",
     "file or memory."},
    {"replicas", "Replicas", [](const B& b) { return Value{b.replicas}; }, Emphasis::number, "number",
     "how many servers store it."},
    {"ttl_seconds", "TTL", [](const B& b) { return span(b.ttl); }, Emphasis::plain, "number",
     "how long values live, in seconds."},
    {"marker_ttl_seconds", "Marker TTL", [](const B& b) { return span(b.marker_ttl); }, Emphasis::plain,
     "number", "how long markers that the server writes are kept, in seconds."},
    {"max_value_bytes", "Max value size", [](const B& b) { return limit(b.max_value); }, Emphasis::number,
     "number", "largest value allowed, in bytes."},
    {"max_bucket_bytes", "Max bucket size", [](const B& b) { return limit(b.max_bucket); }, Emphasis::number,
     "number", "largest size of the bucket, in bytes."},
    {"max_values", "Max values", [](const B& b) { return b.max_values <= 0 ? Value{} : Value{b.max_values}; },
     Emphasis::number, "number", "largest number of messages, a limit that other clients may have set."},
    {"compression", "Compression", [](const B& b) { return text(b.compression); }, Emphasis::plain, "string",
     "how the server compresses it (s2); absent where it is not compressed."},
    {"metadata", "Metadata", part<metadata>, Emphasis::text, "object",
     "the user's own metadata, each value a string; the server's (_nats.*) is not shown."},
    {"placement", "Placement", part<placement>, Emphasis::text, "object", "where it is stored", 0,
     placement_members},
    {"republish", "Republish", part<republish>, Emphasis::text, "object", "where changes are republished", 0,
     republish_members},
    {"mirror", "Mirror", part<mirror>, Emphasis::text, "object", "what it mirrors", 0, origin_members},
    {"sources", "Sources", part<sources>, Emphasis::text, "array", "what it copies from, an object each", 0,
     source_members},
    {"cluster", "Cluster", part<cluster>, Emphasis::text, "object", "who holds it", 0, cluster_members},
    {"stream", "Stream", [](const B& b) { return text(b.stream); }, Emphasis::plain, "string",
     "the stream that stores the bucket."},
    {"backing_store", "Backing store", [](const B&) { return Value{std::string_view("JetStream")}; },
     Emphasis::plain, "string", "JetStream."},
    {"key_ttl", "Key TTL", [](const B& b) { return Value{b.key_ttl}; }, Emphasis::plain, "boolean",
     "whether single keys can have a time to live."},
    {"atomic", "Atomic", [](const B& b) { return Value{b.atomic}; }, Emphasis::plain, "boolean",
     "whether it allows atomic batches."},
};

std::vector<std::string_view> json_names() {
  std::vector<std::string_view> names;
  for (const auto& field : bucket_fields) names.push_back(field.key);
  return names;
}

std::vector<Field<B>> copied() { return {std::begin(bucket_fields), std::end(bucket_fields)}; }

Field<B>& named(std::vector<Field<B>>& fields, std::string_view key) {
  for (auto& field : fields) {
    if (field.key == key) return field;
  }
  return fields.front();
}

/// The same fields as columns: their titles, and the order in which a narrow table leaves them out.
std::vector<Field<B>> as_columns() {
  auto fields = copied();
  int leaves = 0;
  for (const auto& [key, title] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"replicas", "REPLICAS"},
                                                                            {"storage", "STORAGE"},
                                                                            {"created", "CREATED"},
                                                                            {"max_bucket_bytes", "MAX SIZE"},
                                                                            {"ttl_seconds", "TTL"},
                                                                            {"history", "HISTORY"},
                                                                            {"last_update", "UPDATED"},
                                                                            {"bytes", "BYTES"},
                                                                            {"values", "VALUES"}}) {
    auto& field = named(fields, key);
    field.title = title;
    field.leaves = ++leaves;
  }
  named(fields, "bucket").title = "BUCKET";
  named(fields, "description").title = "DESCRIPTION";
  fields.push_back({"mirror_of", "MIRROR OF",
                    [](const B& b) { return b.mirror ? text(b.mirror->bucket) : Value{}; }, Emphasis::name});
  return fields;
}

/// The same fields for people: the description as plain text, the rest as sentences.
std::vector<Field<B>> as_sheet() {
  auto fields = copied();
  named(fields, "description").read = [](const B& b) { return text(b.description); };
  named(fields, "values").read = sentences<values>;
  named(fields, "keys").read = sentences<keys>;
  named(fields, "metadata").read = sentences<metadata>;
  named(fields, "placement").read = sentences<placement>;
  named(fields, "republish").read = sentences<republish>;
  named(fields, "mirror").read = sentences<mirror>;
  named(fields, "sources").read = sentences<sources>;
  named(fields, "cluster").read = sentences<cluster>;
  const auto after =
      std::find_if(fields.begin(), fields.end(), [](const auto& f) { return f.key == "bytes"; });
  fields.insert(std::next(after), {"used", "Used", sentences<used>});
  return fields;
}

}  // namespace

const View<BucketRecord>& bucket(bool for_people) {
  static const auto sheet_fields = as_sheet();
  static const View<B> record{.fields = bucket_fields, .plain = "bucket"};
  static const View<B> sheet{.fields = sheet_fields, .plain = "bucket"};
  return for_people ? sheet : record;
}

const View<BucketRecord>& buckets(bool more) {
  static const auto column_fields = as_columns();
  static const std::vector<std::string_view> listed{"bucket",  "values",      "bytes",
                                                    "created", "last_update", "description"};
  static const View<B> list{.fields = column_fields, .json = json_names(), .tsv = listed, .plain = "bucket"};
  static const View<B> settings{
      .fields = column_fields,
      .json = json_names(),
      .tsv = {"bucket", "values", "bytes", "created", "last_update", "description", "history", "ttl_seconds",
              "storage", "replicas", "max_bucket_bytes", "mirror_of"},
      .table = {"bucket", "values", "bytes", "created", "last_update", "history", "ttl_seconds", "storage",
                "replicas", "max_bucket_bytes", "mirror_of", "description"},
      .plain = "bucket"};
  return more ? settings : list;
}

}  // namespace natskv::fields
