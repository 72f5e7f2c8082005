#include "kv/bucket.hpp"

#include "base/pattern.hpp"
#include "kv/admin/config.hpp"
#include "kv/explain.hpp"
#include "kv/trace.hpp"
#include "kv/write/write.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>

namespace natskv {

// The library accepts an answer without a revision.
Written Bucket::acknowledged(Written written, const Task& doing) {
  if (written.revision == 0)
    throw explain(session_, nats::Error(NATS_PROTOCOL_ERROR, 0, "an answer without a revision"), doing);
  return written;
}

std::optional<Written> Bucket::store_by_library(std::string_view value, const Task& doing, bool conditional) {
  const std::string& key = doing.key;
  kvStore* const kv = store();
  check_size(session_, doing);
  Condition condition;
  if (conditional) condition.revision = doing.revision;
  std::uint64_t revision = 0;
  const auto status = traced(
      session_,
      {.subject = fmt::format("{}$KV.{}.{}", session_.put_prefix(), name_, key),
       .function = conditional ? "kvStore_Update" : "kvStore_Put",
       .bytes = value.size(),
       .headers = joined(headers_of(Operation::put, condition)),
       .writes = true},
      &revision, [&] {
        const int size = static_cast<int>(value.size());
        return conditional ? kvStore_Update(&revision, kv, key.c_str(), value.data(), size, doing.revision)
                           : kvStore_Put(&revision, kv, key.c_str(), value.data(), size);
      });
  if (status == NATS_OK) return acknowledged({name_, key, revision, Operation::put}, doing);
  const auto error = nats::answer_error(status);
  if (is_mirror(status) || (doing.creates && error.conflict())) return std::nullopt;
  throw explain(session_, error, doing);
}

Written Bucket::put(const std::string& key, std::string_view value) {
  const Task doing{.bucket = name_, .key = key, .writes = true, .value_size = value.size()};
  std::optional<Written> written;
  if (!mirrors_from_afar()) written = store_by_library(value, doing, false);
  return written ? *written : publish(key, value, Operation::put, {});
}

Written Bucket::update(const std::string& key, std::string_view value, std::uint64_t expected) {
  const Task doing{
      .bucket = name_, .key = key, .revision = expected, .writes = true, .value_size = value.size()};
  std::optional<Written> written;
  if (!mirrors_from_afar()) written = store_by_library(value, doing, true);
  return written ? *written : publish(key, value, Operation::put, {.revision = expected});
}

Written Bucket::create(const std::string& key, std::string_view value, std::optional<Span> ttl) {
  const Task doing{.bucket = name_, .key = key, .writes = true, .value_size = value.size(), .creates = true};
  if (ttl)
    require_ttl(*ttl);
  else if (!mirrors_from_afar())
    if (const auto written = store_by_library(value, doing, true)) return *written;
  // Not kvStore_Create: its second request loses the text that says why the first one failed, and it supports
  // neither a TTL, a mirror, nor a marker that the server wrote. A failed attempt does not prove that there
  // is a value: one marker may have followed another, and a replica may lag.
  constexpr unsigned most_tries = 20;
  for (unsigned tries = 1;; ++tries) {
    auto last = entry(key);
    if (last && !last->entry.marker()) last = latest(key);
    if (last && !last->entry.marker()) throw conflict(doing, last->entry.revision);
    try {
      return publish(key, value, Operation::put, {.revision = last ? last->entry.revision : 0, .ttl = ttl});
    } catch (const Failure& failure) {
      if (failure.exit() != Exit::conflict || tries == most_tries) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * tries));
  }
}

std::optional<OwnedEntry> Bucket::latest(const std::string& key) {
  try {
    return entry_of_leader(key);
  } catch (const Failure& failure) {
    if (failure.exit() != Exit::not_allowed || !direct()) throw;
    return entry(key);
  }
}

Written Bucket::store(const std::string& key, std::string_view value, const Condition& condition) {
  if (condition.revision && reads_as_pattern(key))
    return publish_listed(key, value, Operation::put, condition);
  return publish(key, value, Operation::put, condition);
}

Written Bucket::mark(const std::string& key, Operation operation, const Condition& condition) {
  if (condition.ttl) require_ttl(*condition.ttl);
  if (condition.revision && reads_as_pattern(key)) return publish_listed(key, {}, operation, condition);
  return publish(key, {}, operation, condition);
}

// For a key that is a pattern the server would compare the revisions of everything that it matches: instead
// the condition is that nothing at all was written since the key was read.
Written Bucket::publish_listed(const std::string& key, std::string_view value, Operation operation,
                               Condition condition) {
  constexpr int most_tries = 20;
  for (int tries = 1;; ++tries) {
    std::uint64_t bucket_at = 0;
    const auto found = listed(key, &bucket_at);
    const bool over_marker = condition.creates && found && found->entry.marker();
    const std::uint64_t revision = found && !over_marker ? found->entry.revision : 0;
    if (revision != condition.revision) {
      throw conflict(
          {.bucket = name_, .key = key, .revision = *condition.revision, .creates = condition.creates},
          revision);
    }
    condition.bucket_at = bucket_at;
    try {
      return publish(key, value, operation, condition);
    } catch (const Failure& failure) {
      if (failure.exit() != Exit::conflict || tries == most_tries) throw;
    }
  }
}

Written Bucket::publish(const std::string& key, std::string_view value, Operation operation,
                        const Condition& condition) {
  if (operation == Operation::purge) {
    if (const auto failure = not_purged(name_, key, false)) throw *failure;
  }
  const Task doing{.bucket = name_,
                   .key = key,
                   .revision = condition.revision.value_or(0),
                   .writes = true,
                   .value_size = value.size()};
  const std::string subject = place().write_prefix + key;
  check_size(session_, doing);
  const auto headers = headers_of(operation, condition);
  const auto message = nats::message_of(subject, value, headers);
  jsPubAck* ack = nullptr;
  jsErrCode code{};
  jsCtx* js = session_.jetstream();
  Asking asking(session_, {.subject = subject,
                           .function = "js_PublishMsg",
                           .bytes = value.size(),
                           .headers = joined(headers),
                           .writes = true});
  const natsStatus status = js_PublishMsg(&ack, js, message.get(), nullptr, &code);
  const nats::PubAck owned(ack);
  if (status == NATS_OK)
    asking.revision(ack->Sequence);
  else
    asking.ended(status, static_cast<int>(code));
  if (status != NATS_OK) throw explain(session_, nats::answer_error(status, static_cast<int>(code)), doing);
  return acknowledged({name_, key, ack->Sequence, operation}, doing);
}

std::string Bucket::at_origin() {
  return place().domain.empty() ? std::string() : " --js-domain " + place().domain;
}

void Bucket::require_own(std::string_view verb, std::string_view words) {
  const StreamAddress& where = place();
  if (!where.mirror) return;
  throw Failure(
      Exit::failure,
      fmt::format("bucket \"{}\" mirrors bucket \"{}\"; what is removed here is not removed there", name_,
                  where.origin),
      fmt::format("natskv {} {}{}{}{}", verb, where.origin, words.empty() ? "" : " ", words, at_origin()),
      {name_});
}

std::uint64_t Bucket::erase(const std::string& key, std::uint64_t revision) {
  require_own("purge", key);
  if (const auto failure = not_purged(name_, key, true)) throw *failure;
  // STREAM.PURGE keeps `seq` itself and what follows.
  nlohmann::ordered_json body{{"filter", place().read_prefix + key}};
  if (revision != std::numeric_limits<std::uint64_t>::max()) body["seq"] = revision + 1;
  try {
    return session_.api("STREAM.PURGE.KV_" + name_, body.dump()).value("purged", std::uint64_t{0});
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = name_, .key = key, .revision = revision, .writes = true});
  }
}

std::uint64_t Bucket::erase_all() {
  require_own("purge", "--all");  // nor does a stream of that name that is not a bucket belong to it
  // What the stream stores besides the bucket's keys belongs to something else.
  nlohmann::ordered_json body;
  if (!other_subjects(name_, config()).empty()) body["filter"] = place().read_prefix + ">";
  try {
    return session_.api("STREAM.PURGE.KV_" + name_, body.is_null() ? std::string() : body.dump())
        .value("purged", std::uint64_t{0});
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = name_, .writes = true});
  }
}

void Bucket::remove() {
  jsCtx* js = session_.jetstream();
  const natsStatus status = traced(session_,
                                   {.subject = session_.api_subject("STREAM.DELETE.KV_" + name_),
                                    .function = "js_DeleteKeyValue",
                                    .writes = true},
                                   nullptr, [&] { return js_DeleteKeyValue(js, name_.c_str()); });
  if (status == NATS_NOT_FOUND) throw no_bucket(session_, name_);
  if (status != NATS_OK) throw explain(session_, nats::error(status), {.bucket = name_, .writes = true});
}

void Bucket::ask_write(const std::string& key) {
  const std::string subject = place().write_prefix + key;
  const nats::Headers headers{{"Nats-Expected-Stream", "natskv-doctor-asks-only"}};
  const auto message = nats::message_of(subject, "", headers);
  jsCtx* js = session_.jetstream();
  jsPubAck* ack = nullptr;
  jsErrCode code{};
  Asking asking(
      session_,
      {.subject = subject, .function = "js_PublishMsg", .headers = joined(headers), .writes = true});
  const natsStatus status = js_PublishMsg(&ack, js, message.get(), nullptr, &code);
  const nats::PubAck owned(ack);
  asking.ended(status, static_cast<int>(code));
  if (static_cast<int>(code) == nats::code::stream_not_match) return;
  if (status == NATS_OK)
    throw Failure(Exit::failure,
                  fmt::format("key \"{}\" of bucket \"{}\": the server ignored Nats-Expected-Stream "
                              "and stored an empty value, revision {}",
                              key, name_, ack->Sequence));
  throw explain(session_, nats::error(status, static_cast<int>(code)), {.bucket = name_, .key = key});
}

}  // namespace natskv
