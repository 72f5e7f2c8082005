#include "kv/address.hpp"

#include "kv/admin/config.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;

std::string without_wildcard(std::string_view subject) {
  return std::string(subject.substr(0, subject.size() - 1));
}

// The subjects of the bucket's keys in a mirror that renames them with a transform:
// "$KV.origin." of {"src":"$KV.origin.>","dest":"$KV.copy.>"}. nullopt: they are not renamed.
std::optional<std::string> renamed_from(const Json& mirror, const std::string& bucket) {
  const auto transforms = mirror.find("subject_transforms");
  if (transforms == mirror.end() || !transforms->is_array()) return std::nullopt;
  const std::string own = fmt::format("$KV.{}.", bucket);
  for (const auto& transform : *transforms) {
    const auto source = transform.value("src", std::string());
    const auto destination = transform.value("dest", std::string());
    if (!destination.starts_with(own)) continue;
    if (destination == own + ">" && source.ends_with(".>")) return without_wildcard(source);
    return fmt::format("$KV.{}.", bucket_of(mirror.value("name", std::string())));
  }
  return std::nullopt;
}

}  // namespace

StreamAddress address_of(const std::string& bucket, const Json& config, const std::string& api_prefix) {
  StreamAddress address{.stream = "KV_" + bucket,
                        .read_prefix = fmt::format("$KV.{}.", bucket),
                        .write_prefix = {},
                        .mirror = false,
                        .origin = bucket,
                        .domain = {},
                        .info = {}};
  const std::string here = api_prefix == "$JS.API" ? std::string() : api_prefix + ".";
  std::string prefix = here;
  std::string written = address.read_prefix;
  if (const auto mirror = config.find("mirror"); mirror != config.end() && mirror->is_object()) {
    const auto stream = mirror->value("name", std::string());
    if (stream.starts_with("KV_")) address.origin = stream.substr(3);
    address.mirror = true;
    address.domain = domain_of(*mirror);
    if (const auto external = mirror->find("external"); external != mirror->end() && external->is_object())
      prefix = external->value("api", std::string()) + ".";
    written = fmt::format("$KV.{}.", address.origin);
    if (const auto renamed = renamed_from(*mirror, bucket))
      written = *renamed;
    else
      address.read_prefix = written;
  }
  const std::string info = "STREAM.INFO.KV_" + address.origin;
  address.info = prefix == here ? fmt::format("{}.{}", api_prefix, info) : prefix + info;
  address.write_prefix = prefix + written;
  return address;
}

}  // namespace natskv
