#include "kv/admin/buckets.hpp"

#include "kv/explain.hpp"
#include "nats/codes.hpp"
#include "nats/probe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace natskv {
namespace {

using Json = nlohmann::ordered_json;

// A session request whose refusal becomes a sentence about the bucket.
Json ask(Session& session, const std::string& bucket, std::string_view what, const std::string& body,
         bool writes) {
  try {
    return session.api(what, body);
  } catch (const nats::Error& error) {
    const Failure failure = explain(session, error, {.bucket = bucket, .writes = writes});
    if (failure.exit() != Exit::unknown) throw failure;
    throw Failure(Exit::unknown,
                  fmt::format("bucket \"{}\": no answer; the change may have been made", bucket),
                  fmt::format("check with natskv info {}; repeating the command is safe", bucket), {bucket});
  }
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// "2.9.10" -> 9; nullopt for another major version or none.
std::optional<int> minor_of(std::string_view version) {
  if (!version.starts_with("2.")) return std::nullopt;
  version.remove_prefix(2);
  int minor = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), minor);
  return error == std::errc{} ? std::optional(minor) : std::nullopt;
}

// An origin: its name and where to ask for it.
struct Origin {
  std::string_view role;
  std::string name, domain = {};
};

std::string why(const nats::Error& error, const Origin& origin) {
  if (error.status != NATS_NO_RESPONDERS) return error.what();
  return origin.domain.empty() ? "no stream answers for it"
                               : fmt::format("no answer from JetStream domain \"{}\"", origin.domain);
}

// STREAM.INFO's configuration of it; throws nats::Error.
Json look_at(Session& session, const Origin& origin) {
  const std::string what = "STREAM.INFO.KV_" + origin.name;
  const std::string subject =
      origin.domain.empty() ? session.api_subject(what) : fmt::format("$JS.{}.API.{}", origin.domain, what);
  return session.request_json(subject, std::min(session.timeout(), seconds(1)))
      .value("config", Json::object());
}

// The same; null where it cannot be read or is not a bucket's.
Json check_origin(Session& session, const Origin& origin) {
  const auto& [role, name, domain] = origin;
  Json config;
  try {
    config = look_at(session, origin);
  } catch (const nats::Error& error) {
    if (error.status == NATS_NOT_PERMITTED) throw explain(session, error, {.bucket = name});
    session.notices().warn(
        error.code == nats::code::stream_not_found
            ? fmt::format("{} bucket \"{}\" does not exist", role, name)
            : fmt::format("{} bucket \"{}\" could not be checked: {}", role, name, why(error, origin)));
    return {};
  }
  if (!is_bucket(name, config)) {
    session.notices().warn(
        fmt::format("{} \"{}\": stream \"KV_{}\" is not a key-value bucket", role, name, name));
    return {};
  }
  if (const auto mirror = config.find("mirror"); mirror != config.end() && mirror->is_object()) {
    const std::string first = bucket_of(mirror->value("name", ""));
    throw Failure(Exit::failure,
                  fmt::format("{} bucket \"{}\" is itself a mirror of \"{}\": its keys would not be found",
                              role, name, first),
                  fmt::format("name \"{}\" instead", first), {name});
  }
  return config;
}

void compare_with(Session& session, const Origin& from, const Json& origin, const Json& wanted) {
  // A mirror in another domain does not answer for its origin.
  if (!from.domain.empty() || !origin.value("allow_direct", false)) return;
  const auto options = tighter(wanted, origin);
  if (options.empty()) return;
  session.notices().warn(
      fmt::format("bucket \"{}\" keeps more than mirror \"{}\" would, which may answer reads of it: {}",
                  from.name, bucket_of(wanted.value("name", "")), fmt::join(options, ", ")));
}

void follow(Session& session, const Origin& from, const Json& origin, Json& wanted) {
  if (!origin.value("allow_msg_ttl", false) || wanted.value("allow_msg_ttl", false)) return;
  if (api_level(session, from.name) >= 1)
    wanted["allow_msg_ttl"] = true;
  else
    session.notices().warn(fmt::format(
        "keys of bucket \"{}\" that have a TTL expire only there: this server does not support TTLs of keys",
        from.name));
}

// For a mirror that exists: that its origin cannot be read is not worth a warning.
void compare_again(Session& session, const Origin& from, const Json& wanted) {
  try {
    compare_with(session, from, look_at(session, from), wanted);
  } catch (const nats::Error& error) {
    if (error.status == NATS_NOT_PERMITTED) throw explain(session, error, {.bucket = from.name});
  }
}

// STREAM.LIST is not about one bucket: explain()'s sentence gets another subject.
Json ask_for_list(Session& session, std::size_t offset) {
  try {
    return session.api("STREAM.LIST", dump({{"offset", offset}}));
  } catch (const nats::Error& error) {
    constexpr std::string_view subject = "bucket \"*\"";
    const Failure failure = explain(session, error, {.bucket = "*"});
    std::string text = failure.what();
    if (text.starts_with(subject)) text.replace(0, subject.size(), "the list of buckets");
    throw Failure(failure.exit(), text, failure.hint());
  }
}

// One page of STREAM.LIST: streams by name, from an offset.
class Page {
 public:
  Page(Session& session, std::size_t offset) : answer_(ask_for_list(session, offset)) {}

  [[nodiscard]] const Json& streams() const {
    static const Json none = Json::array();
    const auto at = answer_.find("streams");
    return at != answer_.end() && at->is_array() ? *at : none;
  }
  [[nodiscard]] static std::string name(const Json& stream) { return stream.at("config").value("name", ""); }
  [[nodiscard]] std::size_t total() const { return answer_.value("total", std::size_t{0}); }
  void missing(std::vector<std::string>& names) const {
    const auto at = answer_.find("missing");
    if (at == answer_.end() || !at->is_array()) return;
    for (const auto& name : *at) {
      const auto stream = name.is_string() ? name.get<std::string>() : std::string();
      if (!stream.starts_with("KV_")) continue;
      if (std::find(names.begin(), names.end(), bucket_of(stream)) == names.end())
        names.push_back(bucket_of(stream));
    }
  }

 private:
  Json answer_;
};

}  // namespace

// Level 1 came with 2.11. Without the permission to ask, the greeting has to do.
int api_level(Session& session, const std::string& bucket) {
  try {
    const auto info = session.json_if_allowed(session.api_subject("INFO"));
    if (!info) {
      const int minor = minor_of(server_version(session)).value_or(0);
      return minor >= 12 ? 2 : minor == 11 ? 1 : 0;
    }
    const auto api = info->find("api");
    return api != info->end() && api->is_object() ? api->value("level", 0) : 0;
  } catch (const nats::Error& error) {
    throw explain(session, error, {.bucket = bucket});
  }
}

std::optional<Json> find_bucket(Session& session, const std::string& bucket, Exit if_none) {
  Json info;
  try {
    info = session.api("STREAM.INFO.KV_" + bucket);
  } catch (const nats::Error& error) {
    if (error.code == nats::code::stream_not_found) return std::nullopt;
    throw explain(session, error, {.bucket = bucket});
  }
  if (!is_bucket(bucket, info.at("config")))
    throw Failure(if_none, no_key_value(bucket).what(), {}, {bucket});
  return info;
}

Json read_bucket(Session& session, const std::string& bucket) {
  auto info = find_bucket(session, bucket);
  if (!info) throw no_bucket(session, bucket);
  return std::move(*info);
}

Json create_bucket(Session& session, const std::string& bucket, const Json& config) {
  try {
    return ask(session, bucket, "STREAM.CREATE.KV_" + bucket, dump(config), true);
  } catch (const Failure& failure) {
    // No responders (a cluster is electing its leader): then "bucket not found" would be misleading.
    if (failure.exit() != Exit::not_found) throw;
    throw Failure(Exit::unreachable,
                  fmt::format("bucket \"{}\": no server took the request; nothing was changed", bucket),
                  "try again in a moment", {bucket});
  }
}

Json update_bucket(Session& session, const std::string& bucket, const Json& config) {
  return ask(session, bucket, "STREAM.UPDATE.KV_" + bucket, dump(config), true);
}

std::vector<std::string> list_buckets(Session& session, const std::function<void(const Json&)>& each,
                                      const std::function<void()>& page) {
  // Not filtered by subject, because a mirror has none. Servers list by name, so the buckets are adjacent.
  constexpr std::string_view behind_all = "KV`";
  std::vector<std::string> missing;
  std::string last;
  std::size_t offset = 0;
  // Streams created meanwhile push known ones onto the next page, but not forever.
  constexpr int pages_without_news = 100;
  int nothing_new = 0;
  for (;;) {
    if (nothing_new++ == pages_without_news)
      throw Failure(Exit::failure, "the server's list of buckets does not end");
    const Page answer(session, offset);
    answer.missing(missing);
    const auto offline = [&missing](const std::string& bucket) {
      return std::find(missing.begin(), missing.end(), bucket) != missing.end();
    };
    const Json& streams = answer.streams();
    if (streams.empty()) break;
    // A stream removed meanwhile moves the others towards the front: step back until the last name is seen
    // again.
    if (offset > 0 && Page::name(streams.front()) > last) {
      offset -= std::min(offset, streams.size());
      continue;
    }
    for (const auto& stream : streams) {
      const std::string name = Page::name(stream);
      if (name <= last) continue;
      last = name;
      nothing_new = 0;
      // If its servers are down, the list shows a state of zeros, which is not true.
      if (name.starts_with("KV_") && !offline(bucket_of(name)) &&
          is_bucket(bucket_of(name), stream.at("config")))
        each(stream);
    }
    page();
    if (last >= behind_all || offset + streams.size() >= answer.total()) break;
    // The next page begins with this one's last stream, so that a gap is noticed.
    offset += streams.size() - (streams.size() > 1 ? 1 : 0);
  }
  return missing;
}

std::string server_version(Session& session) {
  if (session.settings().js_api_prefix != "$JS.API") return {};
  const auto info = Json::parse(nats::greeting(session.connection(), std::min(session.timeout(), seconds(2))),
                                nullptr, false);
  return info.is_object() ? info.value("version", "") : std::string();
}

void require_server(Session& session, const std::string& bucket,
                    const std::vector<ServerRequirement>& needs) {
  if (needs.empty()) return;
  const int level = api_level(session, bucket);
  // Level 2 knows all that natskv asks for.
  if (level >= 2) return;
  const std::string version = server_version(session);
  for (const auto& need : needs) {
    const int known = level == 1 ? 11 : minor_of(version).value_or(10);
    if (need.minor <= known) continue;
    throw Failure(Exit::failure,
                  fmt::format("bucket \"{}\": {} needs nats-server 2.{}{}; nothing was changed", bucket,
                              need.option, need.minor,
                              version.empty() ? std::string(" (this server does not report its API level)")
                                              : fmt::format(", this one is {}", version)),
                  {}, {bucket});
  }
}

void check_origins(Session& session, const BucketChanges& wishes, Json& wanted) {
  const bool limits = wishes.history || wishes.ttl || wishes.max_value_size || wishes.max_bucket_size;
  if (const auto mirror = wanted.find("mirror"); mirror != wanted.end() && mirror->is_object()) {
    const Origin from{"origin", bucket_of(mirror->value("name", "")), domain_of(*mirror)};
    if (wishes.mirror) {
      if (const Json origin = check_origin(session, from); origin.is_object()) {
        compare_with(session, from, origin, wanted);
        follow(session, from, origin, wanted);
      }
    } else if (limits) {
      compare_again(session, from, wanted);
    }
  }
  for (const auto& name : wishes.sources) check_origin(session, {"source", name});
}

}  // namespace natskv
