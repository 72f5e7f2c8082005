#include "docs/fields.hpp"

#include "views/bucket.hpp"
#include "views/entry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace natskv::docs {
namespace {

const std::map<std::string_view, std::string_view> meanings{
    {"bucket", "name of the bucket."},
    {"key", "name of the key; key_base64 where it is not UTF-8."},
    {"revision", "revision in the bucket: every write has one, rising."},
    {"operation", "PUT, DEL or PURGE; DEL and PURGE are markers."},
    {"created", "when it was written: RFC 3339, UTC, nanoseconds."},
    {"size", "bytes of the value."},
    {"value", "the value where it is valid UTF-8."},
    {"value_base64", "the value where it is not. Markers have neither."},
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
    {"max_values", "limit of messages, which other clients may have set."},
    {"compression", "how the server compresses it (s2); absent where it does not."},
    {"metadata", "words of the user, each a string; the server's own (_nats.*) are not shown."},
    {"placement", "where it is kept"},
    {"republish", "where changes are published"},
    {"mirror", "what it mirrors"},
    {"sources", "what it collects, an object each"},
    {"cluster", "who holds it"},
    {"stream", "the stream behind it."},
    {"key_ttl", "whether single keys may have a time to live."},
    {"atomic", "whether it takes atomic batches."},
    {"backing_store", "JetStream."},
    {"marker_reason", "of a marker that the server wrote: MaxAge, Purge or Remove."},
    {"changes", "an object for each setting that changes"},
};

// What a word means in another way of a bucket than of an entry.
const std::map<std::string_view, std::string_view> meanings_of_bucket{
    {"created", "when the bucket was made: RFC 3339, UTC, nanoseconds."},
    {"ttl_seconds", "how long values live, in seconds."},
};

const std::vector<FieldLine> origin{{"bucket", "string", ""},
                                    {"domain", "string", ""},
                                    {"lag", "number", ""},
                                    {"last_seen_seconds", "number", ""},
                                    {"error", "string", "why it copies nothing, in the server's words"}};

std::vector<FieldLine> of_a_source() {
  auto lines = origin;
  lines.insert(
      lines.begin() + 2,
      {"as_keys", "boolean", "false of one without a subject transform, whose values are no keys here"});
  return lines;
}

const std::map<std::string_view, std::vector<FieldLine>> members{
    {"placement", {{"cluster", "string", ""}, {"tags", "array of strings", ""}}},
    {"republish", {{"source", "string", ""}, {"destination", "string", ""}, {"headers_only", "boolean", ""}}},
    {"mirror", origin},
    {"sources", of_a_source()},
    {"cluster",
     {{"name", "string", ""},
      {"leader", "string", ""},
      {"replicas",
       "array",
       "",
       {{"name", "string", ""},
        {"current", "boolean", ""},
        {"offline", "boolean", ""},
        {"lag", "number", ""}}}}},
    {"changes",
     {{"field", "string", ""}, {"old", "of the field's type", ""}, {"new", "of the field's type", ""}}},
};

// What its own command declares.
const std::vector<RecordLines> others{
    {"A difference: diff",
     {{"change", "string", "added, removed or changed."},
      {"key", "string", "name of the key."},
      {"revision_a", "number", "its revision in the first bucket, where it is in that."},
      {"revision_b", "number", "its revision in the second bucket, where it is in that."}}},
    {"A check: doctor",
     {{"check", "string", "its name."},
      {"result", "string",
       "ok, failed or skipped; warning: it works, but look at it; off: it is not enabled here."},
      {"detail", "string", "what was found."},
      {"hint", "string", "what may help."}}},
    {"A context: context ls",
     {{"name", "string", "its name."},
      {"selected", "boolean", "whether it is the selected one."},
      {"description", "string", "what it is for."},
      {"server", "string", "its servers, without what may be secret."}}},
    {"A context's settings: context show",
     {{"name", "string", "its name."},
      {"path", "string", "its file."},
      {"selected", "boolean", "whether it is the selected one."},
      {"description", "string", "what it is for."},
      {"url", "string", "its servers, without what may be secret."},
      {"user", "string", "the user."},
      {"password", "string", "(set), as of every secret."},
      {"token", "string", "(set)"},
      {"creds", "string", "file of credentials."},
      {"nkey", "string", "file of an NKey."},
      {"user_jwt", "string", "(set)"},
      {"user_seed", "string", "(set)"},
      {"cert", "string", "file of the client's certificate."},
      {"key", "string", "file of its key."},
      {"ca", "string", "file of certificates that are trusted."},
      {"tls_first", "boolean", "whether TLS begins before the server speaks."},
      {"jetstream_domain", "string", "JetStream's domain."},
      {"jetstream_api_prefix", "string", "prefix of JetStream's subjects."},
      {"inbox_prefix", "string", "prefix of answers' subjects."},
      {"unsupported", "string", "a setting that natskv refuses."}}},
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
    auto meaning = meanings.find(field.key);
    if (const auto other = meanings_of_bucket.find(field.key);
        other != meanings_of_bucket.end() && std::is_same_v<T, BucketRecord>)
      meaning = other;
    std::string type;
    for (const auto& sample : samples) {
      if (type.empty()) type = type_of(field.read(sample));
    }
    if (meaning == meanings.end() || type.empty())
      throw std::logic_error(fmt::format("docs/fields.cpp does not know the field {}", field.key));
    lines.fields.push_back({std::string(field.key), type, std::string(meaning->second)});
    if (const auto parts = members.find(field.key); parts != members.end())
      lines.fields.back().members = parts->second;
    if (field.key == "value")
      lines.fields.push_back({"value_base64", "string", std::string(meanings.at("value_base64"))});
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
  full.max_values = 1;
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
  const auto changes = nlohmann::ordered_json::array();
  const Edited edited{"x", std::make_shared<const nlohmann::ordered_json>(changes)};
  std::vector<RecordLines> all{
      record<Entry>("An entry: get, keys -v, history, watch, export", fields::get(), {entry}),
      record<BucketRecord>("A bucket: info, add, ls", fields::bucket(false), {bucket}),
      record<Written>("A write: put, create, update, del, purge, revert, edit-value, touch",
                      fields::written(), {written}),
      record<Edited>("A change of settings: edit", fields::edited(), {edited})};
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

std::vector<ColumnLine> columns() {
  const auto words = [](const auto& view) { return fmt::format("{}", fmt::join(view.tsv, " ")); };
  std::vector<ColumnLine> all{
      {"keys", words(fields::names())},
      {"keys -v", words(fields::keys(false))},
      {"keys --display-value", words(fields::keys(true))},
      {"get", words(fields::get())},
      {"history, watch", words(fields::events(true))},
      {"put, create, update, del, purge, revert, edit-value, touch", words(fields::written())},
      {"ls", words(fields::buckets())},
      {"info, add, context show", "field value"},
      {"edit", words(fields::changes())}};
  for (const auto& record : others) {
    if (record.title.ends_with("context show")) continue;
    std::string names;
    for (const auto& field : record.fields) names += (names.empty() ? "" : " ") + field.name;
    all.push_back({record.title.substr(record.title.find(": ") + 2), names});
  }
  return all;
}

}  // namespace natskv::docs
