#include "commands/buckets/like.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace natskv::commands {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t largest_file = std::size_t{4} << 20U;

/// Members of the record; one with the wrong type is a usage error that names it.
class Record {
 public:
  Record(Json json, std::string where) : json_(std::move(json)), where_(std::move(where)) {}

  template <class T>
  void take(const char* name, std::optional<T>& to) const {
    if (const Json* const value = find(name)) to = as<T>(*value, name);
  }
  void span(const char* name, std::optional<Span>& to) const {
    if (const Json* const value = find(name)) to = Span{std::llround(as<double>(*value, name) * 1e9)};
  }
  void size(const char* name, std::optional<Size>& to) const {
    if (const Json* const value = find(name)) to = Size{as<std::int64_t>(*value, name)};
  }
  [[nodiscard]] bool flag(const char* name) const {
    const Json* const value = find(name);
    return value != nullptr && as<bool>(*value, name);
  }
  [[nodiscard]] Record part(const char* name) const {
    const Json* const value = find(name);
    if (value != nullptr && !value->is_object()) throw wrong(name);
    return {value == nullptr ? Json::object() : *value, where_};
  }
  [[nodiscard]] std::vector<Record> list(const char* name) const {
    std::vector<Record> all;
    const Json* const value = find(name);
    if (value == nullptr) return all;
    if (!value->is_array()) throw wrong(name);
    for (const auto& one : *value) all.emplace_back(one, where_);
    return all;
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> texts() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [key, value] : json_.items()) {
      if (!key.starts_with("_nats.")) all.emplace_back(key, as<std::string>(value, key.c_str()));
    }
    return all;
  }

 private:
  [[nodiscard]] const Json* find(const char* name) const {
    const auto at = json_.find(name);
    return at == json_.end() || at->is_null() ? nullptr : &*at;
  }
  [[nodiscard]] Failure wrong(const char* name) const {
    return usage("--like: " + where_ + ": \"" + name + "\" is not what natskv info -o json prints");
  }
  template <class T>
  T as(const Json& value, const char* name) const {
    try {
      return value.get<T>();
    } catch (const Json::exception&) {
      throw wrong(name);
    }
  }

  Json json_;
  std::string where_;
};

template <class T>
void override_with(std::optional<T>& base, const std::optional<T>& more) {
  if (more) base = more;
}

}  // namespace

bool names_a_file(const std::string& word) {
  return word == "-" || word.find_first_of("/.") != std::string::npos;
}

BucketChanges wishes_in(const std::string& file) {
  const std::string where = file == "-" ? "standard input" : in_quotes(file);
  std::string text;
  if (file == "-") {
    text = read_all(STDIN_FILENO, "--like", where, largest_file);
  } else {
    const File input = open_to_read(file, "--like");
    text = read_all(input.fd(), "--like", where, largest_file);
  }
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("bucket") || !json.contains("history"))
    throw usage("--like: " + where + " is not what natskv info -o json prints");
  const Record record(std::move(json), where);
  BucketChanges wishes;
  record.take("description", wishes.description);
  record.take("history", wishes.history);
  record.take("storage", wishes.storage);
  record.take("replicas", wishes.replicas);
  record.span("ttl_seconds", wishes.ttl);
  record.span("marker_ttl_seconds", wishes.marker_ttl);
  record.size("max_value_bytes", wishes.max_value_size);
  record.size("max_bucket_bytes", wishes.max_bucket_size);
  std::optional<std::string> compression;
  record.take("compression", compression);
  if (compression && *compression != "none") wishes.compress = true;
  wishes.metadata = record.part("metadata").texts();
  record.part("placement").take("cluster", wishes.cluster);
  record.part("placement").take("tags", wishes.tags);
  record.part("republish").take("source", wishes.republish_source);
  record.part("republish").take("destination", wishes.republish_destination);
  // "All keys" of the printed bucket means all keys of the new one.
  std::optional<std::string> bucket;
  record.take("bucket", bucket);
  if (wishes.republish_source == "$KV." + bucket.value_or("") + ".>") wishes.republish_source.reset();
  wishes.republish_headers = record.part("republish").flag("headers_only");
  record.part("mirror").take("bucket", wishes.mirror);
  record.part("mirror").take("domain", wishes.mirror_domain);
  for (const auto& source : record.list("sources")) {
    std::optional<std::string> name;
    source.take("bucket", name);
    if (name) wishes.sources.push_back(*name);
  }
  wishes.key_ttl = record.flag("key_ttl");
  if (record.flag("atomic")) wishes.atomic = true;
  return wishes;
}

BucketChanges merged(BucketChanges base, const BucketChanges& more) {
  override_with(base.description, more.description);
  override_with(base.history, more.history);
  override_with(base.storage, more.storage);
  override_with(base.ttl, more.ttl);
  override_with(base.marker_ttl, more.marker_ttl);
  override_with(base.replicas, more.replicas);
  override_with(base.max_value_size, more.max_value_size);
  override_with(base.max_bucket_size, more.max_bucket_size);
  override_with(base.compress, more.compress);
  override_with(base.atomic, more.atomic);
  override_with(base.tags, more.tags);
  override_with(base.cluster, more.cluster);
  override_with(base.republish_source, more.republish_source);
  override_with(base.republish_destination, more.republish_destination);
  base.republish_headers = base.republish_headers || more.republish_headers;
  if (more.mirror) base.sources.clear();
  if (!more.sources.empty()) base.mirror.reset(), base.mirror_domain.reset();
  override_with(base.mirror, more.mirror);
  override_with(base.mirror_domain, more.mirror_domain);
  for (const auto& [key, value] : more.metadata) {
    std::erase_if(base.metadata, [&key = key](const auto& pair) { return pair.first == key; });
    base.metadata.emplace_back(key, value);
  }
  for (const auto& name : more.sources) {
    if (std::find(base.sources.begin(), base.sources.end(), name) == base.sources.end())
      base.sources.push_back(name);
  }
  return base;
}

}  // namespace natskv::commands
