#include "docs/fields.hpp"
#include "views/bucket.hpp"
#include "views/check.hpp"
#include "views/context.hpp"
#include "views/difference.hpp"
#include "views/entry.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace natskv;
using Json = nlohmann::ordered_json;

namespace {

// A mirror and sources, republished, in a cluster: what no one bucket is.
const Json everything = Json::parse(R"({
  "created": "2026-01-01T00:00:00Z",
  "config": {"name": "KV_b", "metadata": {"a": "b"}, "placement": {"cluster": "east", "tags": ["ssd"]},
    "republish": {"src": "$KV.b.>", "dest": "out.>", "headers_only": true},
    "mirror": {"name": "KV_o", "external": {"api": "$JS.hub.API"}},
    "sources": [{"name": "KV_s", "external": {"api": "$JS.hub.API"}}]},
  "state": {},
  "mirror": {"name": "KV_o", "lag": 1, "active": 1000000, "external": {"api": "$JS.hub.API"},
    "error": {"err_code": 10059, "description": "stream not found"}},
  "sources": [{"name": "KV_s", "lag": 1, "active": 1000000, "external": {"api": "$JS.hub.API"},
    "error": {"err_code": 10059, "description": "stream not found"}}],
  "cluster": {"name": "c", "leader": "l",
    "replicas": [{"name": "r", "current": true, "offline": false, "lag": 0}]}})");

void is_documented(const Json& object, const std::vector<docs::FieldLine>& members) {
  std::vector<std::string> is, should;
  for (const auto& item : object.items()) {
    const std::string& name = item.key();
    const Json& value = item.value();
    is.push_back(name);
    const auto at =
        std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.name == name; });
    CAPTURE(name);
    REQUIRE(at != members.end());
    CHECK(at->type.starts_with(value.type_name()));
    if (!at->members.empty()) is_documented(value.at(0), at->members);
  }
  for (const auto& member : members) should.push_back(member.name);
  CHECK(is == should);
}

// Views say what type each field has: it is the one that they print.
template <class T>
void has_declared_types(const View<T>& view, const T& full) {
  for (const auto& field : view.fields) {
    const Value value = field.read(full);
    std::string type = "string";
    if (std::holds_alternative<bool>(value)) type = "boolean";
    if (std::holds_alternative<std::int64_t>(value) || std::holds_alternative<std::uint64_t>(value) ||
        std::holds_alternative<Span>(value) || std::holds_alternative<Size>(value))
      type = "number";
    if (const auto* nested = std::get_if<Nested>(&value)) type = nested->json->type_name();
    CAPTURE(field.key);
    CHECK_FALSE(std::holds_alternative<std::monostate>(value));
    CHECK(field.type == type);
  }
}

}  // namespace

TEST_CASE("Each field has the type that it says") {
  Json full = everything;
  full["created"] = full["state"]["last_ts"] = "2026-01-01T00:00:00Z";
  full["config"].update(Json::parse(R"({"description": "d", "storage": "file", "compression": "s2",
      "max_age": 1, "subject_delete_marker_ttl": 1, "max_msg_size": 1, "max_bytes": 1, "max_msgs": 1})"));
  has_declared_types(fields::bucket(false), BucketRecord(bucket_info(full)));
  Entry entry;
  entry.delta = 0;
  entry.revision = 1;
  entry.ttl = seconds(1);
  entry.marker_reason = "MaxAge";
  has_declared_types(fields::get(), entry);
  has_declared_types(fields::written(), Written{"b", "k", 1, Operation::put});
  has_declared_types(fields::difference(true), Difference{"changed", "k", 1, 2, Bytes{"a"}, Bytes{"b"}});
  has_declared_types(fields::check(), Check{"tcp", "ok", "d", "h"});
  has_declared_types(fields::contexts(), ListedContext{"n", true, "d", "s"});
}

TEST_CASE("The fields of JSON are described, in their order") {
  const auto records = docs::records();
  REQUIRE_FALSE(records.empty());
  std::string names;
  for (const auto& field : records[0].fields) names += field.name + ":" + field.type + " ";
  CHECK(names ==
        "bucket:string key:string revision:number operation:string created:string size:number value:string "
        "value_base64:string delta:number ttl_seconds:number expires:string marker_reason:string ");
}

TEST_CASE("What stands inside a bucket's fields is described, with its types") {
  const auto record = BucketRecord(bucket_info(everything));
  const auto records = docs::records();
  const auto bucket = std::find_if(records.begin(), records.end(),
                                   [](const auto& one) { return one.title.starts_with("A bucket:"); });
  REQUIRE(bucket != records.end());
  int met = 0;
  for (const auto& field : bucket->fields) {
    if (field.type != "object" && field.type != "array") continue;
    CAPTURE(field.name);
    const auto& value = record.parts->at(field.name);
    ++met;
    if (field.name == "metadata")
      CHECK(value.at("a").is_string());
    else
      is_documented(value.is_array() ? value.at(0) : value, field.members);
  }
  CHECK(met == 6);
}
