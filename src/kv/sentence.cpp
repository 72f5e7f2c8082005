// The sentences. Pure: asks no server.
#include "base/pattern.hpp"
#include "base/text.hpp"
#include "kv/explain.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace natskv {
namespace {

using namespace nats::code;

// Which limit was reached, by the server's words (all have the code 10077), and what a user reads. no_room()
// says which of them an emptier bucket would avoid.
struct Limit {
  std::string_view server, said, hint;
};
constexpr std::array limits{
    Limit{"maximum bytes exceeded", "the bucket is full",
          "make room with natskv purge or compact, or raise --max-bucket-size"},
    Limit{"maximum messages exceeded", "the bucket holds as many values as its max_values allows",
          "make room with natskv purge or compact"},
    Limit{"maximum messages per subject exceeded",
          "the bucket refuses further revisions of a key (its stream has discard_new_per_subject)",
          "natskv purge, and compact --older-than 0 for its marker, let the key be written again"},
    Limit{"", "the account's storage is used up",
          "natskv purge of single keys makes room without markers; so does natskv compact"},
};
constexpr const Limit& account_limit = limits.back();

About about(const Task& doing) { return {doing.bucket, doing.key, doing.revision}; }

// If something was written before, how much is not known.
Failure nothing_more(const Circumstances& now, const std::string& text, std::string hint, const Task& doing) {
  return {now.changed ? Exit::unknown : Exit::unreachable,
          text + (now.changed ? "; what was written before stays" : "; nothing was changed"), std::move(hint),
          about(doing)};
}

Failure no_answer(const Circumstances& now, const nats::Error& error, const Task& doing) {
  std::string why = fmt::format("the connection to {} was lost", now.servers);
  if (now.time_is_up || error.status == NATS_TIMEOUT)
    why = fmt::format("no answer from {} within {}", now.servers,
                      text::human_span(now.time_is_up ? now.timeout : error.waited.value_or(now.timeout)));
  else if (now.ended && !now.ended->connection_lost())
    why = fmt::format("{} ended the connection: {}", now.servers, now.ended->what());
  if (doing.writes) {
    const bool conditional = doing.creates || doing.revision > 0;
    return {Exit::unknown, fmt::format("{}: {}; the write may have been stored", what_of(doing), why),
            conditional ? "check with natskv history"
                        : "check with natskv history, or write with --if-revision, which is safe to repeat",
            about(doing)};
  }
  return nothing_more(now, fmt::format("{}: {}", what_of(doing), why), {}, doing);
}

Failure no_sense(const Task& doing) {
  return {Exit::unknown,
          fmt::format("{}: the server's answer cannot be understood; the write may have been stored",
                      what_of(doing)),
          "check with natskv history", about(doing)};
}

// Every node of a cluster gets a request to the JetStream API, and one that knows no leader (it was paused,
// or cut off) refuses while the leader does what was asked (nats-server's jsStreamPurgeRequest).
Failure no_leader_known(const Task& doing) {
  return {Exit::unknown,
          fmt::format("{}: refused by a server that currently knows no leader; another one may have done it",
                      what_of(doing)),
          "try again in a moment", about(doing)};
}

Failure no_jetstream(const Circumstances& now, const Task& doing) {
  return {Exit::unreachable,
          fmt::format("JetStream is not available at {} (bucket \"{}\")", now.servers, doing.bucket),
          "start the server with -js, or check --js-domain and --js-api-prefix", about(doing)};
}

Failure not_for_account(const Task& doing) {
  return {Exit::not_allowed,
          fmt::format("JetStream is not enabled for this account (bucket \"{}\")", doing.bucket),
          {},
          about(doing)};
}

Failure too_large(const Task& doing) {
  return {Exit::failure,
          fmt::format("{}: the value of {} B is over the bucket's limit", what_of(doing), doing.value_size),
          "natskv edit --max-value-size raises it", about(doing)};
}

Failure over(const Limit& limit, const Task& doing) {
  return Failure(Exit::failure, fmt::format("{}: {}", what_of(doing), limit.said), std::string(limit.hint),
                 about(doing))
      .common(std::string(limit.said));
}

Failure full(const nats::Error& error, const Task& doing) {
  const auto limit = std::find_if(limits.begin(), limits.end(), [&](const Limit& candidate) {
    return !candidate.server.empty() &&
           std::string_view(error.what()).find(candidate.server) != std::string_view::npos;
  });
  if (limit != limits.end()) return over(*limit, doing);
  return {Exit::failure, fmt::format("{}: {}", what_of(doing), error.what()), {}, about(doing)};
}

Failure by_code(const Circumstances& now, const nats::Error& error, const Task& doing) {
  const auto failure = [&](Exit exit, const std::string& text, std::string hint = {}) {
    return Failure(exit, text, std::move(hint), about(doing));
  };
  switch (code_of(error)) {
    case stream_not_found:
      return no_bucket(doing.bucket);
    case jetstream_not_enabled_for_account:
      return not_for_account(doing);
    case jetstream_not_enabled:
      return no_jetstream(now, doing);
    case temporarily_unavailable:
      if (doing.writes) return no_leader_known(doing);
      [[fallthrough]];
    case not_assigned:
    case not_the_leader:
      // The same as no responders: a cluster without a leader refuses before it does anything.
      return nothing_more(now, fmt::format("{}: currently it has no leader", what_of(doing)),
                          "try again in a moment", doing);
    case stream_offline:
    case stream_offline_because:
    case consumer_offline:
      return nothing_more(now, fmt::format("{}: the servers that store it are offline", what_of(doing)), {},
                          doing);
    case rollup_refused:
      return failure(
          Exit::failure,
          fmt::format("{}: the bucket was created by an early client and does not allow purges ({})",
                      what_of(doing), error.what()),
          fmt::format("natskv add {} --update allows it; natskv del deletes the key", doing.bucket));
    case stream_full:
      return full(error, doing);
    case message_too_large:
      return too_large(doing);
    case resources_exceeded:
      return over(account_limit, doing);
    case too_many_streams:
      return failure(Exit::failure,
                     fmt::format("bucket \"{}\": the account's bucket limit is reached", doing.bucket));
    case name_in_use:
      return failure(Exit::conflict,
                     fmt::format("bucket \"{}\" exists with another configuration", doing.bucket));
    case stream_not_match:
      return failure(Exit::conflict, fmt::format("{} is stored by another stream", what_of(doing)));
    case replicas_not_supported:
      return needs_cluster(doing.bucket);
    case message_ttl_invalid:
      return failure(Exit::usage, fmt::format("{}: the server refused this --ttl, which must be at least 1s",
                                              what_of(doing)));
    case message_ttl_disabled:
      return failure(Exit::failure, fmt::format("{}: the bucket has no per-key TTL", what_of(doing)),
                     fmt::format("natskv edit {} --marker-ttl 1s enables it", doing.bucket));
    default:
      return failure(Exit::failure, fmt::format("{}: {}", what_of(doing), error.what()));
  }
}

// The server closes a connection on which a line is too long (usually because of a key), and does not
// announce the limit.
bool line_too_long(const Circumstances& now, const Task& doing) {
  return now.ended && says_line_too_long(now.ended->what()) && doing.key.size() > least_too_long;
}

}  // namespace

std::string what_of(const Task& doing) {
  if (doing.key.empty()) return fmt::format("bucket \"{}\"", doing.bucket);
  return fmt::format("key \"{}\" of bucket \"{}\"", doing.key, doing.bucket);
}

int code_of(const nats::Error& error) {
  constexpr std::pair<std::string_view, int> texts[] = {
      {"message size exceeds maximum allowed", message_too_large},
      {"maximum bytes exceeded", stream_full},
      {"maximum messages exceeded", stream_full},
      {"maximum messages per subject exceeded", stream_full},
      {"stream is offline", stream_offline},
      {"rollup not permitted", rollup_refused},
      {"resource limits exceeded for account", resources_exceeded},
      {"insufficient resources", resources_exceeded},
      {"JetStream not enabled for account", jetstream_not_enabled_for_account},
      {"JetStream cluster not assigned to this server", not_assigned},
      {"JetStream system temporarily unavailable", temporarily_unavailable},
      {"JetStream cluster can not handle request", not_the_leader},
  };
  if (error.code != 0) return error.code;
  for (const auto& [text, code] : texts) {
    if (std::string_view(error.what()).find(text) != std::string_view::npos) return code;
  }
  return 0;
}

Failure no_bucket(const std::string& bucket) {
  return {Exit::not_found,
          fmt::format("bucket \"{}\" not found", bucket),
          "natskv ls lists the buckets",
          {bucket}};
}

Failure no_key_value(const std::string& bucket) {
  return {Exit::failure,
          fmt::format("stream \"KV_{}\" exists but is not a key-value bucket", bucket),
          {},
          {bucket}};
}

Failure needs_cluster(const std::string& bucket) {
  return {Exit::failure,
          fmt::format("bucket \"{}\": more than one replica needs a cluster", bucket),
          {},
          {bucket}};
}

Failure no_key(const std::string& bucket, const std::string& key) {
  return {Exit::not_found,
          fmt::format("key \"{}\" not found in bucket \"{}\"", key, bucket),
          {},
          {bucket, key, 0}};
}

Failure not_utf8(const std::string& bucket, const std::string& key, std::string_view otherwise) {
  return {Exit::failure,
          fmt::format("key \"{}\" of bucket \"{}\" {}: it is not UTF-8, and the server reads JSON", key,
                      bucket, otherwise),
          {},
          {bucket, key, 0}};
}

Failure would_purge_others(const std::string& bucket, const std::string& key, bool purges) {
  return {Exit::failure,
          fmt::format("key \"{}\" of bucket \"{}\" was not {}: the server would take it for a pattern and "
                      "purge other keys too",
                      key, bucket, purges ? "purged" : "written"),
          purges ? "natskv del --literal deletes it" : "without --drop-history it can be imported",
          {bucket, key, 0}};
}

std::optional<Failure> not_purged(const std::string& bucket, const std::string& key, bool erase) {
  if (reads_as_pattern(key)) return would_purge_others(bucket, key, true);
  if (erase && !text::valid_utf8(key)) return not_utf8(bucket, key, "was not purged");
  return std::nullopt;
}

Failure written_meanwhile(const std::string& bucket, std::string_view key, std::uint64_t revision) {
  return {Exit::conflict,
          fmt::format("key \"{}\" of bucket \"{}\" was written meanwhile, at revision {}; it stays", key,
                      bucket, revision),
          {},
          {bucket, std::string(key), revision}};
}

Failure conflict(const Task& doing, std::optional<std::uint64_t> current) {
  const About about{doing.bucket, doing.key, current.value_or(0)};
  const auto failure = [&](const std::string& text) { return Failure(Exit::conflict, text, {}, about); };
  const std::string what = what_of(doing);
  if (doing.creates) {
    return failure(about.revision == 0 ? what + " exists"
                                       : fmt::format("{} exists, at revision {}", what, about.revision));
  }
  if (current == std::uint64_t{0}) {
    return failure(fmt::format("{} does not exist, so it is not at revision {}; nothing was written", what,
                               doing.revision));
  }
  const std::string is = current ? fmt::format("revision {}", *current) : "another revision";
  return failure(fmt::format("{} is at {}, not {}; nothing was written", what, is, doing.revision));
}

bool no_room(const Failure& failure) {
  return std::any_of(limits.begin(), limits.end(),
                     [&](const Limit& limit) { return failure.common() == limit.said; });
}

Failure over_limit(const Task& doing, std::string_view whose, std::uint64_t limit, std::string hint) {
  return {Exit::failure,
          fmt::format("{}: the value{} is over the {}'s limit of {} B", what_of(doing),
                      doing.value_size == 0 ? std::string() : fmt::format(" of {} B", doing.value_size),
                      whose, limit),
          std::move(hint), about(doing)};
}

bool says_line_too_long(std::string_view text) {
  return text.find("ontrol line") != std::string_view::npos ||
         text.find("ontrol Line") != std::string_view::npos;
}

Failure too_long(const std::string& bucket, const std::string& key) {
  return {Exit::usage,
          fmt::format("the key of {} B in bucket \"{}\" is too long for the server (maximum control line "
                      "exceeded): \"{}…\"",
                      key.size(), bucket, key.substr(0, 40)),
          {},
          {bucket, key, 0}};
}

Failure sentence(const Circumstances& now, const nats::Error& error, const Task& doing) {
  if (error.status == NATS_NOT_PERMITTED)
    return {Exit::not_allowed, fmt::format("{}: {}", what_of(doing), error.what()), {}, about(doing)};
  if (error.conflict()) return conflict(doing, error.current_revision());
  if (error.status == NATS_TIMEOUT || error.connection_lost())
    return line_too_long(now, doing) ? too_long(doing.bucket, doing.key) : no_answer(now, error, doing);
  switch (error.status) {
    case NATS_NO_RESPONDERS:
      return {
          Exit::unreachable, fmt::format("{}: no stream answers for it", what_of(doing)), {}, about(doing)};
    case NATS_PROTOCOL_ERROR:
      if (doing.writes) return no_sense(doing);
      return by_code(now, error, doing);
    case NATS_MAX_PAYLOAD:
      return {Exit::failure,
              fmt::format("{}: the value with its headers is over the server's limit ({})", what_of(doing),
                          error.what()),
              {},
              about(doing)};
    case NATS_NOT_FOUND:
      return error.code == stream_not_found || doing.key.empty() ? no_bucket(doing.bucket)
                                                                 : no_key(doing.bucket, doing.key);
    default:
      return by_code(now, error, doing);
  }
}

}  // namespace natskv
