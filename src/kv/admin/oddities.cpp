// What doctor says about a bucket's configuration.
#include "kv/admin/config.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv {

using Json = nlohmann::ordered_json;

std::vector<Oddity> oddities(const std::string& bucket, const Json& config) {
  std::vector<Oddity> all;
  const std::string update = fmt::format("natskv add {} --update changes it", bucket);
  if (const auto retention = config.value("retention", "limits"); retention != "limits")
    all.push_back({fmt::format("retention is {}: values are deleted when no consumer needs them", retention),
                   "create another bucket and copy the keys"});
  for (const auto& name : raw_sources(bucket, config))
    all.push_back(
        {fmt::format("source \"{}\" has no subject transform: what it copies are not keys here", name),
         fmt::format("natskv edit {} --source {} adds it", bucket, name)});
  for (const auto& subject : other_subjects(bucket, config))
    all.push_back({fmt::format("its stream also stores \"{}\", which are not keys", subject), {}});
  if (config.value("discard_new_per_subject", false))
    all.push_back(
        {"a key that has as many revisions as are kept can't be written (discard_new_per_subject)", {}});
  if (config.contains("mirror")) return all;
  if (config.value("discard", "") != "new")
    all.push_back({"when it is full it drops the oldest values, of any key (discard is old)", update});
  if (!config.value("allow_rollup_hdrs", false))
    all.push_back({"it does not allow purges (no roll-up)", update});
  if (!config.value("deny_delete", false))
    all.push_back({"single revisions can be deleted (no deny_delete)", update});
  if (!config.value("allow_direct", false))
    all.push_back({"only its leader answers reads (no direct gets)", update});
  return all;
}

}  // namespace natskv
