#include "docs/fields.hpp"

#include "commands/bucket_fields.hpp"
#include "commands/fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>

namespace natskv::docs {
namespace {

const std::map<std::string_view, std::string_view> meanings{
    {"bucket", "name of the bucket."},
    {"key", "name of the key."},
    {"revision", "revision in the bucket: every write has one, rising."},
    {"operation", "PUT, DEL or PURGE; DEL and PURGE are markers."},
    {"created", "when it was written: RFC 3339, UTC, nanoseconds."},
    {"size", "bytes of the value."},
    {"value", "the value where it is valid UTF-8; in value_base64 where not; neither for markers."},
    {"delta",
     "how many messages of this listing came behind it; absent where keys were asked for one by one."},
    {"ttl_seconds", "time to live, in seconds."},
    {"expires", "when it goes, from created and ttl_seconds."},
    {"description", "what the bucket is for."},
    {"last_update", "when the bucket was last written to."},
    {"values", "messages in the bucket: values and markers, history too."},
    {"keys", "keys with a value or a marker."},
    {"bytes", "what the bucket takes on the server."},
    {"history", "revisions kept of a key."},
    {"storage", "file or memory."},
    {"replicas", "how many servers hold it."},
    {"marker_ttl_seconds", "how long markers that the server writes stay."},
    {"max_value_bytes", "limit of a value."},
    {"max_bucket_bytes", "limit of the bucket."},
    {"compression", "how the server compresses it: none or s2."},
    {"metadata", "words of the user and, under _nats., of the server."},
    {"placement", "where it is kept: cluster, tags."},
    {"republish", "where changes are published: source, destination, headers_only."},
    {"mirror", "what it mirrors: bucket, domain, lag, last_seen_seconds."},
    {"sources", "what it collects: bucket, domain, lag, last_seen_seconds of each."},
    {"cluster", "who holds it: name, leader, replicas (name, current, offline, lag of each)."},
    {"stream", "the stream behind it."},
    {"backing_store", "JetStream."},
    {"marker_reason", "of a marker that the server wrote: MaxAge, Purge or Remove."},
};

// The JSON type of a Value, by what a record of the fullest kind holds.
std::string type_of(const Value& value) {
  struct Names {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool) const { return "boolean"; }
    std::string operator()(std::int64_t) const { return "number"; }
    std::string operator()(std::uint64_t) const { return "number"; }
    std::string operator()(std::string_view) const { return "string"; }
    std::string operator()(Bytes) const { return "string"; }
    std::string operator()(Instant) const { return "string"; }
    std::string operator()(Span) const { return "number"; }
    std::string operator()(Size) const { return "number"; }
    std::string operator()(Nested nested) const {
      if (nested.json == nullptr) return {};
      return nested.json->is_array() ? "array" : "object";
    }
  };
  return std::visit(Names{}, value);
}

template <class T>
RecordLines record(std::string title, const View<T>& view, const std::vector<T>& samples) {
  RecordLines lines{std::move(title), {}};
  for (const auto& field : view.fields) {
    // Some are for people's tables only.
    if (!view.json.empty() && std::find(view.json.begin(), view.json.end(), field.key) == view.json.end())
      continue;
    const auto meaning = meanings.find(field.key);
    std::string type;
    for (const auto& sample : samples) {
      if (type.empty()) type = type_of(field.read(sample));
    }
    if (meaning == meanings.end() || type.empty())
      throw std::logic_error(fmt::format("docs/fields.cpp does not know the field {}", field.key));
    lines.fields.push_back({std::string(field.key), type, std::string(meaning->second)});
  }
  return lines;
}

// A bucket with everything that a bucket may have.
BucketRecord full_bucket() {
  BucketRecord full;
  full.bucket = full.stream = full.description = full.storage = full.compression = "x";
  full.values = full.keys = full.history = full.replicas = 1;
  full.bytes = full.max_value = full.max_bucket = Size{1};
  full.created = full.last_update = Instant{1};
  full.ttl = full.marker_ttl = seconds(1);
  const auto object = nlohmann::ordered_json::object({{"name", "x"}});
  full.parts = std::make_shared<const nlohmann::ordered_json>(
      nlohmann::ordered_json::object({{"metadata", object},
                                      {"placement", object},
                                      {"republish", object},
                                      {"mirror", object},
                                      {"sources", nlohmann::ordered_json::array({object})},
                                      {"cluster", object}}));
  return full;
}

}  // namespace

std::vector<RecordLines> records() {
  Entry entry;
  entry.delta = 0;
  entry.revision = 1;
  entry.ttl = seconds(1);
  entry.marker_reason = "MaxAge";
  Written written;
  written.revision = 1;
  const auto bucket = full_bucket();
  return {record<Entry>("An entry: get, keys -v, history, watch, export", fields::get(), {entry}),
          record<BucketRecord>("A bucket: info, add, ls", fields::bucket(false), {bucket}),
          record<Written>("A write: put, create, update, del, purge, revert", fields::written(), {written})};
}

}  // namespace natskv::docs
