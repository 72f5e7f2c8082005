#include "kv/admin/config.hpp"

#include "base/failure.hpp"
#include "base/pattern.hpp"
#include "kv/admin/parts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t two_minutes = 120'000'000'000;

// ADR-8: the duplicate window is two minutes, and not longer than values live.
std::int64_t window(std::int64_t max_age) {
  return max_age > 0 ? std::min(max_age, two_minutes) : two_minutes;
}

std::string subjects(const std::string& bucket) { return fmt::format("$KV.{}.>", bucket); }

std::int64_t limit(Size size) { return size.bytes <= 0 ? -1 : size.bytes; }

void set_ttl(Span ttl, Json& config) {
  const auto before = config.value("max_age", std::int64_t{0});
  const auto kept = config.value("duplicate_window", std::int64_t{0});
  config["max_age"] = ttl.ns;
  // A window that was set explicitly stays, if the server accepts it.
  if (kept == 0 || kept == window(before))
    config["duplicate_window"] = window(ttl.ns);
  else if (ttl.ns > 0)
    config["duplicate_window"] = std::min(kept, ttl.ns);
}

void set_marker_ttl(Span ttl, Json& config) {
  if (ttl.ns > 0) {
    config["allow_msg_ttl"] = true;
    config["subject_delete_marker_ttl"] = ttl.ns;
  } else {
    config.erase("subject_delete_marker_ttl");
  }
}

void place(const BucketChanges& wishes, Json& config) {
  if (!wishes.tags && !wishes.cluster) return;
  Json placement =
      config.contains("placement") && config["placement"].is_object() ? config["placement"] : Json::object();
  const auto set = [&placement](const char* name, const Json& value) {
    if (value.empty() || is_no_text(value))
      placement.erase(name);
    else
      placement[name] = value;
  };
  if (wishes.cluster) set("cluster", *wishes.cluster);
  if (wishes.tags) set("tags", *wishes.tags);
  if (placement.empty())
    config.erase("placement");
  else
    config["placement"] = placement;
}

void set_metadata(const BucketChanges& wishes, Json& config) {
  if (wishes.metadata.empty() && !wishes.no_metadata) return;
  Json metadata = Json::object();
  if (const auto before = config.find("metadata"); before != config.end() && before->is_object()) {
    for (const auto& [key, value] : before->items()) {
      if (!wishes.no_metadata || key.starts_with(reserved)) metadata[key] = value;
    }
  }
  for (const auto& [key, value] : wishes.metadata) metadata[key] = value;
  if (metadata.empty())
    config.erase("metadata");
  else
    config["metadata"] = metadata;
}

/// Newer servers accept a source that matches nothing stored here. Sources may copy other buckets' subjects.
void check_republish_source(const BucketChanges& wishes, const std::string& bucket, const Json& config) {
  if (!wishes.republish_source || !wishes.sources.empty() || config.contains("sources")) return;
  std::string stored = bucket;
  if (const auto mirror = config.find("mirror"); mirror != config.end() && mirror->is_object())
    stored = bucket_of(mirror->value("name", ""));
  if (wishes.mirror) stored = *wishes.mirror;
  if (intersection(*wishes.republish_source, subjects(stored))) return;
  throw usage(fmt::format("--republish-source: this bucket's keys are stored under {}", subjects(stored)));
}

void set_republish(const BucketChanges& wishes, const std::string& bucket, Json& config) {
  if (wishes.no_republish) config.erase("republish");
  if (!wishes.republish_source && !wishes.republish_destination && !wishes.republish_headers) return;
  Json republish =
      config.contains("republish") && config["republish"].is_object() ? config["republish"] : Json::object();
  if (wishes.republish_source) republish["src"] = *wishes.republish_source;
  if (wishes.republish_destination) republish["dest"] = *wishes.republish_destination;
  if (republish.value("dest", std::string()).empty()) {
    throw usage(fmt::format("{} needs --republish-destination",
                            wishes.republish_source ? "--republish-source" : "--republish-headers"));
  }
  check_republish_source(wishes, bucket, config);
  if (wishes.republish_headers) republish["headers_only"] = true;
  config["republish"] = republish;
}

void set_mirror(const BucketChanges& wishes, const std::string& bucket, Json& config) {
  if (wishes.mirror) {
    Json mirror{{"name", "KV_" + *wishes.mirror}};
    if (wishes.mirror_domain)
      mirror["external"] = {{"api", fmt::format("$JS.{}.API", *wishes.mirror_domain)}};
    config.erase("subjects");
    config["mirror"] = mirror;
    config["mirror_direct"] = true;
  }
  if (wishes.no_mirror && config.contains("mirror")) {
    config.erase("mirror");
    config.erase("mirror_direct");
    config["subjects"] = Json::array({subjects(bucket)});
  }
}

void set_sources(const BucketChanges& wishes, const std::string& bucket, Json& config) {
  if (wishes.sources.empty() && wishes.no_sources.empty()) return;
  Json sources =
      config.contains("sources") && config["sources"].is_array() ? config["sources"] : Json::array();
  const auto find = [&sources](const std::string& name) {
    return std::find_if(sources.begin(), sources.end(),
                        [&name](const Json& source) { return source.value("name", "") == "KV_" + name; });
  };
  for (const auto& name : wishes.no_sources) {
    const auto found = find(name);
    if (found == sources.end()) {
      throw Failure(Exit::failure, fmt::format("bucket \"{}\" has no source \"{}\"", bucket, name), {},
                    {bucket});
    }
    sources.erase(found);
  }
  for (const auto& name : wishes.sources) {
    auto found = find(name);
    if (found == sources.end()) {
      sources.push_back({{"name", "KV_" + name}});
      found = sources.end() - 1;
    }
    // Without the transform the keys would be stored under the origin's subjects, where they are not found
    // (ADR-57).
    if (!brings_keys_to(*found, bucket))
      (*found)["subject_transforms"] = Json::array({{{"src", subjects(name)}, {"dest", subjects(bucket)}}});
  }
  if (sources.empty())
    config.erase("sources");
  else
    config["sources"] = sources;
}

}  // namespace

nlohmann::ordered_json bucket_config(const std::string& bucket, const BucketChanges& wishes) {
  Json config{{"name", "KV_" + bucket},
              {"subjects", Json::array({subjects(bucket)})},
              {"retention", "limits"},
              {"max_consumers", -1},
              {"max_msgs_per_subject", 1},
              {"max_msgs", -1},
              {"max_bytes", -1},
              {"max_age", 0},
              {"max_msg_size", -1},
              {"storage", "file"},
              {"discard", "new"},
              {"num_replicas", 1},
              {"duplicate_window", two_minutes},
              {"deny_delete", true},
              {"allow_rollup_hdrs", true},
              {"allow_direct", true}};
  apply(wishes, bucket, config);
  return config;
}

Json config_like(const std::string& bucket, const Json& config, bool elsewhere) {
  constexpr std::array own{"name",   "subjects",  "mirror",        "sources",        "sealed",
                           "no_ack", "first_seq", "mirror_direct", "template_owner", "subject_transform"};
  Json wanted = bucket_config(bucket, {});
  const Json said = significant(config);
  for (const auto& [name, value] : config.items()) {
    const bool skipped = std::find(own.begin(), own.end(), name) != own.end() ||
                         name == (elsewhere ? "placement" : "republish");
    if (!skipped && (wanted.contains(name) || said.contains(name)))
      wanted[name] = said.contains(name) ? said.at(name) : value;
  }
  if (const auto republish = wanted.find("republish"); republish != wanted.end()) {
    const std::string prefix = "$KV." + bucket_of(config.value("name", "")) + ".";
    if (const auto source = republish->value("src", ""); source.starts_with(prefix))
      (*republish)["src"] = "$KV." + bucket + "." + source.substr(prefix.size());
  }
  return wanted;
}

Json config_as(const std::string& bucket, const Json& other) {
  const std::string stream = other.value("name", "");
  const std::string before = subjects(bucket_of(stream)), now = subjects(bucket);
  Json config = other;
  config["name"] = "KV_" + bucket;
  if (config.contains("subjects")) config["subjects"] = Json::array({now});
  if (config.contains("metadata")) config["metadata"] = own_metadata(config["metadata"]);
  if (const auto sources = config.find("sources"); sources != config.end()) {
    for (auto& source : *sources) {
      if (!source.contains("subject_transforms")) continue;
      for (auto& transform : source["subject_transforms"])
        if (transform.value("dest", "") == before) transform["dest"] = now;
    }
  }
  if (config.contains("republish") && config["republish"].value("src", "") == before)
    config["republish"]["src"] = now;
  return config;
}

void apply(const BucketChanges& wishes, const std::string& bucket, Json& config) {
  if (wishes.description) config["description"] = *wishes.description;
  if (wishes.history) config["max_msgs_per_subject"] = *wishes.history;
  if (wishes.storage) config["storage"] = *wishes.storage;
  if (wishes.ttl) set_ttl(*wishes.ttl, config);
  if (wishes.marker_ttl) set_marker_ttl(*wishes.marker_ttl, config);
  if (wishes.replicas) config["num_replicas"] = *wishes.replicas;
  if (wishes.max_value_size) config["max_msg_size"] = limit(*wishes.max_value_size);
  if (wishes.max_bucket_size) config["max_bytes"] = limit(*wishes.max_bucket_size);
  // Servers without compression have "none": it is sent only where it changes something.
  if (wishes.compress.value_or(false))
    config["compression"] = "s2";
  else if (wishes.compress && config.contains("compression"))
    config["compression"] = "none";
  if (wishes.atomic.value_or(false))
    config["allow_atomic"] = true;
  else if (wishes.atomic && config.contains("allow_atomic"))
    config["allow_atomic"] = false;
  if (wishes.key_ttl) config["allow_msg_ttl"] = true;
  place(wishes, config);
  set_metadata(wishes, config);
  set_republish(wishes, bucket, config);
  set_mirror(wishes, bucket, config);
  set_sources(wishes, bucket, config);
}

namespace {

/// What add sets on every bucket and a server can change later.
constexpr std::array brought_up_to_date{"discard", "deny_delete", "allow_rollup_hdrs", "allow_direct",
                                        "duplicate_window"};

}  // namespace

void bring_up_to_date(Json& config) {
  const bool mirror = config.contains("mirror");
  Json wanted = bucket_config({}, {});
  wanted["duplicate_window"] = window(config.value("max_age", std::int64_t{0}));
  for (const char* name : brought_up_to_date) {
    if (!mirror || std::string_view(name) != "duplicate_window") config[name] = wanted[name];
  }
}

bool brought_by_update(const std::string& field) {
  return std::find(brought_up_to_date.begin(), brought_up_to_date.end(), field) != brought_up_to_date.end();
}

std::vector<ServerRequirement> needs(const BucketChanges& wishes) {
  std::vector<ServerRequirement> all;
  if (wishes.marker_ttl.value_or(Span{}).ns > 0) all.push_back({"--marker-ttl", 11});
  if (wishes.key_ttl) all.push_back({"a TTL of single keys", 11});
  if (wishes.atomic.value_or(false)) all.push_back({"--atomic", 12});
  if (wishes.compress.value_or(false)) all.push_back({"--compress", 10});
  if (!wishes.metadata.empty()) all.push_back({"--metadata", 10});
  if (!wishes.sources.empty()) all.push_back({"--source", 10});
  return all;
}

}  // namespace natskv
