#include "commands/tools/finding.hpp"

#include "base/number_of.hpp"
#include "base/text.hpp"
#include "kv/admin/config.hpp"
#include "kv/lease/terms.hpp"
#include "output/ansi.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv::commands {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t least_room = 10;  // for a detail; a narrower terminal wraps lines itself

bool ttl_of_keys(const Json& config) { return config.value("allow_msg_ttl", false); }
bool mirrors(const Json& config) { return config.contains("mirror") && !config.at("mirror").is_null(); }

}  // namespace

std::string line_of(const Check& check, const TerminalStyle& looks) {
  const std::string place = fmt::format("{:<8} {:<15}", check.result, check.check);
  const bool color = looks.color;
  const std::size_t indent = place.size() + 1;
  const auto width = static_cast<std::size_t>(looks.width);
  const std::size_t room = width == 0 ? 0 : std::max(width, indent + least_room) - indent;
  std::string text = check.detail.empty()
                         ? place.substr(0, place.find_last_not_of(' ') + 1)
                         : place + " " + text::wrapped(text::visible(check.detail), room, indent);
  if (!check.hint.empty()) {
    const auto hint = text::wrapped("hint: " + text::visible(check.hint), room, indent);
    constexpr std::size_t label = 5;
    text +=
        fmt::format("\n{:{}}{}{}", "", indent, ansi::painted("hint:", ansi::cyan, color), hint.substr(label));
  }
  const auto look = check.result == "skipped" ? Emphasis::faint : Emphasis::operation;
  text.replace(0, check.result.size(), ansi::painted(check.result, ansi::start(look, check.result), color));
  return text + "\n";
}

std::string text_of(const AccountUse& use) {
  std::string text = use.max_streams >= 0 ? fmt::format("{} of {} streams", use.streams, use.max_streams)
                                          : number_of(use.streams, "stream");
  const auto add = [&text](Size used, Size most, std::string_view of) {
    if (used.bytes == 0 && most.bytes < 0) return;
    text += fmt::format(", {} {}", text::human_size(used.bytes), of);
    if (most.bytes >= 0) text += " of " + text::human_size(most.bytes);
  };
  add(use.storage, use.max_storage, "storage");
  add(use.memory, use.max_memory, "memory");
  return use.domain.empty() ? text : text + ", domain " + use.domain;
}

std::string configuration_of(const std::string& bucket, const Json& config) {
  const auto odd = oddities(bucket, config);
  if (odd.empty()) return "as natskv add makes it";
  Warned all{{}, {}};
  for (const auto& one : odd) {
    all.what += (all.what.empty() ? "" : "; ") + one.what;
    if (all.hint.find(one.hint) == std::string::npos) all.hint += (all.hint.empty() ? "" : "; ") + one.hint;
  }
  throw Warned(all);
}

std::string key_ttl_of(const std::string& bucket, const Json& config, int level) {
  if (ttl_of_keys(config)) {
    const Span markers{config.value("subject_delete_marker_ttl", std::int64_t{0})};
    return "single keys may have a TTL" +
           (markers.ns > 0 ? fmt::format("; expired ones leave a marker for {}", text::human_span(markers))
                           : "; expired ones leave no marker, so watchers do not notice");
  }
  throw Off{"single keys cannot have a TTL (--ttl of create, put, update, touch)",
            level >= 1 ? fmt::format("natskv edit {} --marker-ttl 1m", bucket) : "it needs nats-server 2.11"};
}

std::string lock_of(const std::string& bucket, const Json& config, int level) {
  try {
    lease::Wish wish;
    if (ttl_of_keys(config)) wish.lease = lease::shortest;  // whether any works
    const auto terms = lease::terms_of(bucket, config, wish, level >= 1);
    return terms.per_key ? "locks use the keys' own TTL"
                         : fmt::format("locks use the bucket's TTL of {}", text::human_span(terms.lease));
  } catch (const Failure& failure) {
    throw Off{failure.what(), failure.hint()};
  }
}

std::string atomic_of(const std::string& bucket, const Json& config, int level) {
  if (config.value("allow_atomic", false)) return "batches are stored whole or not at all";
  throw Off{"atomic batches are not allowed (import --atomic)",
            mirrors(config) ? "its origin may allow them"
            : level >= 2    ? fmt::format("natskv edit {} --atomic", bucket)
                            : "it needs nats-server 2.12"};
}

}  // namespace natskv::commands
