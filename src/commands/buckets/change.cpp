// Carries out a change of a bucket's settings, and reports what did not take effect.
#include "commands/buckets/bucket_settings.hpp"
#include "kv/admin/buckets.hpp"
#include "kv/admin/losses.hpp"
#include "kv/explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv::commands {
namespace {

using Json = nlohmann::ordered_json;

// A single server names itself as leader, but no cluster; 2.9 then accepts any number of replicas.
bool clustered(const Json& info) {
  const auto cluster = info.find("cluster");
  return cluster != info.end() && cluster->is_object() && !cluster->value("name", "").empty();
}

std::string on_version(Session& session) {
  const std::string version = server_version(session);
  return version.empty() ? std::string() : fmt::format(" on nats-server {}", version);
}

Failure not_effective(Session& session, const std::string& bucket, const std::vector<std::string>& names,
                      const Json& asked, const Json& answer) {
  return {Exit::failure,
          fmt::format("bucket \"{}\": {} did not take effect{}: {}", bucket, options_of(names),
                      on_version(session), spelled(names, answer, asked)),
          {},
          {bucket}};
}

}  // namespace

std::optional<Failure> settings_not_applied(Session& session, const std::string& bucket, const Json& asked,
                                            const Json& answer) {
  const auto names = not_kept(asked, answer);
  if (names.empty()) return std::nullopt;
  return not_effective(session, bucket, names, asked, answer);
}

std::vector<Failure> unexpected_changes(Session& session, const std::string& bucket, const Changed& changed) {
  std::vector<Failure> all;
  if (changed.fields.empty() || !changed.info) return all;
  const Json& asked = *changed.after;
  const Json& answer = changed.info->at("config");
  const auto named = [&](const std::string& field) {
    return std::find(changed.fields.begin(), changed.fields.end(), field) != changed.fields.end();
  };
  // A removal must take effect, too; otherwise a server may fill in what was not set. A value that is neither
  // the old nor the new one was changed by another client.
  const auto untouched = differing(*changed.before, answer);
  const auto as_before = [&](const std::string& field) {
    return std::find(untouched.begin(), untouched.end(), field) == untouched.end();
  };
  std::vector<std::string> lost = differing(asked, answer), others = not_kept(asked, answer);
  std::erase_if(others, [&](const std::string& field) { return named(field) && as_before(field); });
  std::erase_if(lost, [&](const std::string& field) { return !named(field) || !as_before(field); });
  if (!lost.empty()) all.push_back(not_effective(session, bucket, lost, asked, answer));
  if (!others.empty())
    all.push_back({Exit::failure,
                   fmt::format("bucket \"{}\" was changed by another client meanwhile: {}", bucket,
                               spelled(others, answer, asked)),
                   {},
                   {bucket}});
  return all;
}

namespace {

// The loss is named before anything is sent.
void agree(Invocation& natskv, const std::string& bucket, const std::vector<std::string>& losses,
           Consent consent) {
  if (losses.empty() || consent == Consent::forced) return;
  const auto what = fmt::format("{}", fmt::join(losses, "; "));
  if (consent == Consent::dry_run) return natskv.warn(what);
  natskv.require_consent(false, fmt::format("changing bucket \"{}\" ({})", bucket, what));
  natskv.confirm(fmt::format("{}. Change {}?", what, Invocation::named(natskv.session(), bucket)));
  natskv.session().lift_deadline();  // the question restarted it
}

}  // namespace

Changed change(Invocation& natskv, const std::string& bucket, const BucketChanges& wishes, const Json& info,
               Consent consent, bool up_to_date) {
  Session& session = natskv.session();
  const Json& before = info.at("config");
  Json after = before;
  apply(wishes, bucket, after);
  if (up_to_date) bring_up_to_date(after);
  if (wishes.mirror) check_origins(session, wishes, after);
  Changed changed{std::make_shared<const Json>(before), nullptr, nullptr, differing(before, after)};
  if (changed.fields.empty()) {
    changed.after = changed.before;
    changed.info = std::make_shared<const Json>(info);
    return changed;
  }
  require_server(session, bucket, needs(wishes));
  if (wishes.replicas.value_or(1) > 1 && !clustered(info)) throw needs_cluster(bucket);
  if (!wishes.mirror) check_origins(session, wishes, after);
  changed.after = std::make_shared<const Json>(after);
  agree(natskv, bucket, losses(info, after), consent);
  if (consent == Consent::dry_run) return changed;
  const Json again = read_bucket(session, bucket);
  if (const auto meanwhile = differing(before, again.at("config")); !meanwhile.empty()) {
    throw Failure(
        Exit::conflict,
        fmt::format("bucket \"{}\" was changed by another client meanwhile: {}; nothing was changed", bucket,
                    spelled(meanwhile, again.at("config"), before)),
        {}, {bucket});
  }
  changed.info = std::make_shared<const Json>(update_bucket(session, bucket, after));
  return changed;
}

}  // namespace natskv::commands
