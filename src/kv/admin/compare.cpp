// Whether two configurations are equivalent.
#include "kv/admin/config.hpp"
#include "kv/admin/parts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {

using Json = nlohmann::ordered_json;

bool is_no_text(const Json& value) {
  return value.is_string() && value.get_ref<const std::string&>().empty();
}

bool says_nothing(const Json& value) {
  return value.is_null() || value == false || value == 0 || value == -1 || is_no_text(value) ||
         (value.is_structured() && value.empty());
}

Json own_metadata(const Json& all) {
  Json own = Json::object();
  for (const auto& [key, value] : all.items()) {
    if (!key.starts_with(reserved)) own[key] = value;
  }
  return own;
}

namespace {

Json without_nothing(const Json& value) {
  if (!value.is_structured()) return value;
  Json kept = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, member] : value.items()) {
    Json inner = without_nothing(member);
    if (value.is_array())
      kept.push_back(std::move(inner));
    else if (!says_nothing(inner))
      kept[key] = std::move(inner);
  }
  return kept;
}

// Objects are the same whatever the order of their members.
bool same(const Json& one, const Json& other) { return nlohmann::json(one) == nlohmann::json(other); }

}  // namespace

Json significant(const Json& config) {
  Json kept = without_nothing(config);
  if (const auto metadata = config.find("metadata"); metadata != config.end() && metadata->is_object()) {
    kept["metadata"] = own_metadata(*metadata);
    if (kept["metadata"].empty()) kept.erase("metadata");
  }
  // What a server fills in where nothing was set.
  const auto drop = [&kept](const char* name, const char* usual) {
    if (const auto at = kept.find(name); at != kept.end() && *at == usual) kept.erase(at);
  };
  // The server decides by the origin: it is false if the origin has no direct gets, whatever was requested.
  kept.erase("mirror_direct");
  if (kept.contains("mirror")) kept.erase("duplicate_window");
  drop("compression", "none");
  drop("retention", "limits");
  drop("persist_mode", "default");
  if (const auto republish = kept.find("republish");
      republish != kept.end() && republish->value("src", "") == ">") {
    republish->erase("src");
    if (republish->empty()) kept.erase(republish);
  }
  if (const auto sources = kept.find("sources"); sources != kept.end() && sources->is_array()) {
    std::sort(sources->begin(), sources->end(),
              [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
  }
  return kept;
}

std::vector<std::string> differing(const Json& one, const Json& other) {
  const Json a = significant(one), b = significant(other);
  std::vector<std::string> names;
  for (const auto& [name, value] : a.items()) {
    const auto at = b.find(name);
    if (at == b.end() || !same(*at, value)) names.push_back(name);
  }
  for (const auto& [name, value] : b.items()) {
    if (!a.contains(name)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> not_kept(const Json& asked, const Json& answer) {
  auto names = differing(asked, answer);
  std::erase_if(names, [&asked](const std::string& name) { return !asked.contains(name); });
  return names;
}

std::vector<std::string> tighter(const Json& mirror, const Json& origin) {
  std::vector<std::string> options;
  const auto compare = [&](const char* field, std::string_view option, std::int64_t unit, const char* name) {
    const auto here = mirror.value(field, std::int64_t{0}), there = origin.value(field, std::int64_t{0});
    if (here <= 0 || (there > 0 && here >= there)) return;
    options.push_back(there <= 0 ? fmt::format("{} (unlimited there)", option)
                                 : fmt::format("{} ({}{} there)", option, there / unit, name));
  };
  compare("max_msgs_per_subject", "--history", 1, "");
  compare("max_age", "--ttl", 1'000'000, "ms");
  compare("max_msg_size", "--max-value-size", 1, " B");
  compare("max_bytes", "--max-bucket-size", 1, " B");
  return options;
}

}  // namespace natskv
