// Which of a stream's subjects and sources bring keys of a bucket.
#include "kv/admin/config.hpp"
#include "kv/admin/parts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;

bool lies_under(const Json& subject, const std::string& bucket) {
  return subject.is_string() &&
         subject.get_ref<const std::string&>().starts_with(fmt::format("$KV.{}.", bucket));
}

/// Whether what is copied are keys: from another bucket, or from any stream if stored under the bucket's
/// subjects.
bool brings_keys(const Json& source, const std::string& bucket) {
  if (!source.is_object()) return false;
  const Json name = source.value("name", Json());
  if (name.is_string() && name.get_ref<const std::string&>().starts_with("KV_")) return true;
  return brings_keys_to(source, bucket);
}

}  // namespace

bool is_bucket(const std::string& bucket, const Json& config) {
  if (config.value("name", "") != "KV_" + bucket || config.value("max_msgs_per_subject", std::int64_t{0}) < 1)
    return false;
  const Json taken = config.value("subjects", Json::array());
  // It may have other subjects too, as set up with nack or terraform.
  if (taken.is_array() && !taken.empty())
    return std::find(taken.begin(), taken.end(), fmt::format("$KV.{}.>", bucket)) != taken.end();
  if (const auto mirror = config.find("mirror"); mirror != config.end() && !says_nothing(*mirror))
    return brings_keys(*mirror, bucket);
  const Json sources = config.value("sources", Json::array());
  return sources.is_array() && !sources.empty() &&
         std::all_of(sources.begin(), sources.end(),
                     [&bucket](const Json& source) { return brings_keys(source, bucket); });
}

bool brings_keys_to(const Json& source, const std::string& bucket) {
  const Json transforms = source.is_object() ? source.value("subject_transforms", Json::array()) : Json();
  return transforms.is_array() && !transforms.empty() &&
         std::all_of(transforms.begin(), transforms.end(), [&bucket](const Json& transform) {
           return transform.is_object() && lies_under(transform.value("dest", Json()), bucket);
         });
}

std::vector<std::string> raw_sources(const std::string& bucket, const Json& config) {
  std::vector<std::string> names;
  for (const auto& source : config.value("sources", Json::array())) {
    if (!brings_keys_to(source, bucket)) names.push_back(bucket_of(source.value("name", "")));
  }
  return names;
}

std::vector<std::string> other_subjects(const std::string& bucket, const Json& config) {
  std::vector<std::string> others;
  for (const auto& subject : config.value("subjects", Json::array())) {
    if (!lies_under(subject, bucket)) others.push_back(subject.get<std::string>());
  }
  return others;
}

std::string bucket_of(const std::string& stream) {
  return stream.starts_with("KV_") ? stream.substr(3) : stream;
}

std::string domain_of(const Json& source) {
  const auto external = source.find("external");
  if (external == source.end() || !external->is_object()) return {};
  const std::string api = external->value("api", "");
  constexpr std::string_view before = "$JS.";
  constexpr std::string_view behind = ".API";
  if (!api.starts_with(before) || !api.ends_with(behind) || api.size() <= before.size() + behind.size())
    return {};
  return api.substr(before.size(), api.size() - before.size() - behind.size());
}

}  // namespace natskv
