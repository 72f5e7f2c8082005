#include "kv/bucket.hpp"

#include "base/pattern.hpp"
#include "base/text.hpp"
#include "kv/admin/config.hpp"
#include "kv/explain.hpp"
#include "kv/message.hpp"
#include "kv/read/listing.hpp"
#include "kv/trace.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <limits>
#include <thread>

namespace natskv {
namespace {

// nats.c sends a sequence as a signed number, and the server calls a negative one malformed.
constexpr std::uint64_t highest_revision = std::numeric_limits<std::int64_t>::max();

std::string ttl_text(Span ttl) { return fmt::format("{}s", ttl.ns / 1'000'000'000); }

void set(natsMsg* message, const char* name, const std::string& value) {
  nats::check(natsMsgHeader_Set(message, name, value.c_str()));
}

std::string header_words(Operation operation, const Condition& condition) {
  std::string words;
  const auto add = [&](std::string_view name, std::string_view value) {
    words += fmt::format("{}{}: {}", words.empty() ? "" : ", ", name, value);
  };
  if (operation != Operation::put) add("KV-Operation", natskv::name_of(operation));
  if (operation == Operation::purge || condition.drop_history) add("Nats-Rollup", "sub");
  if (condition.never_expires)
    add("Nats-TTL", "never");
  else if (condition.ttl)
    add("Nats-TTL", ttl_text(*condition.ttl));
  if (condition.revision) add("Nats-Expected-Last-Subject-Sequence", std::to_string(*condition.revision));
  return words;
}

bool says_no_leader(std::string_view text) {
  return text.starts_with("JetStream cluster") || text.starts_with("JetStream system temporarily");
}

// A stream without a leader cannot be bound, but its replicas answer direct gets. nullopt: none did, or not
// before the time was up.
std::optional<Found> of_leaderless(Session& session, const std::string& bucket, const std::string& key) {
  const std::string subject = fmt::format("$KV.{}.{}", bucket, key);
  while (!session.stop()) {
    try {
      auto answer = session.request(session.api_subject("DIRECT.GET.KV_" + bucket + "." + subject), {});
      const auto stored = read_stored(answer.get());
      if (!stored || stored->subject != subject) return std::nullopt;
      Entry entry;
      read_entry(answer.get(), false, entry);
      entry.bucket = bucket;
      entry.key = stored->subject.substr(subject.size() - key.size());
      entry.revision = stored->sequence;
      entry.created = stored->time;
      return Found{entry, std::shared_ptr<natsMsg>(std::move(answer))};
    } catch (const nats::Error& error) {
      if (error.status != NATS_NO_RESPONDERS) return std::nullopt;
    }
    nats_Sleep(100);  // a replica that hears of a new leader is not there for a moment
  }
  return std::nullopt;
}

// Bound for reading: half of the time is left for asking a replica.
natsStatus bind_impatiently(Session& session, const std::string& bucket, nats::Store& store) {
  natsConnection* const connection = session.connection();
  jsOptions options;
  nats::check(jsOptions_Init(&options));
  options.Wait = std::max<std::int64_t>(session.timeout().ms() / 2, 1);
  const std::string& prefix = session.settings().js_api_prefix;
  if (prefix != "$JS.API") options.Prefix = prefix.c_str();
  jsCtx* raw = nullptr;
  nats::check(natsConnection_JetStream(&raw, connection, &options));
  const nats::JetStream impatient(raw);
  kvStore* kv = nullptr;
  const natsStatus status =
      traced(session, {.subject = session.api_subject("STREAM.INFO.KV_" + bucket), .function = "js_KeyValue"},
             nullptr, [&] { return js_KeyValue(&kv, impatient.get(), bucket.c_str()); });
  store.reset(kv);
  return status;
}

}  // namespace

Bucket::Bucket(Session& session, std::string name) : session_(session), name_(std::move(name)) {}

kvStore* Bucket::store() {
  if (std::exchange(generation_, session_.generation()) != session_.generation()) store_.reset();
  if (!store_) {
    kvStore* raw = nullptr;
    jsCtx* js = session_.jetstream();
    const natsStatus status = traced(
        session_, {.subject = session_.api_subject("STREAM.INFO.KV_" + name_), .function = "js_KeyValue"},
        nullptr, [&] { return js_KeyValue(&raw, js, name_.c_str()); });
    if (status == NATS_NOT_FOUND) throw no_bucket(name_);
    if (status == NATS_INVALID_ARG) throw no_key_value(name_);
    if (status == NATS_ERR) (void)info();  // js_KeyValue loses the code that says which error it was
    if (status != NATS_OK) throw explain(session_, nats::error(status), {.bucket = name_});
    store_.reset(raw);
  }
  return store_.get();
}

const nlohmann::ordered_json& Bucket::info() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(session_.starting().ns);
  for (info_ = nullptr; !info_;) {
    try {
      info_ = std::make_shared<const nlohmann::ordered_json>(session_.api("STREAM.INFO.KV_" + name_));
    } catch (const nats::Error& error) {
      const bool comes_back = session_.reconnecting() && error.connection_lost() &&
                              !session_.wire().closed() && !session_.stop() &&
                              std::chrono::steady_clock::now() < until;
      if (!comes_back) throw explain(session_, error, {.bucket = name_});
      nats_Sleep(50);
    }
  }
  if (!is_bucket(name_, info_->at("config"))) throw no_key_value(name_);
  return *info_;
}

// `ts` of STREAM.INFO is there since 2.10.
bool Bucket::on_old_server() {
  (void)own_config();
  return !info_->contains("ts");
}

const nlohmann::ordered_json& Bucket::own_config() { return (info_ ? *info_ : info()).at("config"); }

const StreamAddress& Bucket::place() {
  if (!place_) place_ = address_of(name_, own_config(), session_.settings().js_api_prefix);
  return *place_;
}

nats::Requests Bucket::requests(nats::Requests::Limits limits) {
  try {
    return session_.requests(limits);
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = name_});
  }
}

Found Bucket::value(const std::string& key, std::optional<std::uint64_t> revision) {
  if (revision && *revision > highest_revision) return live(entry(key, revision), key, revision);
  nats::Store impatient;
  if (!store_ && !revision) {
    const natsStatus status = bind_impatiently(session_, name_, impatient);
    const auto error = nats::error(status);
    if (status == NATS_TIMEOUT || (status == NATS_ERR && says_no_leader(error.what()))) {
      if (auto found = of_leaderless(session_, name_, key)) return live(std::move(found), key, revision);
      if (session_.stop() || status == NATS_TIMEOUT) throw explain(session_, error, {.bucket = name_});
    }
  }
  kvStore* const kv = impatient ? impatient.get() : store();
  kvEntry* raw = nullptr;
  const std::string asked = session_.api_subject("DIRECT.GET.KV_" + name_);
  Asking asking(session_, {.subject = revision ? asked : fmt::format("{}.$KV.{}.{}", asked, name_, key),
                           .function = revision ? "kvStore_GetRevision" : "kvStore_Get"});
  const natsStatus status =
      revision ? kvStore_GetRevision(&raw, kv, key.c_str(), *revision) : kvStore_Get(&raw, kv, key.c_str());
  if (status == NATS_OK)
    asking.revision(kvEntry_Revision(raw));
  else
    asking.ended(status);
  const std::shared_ptr<kvEntry> owner(raw, [](kvEntry* e) { kvEntry_Destroy(e); });
  const int length = status == NATS_OK ? kvEntry_ValueLen(raw) : 0;
  if (status == NATS_OK && length > 0) {
    Entry entry;
    entry.bucket = name_;
    entry.key = kvEntry_Key(raw);
    entry.value = Bytes{{static_cast<const char*>(kvEntry_Value(raw)), static_cast<std::size_t>(length)}};
    entry.size = entry.value.data.size();
    entry.revision = kvEntry_Revision(raw);
    entry.created = Instant{kvEntry_Created(raw)};
    return {entry, owner};
  }
  // An empty value may be a marker the server wrote (nats.c < 3.13 calls it a PUT), a key that is not found
  // may be a mirror's, stored under another subject, and a stored header Status looks like the server's: the
  // message itself decides.
  if (status != NATS_OK && status != NATS_NOT_FOUND && status != NATS_NO_RESPONDERS && status != NATS_ERR) {
    throw explain(session_, nats::error(status), {.bucket = name_, .key = key});
  }
  return live(entry(key, revision), key, revision);
}

Found Bucket::live(std::optional<Found> found, const std::string& key,
                   std::optional<std::uint64_t> revision) {
  if (found && !found->entry.marker()) return *found;
  if (!revision) throw no_key(name_, key);
  throw Failure(Exit::not_found,
                found ? fmt::format("revision {} of key \"{}\" in bucket \"{}\" is a delete marker ({})",
                                    *revision, key, name_, natskv::name_of(found->entry.operation))
                      : fmt::format("key \"{}\" in bucket \"{}\" has no revision {}", key, name_, *revision),
                {}, {name_, key, *revision});
}

bool Bucket::direct() { return own_config().value("allow_direct", false); }

// Servers since 2.11 say the level of their API with each configuration (ADR-44).
bool Bucket::direct_for_many() {
  const auto& config = own_config();
  const auto metadata = config.find("metadata");
  return direct() && metadata != config.end() && metadata->contains("_nats.level");
}

std::optional<Found> Bucket::entry(const std::string& key, std::optional<std::uint64_t> revision,
                                   bool consistent) {
  const StreamAddress& where = place();
  const bool by_leader = consistent || !direct();
  const bool no_json = by_leader && !text::valid_utf8(key);
  if (no_json && (consistent || revision))
    throw not_utf8(name_, key, "cannot be asked of the stream's leader");
  if (no_json || (!revision && reads_as_pattern(key))) return listed(key);
  if (revision && *revision > highest_revision) return std::nullopt;
  const std::string subject = where.read_prefix + key;
  try {
    return by_leader ? of_leader(subject, revision) : of_replica(subject, revision);
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = name_, .key = key});
  }
}

// By requests of our own: js_DirectGetMsg takes headers that are stored (a republished value's, a Status) for
// the server's, js_GetLastMsg writes the key into its JSON as it is, quotes and backslashes too.
std::optional<Found> Bucket::of_replica(const std::string& subject, std::optional<std::uint64_t> revision) {
  const std::string asked = session_.api_subject("DIRECT.GET." + place().stream);
  nats::Message answer;
  try {
    answer = revision ? session_.request(asked, fmt::format("{{\"seq\":{}}}", *revision))
                      : session_.request(asked + "." + subject, {});
  } catch (const nats::Error& error) {
    // An empty value with a stored header "Status: 503" looks so to nats.c, too.
    if (error.status != NATS_NO_RESPONDERS) throw;
    return of_leader(subject, revision);
  }
  if (const auto stored = read_stored(answer.get())) {
    if (!revision && stored->subject != subject) throw nats::Error(NATS_ERR, 0, not_of_this_key);
    return found_at(std::move(answer), *stored, subject);
  }
  const auto status = header(answer.get(), "Status");
  if (status == "404") return std::nullopt;
  throw nats::Error(NATS_ERR, 0, fmt::format("{} {}", status, header(answer.get(), "Description")));
}

std::optional<Found> Bucket::of_leader(const std::string& subject, std::optional<std::uint64_t> revision) {
  nlohmann::ordered_json body;
  if (revision)
    body["seq"] = *revision;
  else
    body["last_by_subj"] = subject;
  try {
    const auto answer = session_.api("STREAM.MSG.GET." + place().stream, body.dump());
    Stored stored;
    auto message = read_stored(answer.at("message"), stored);
    if (!revision && stored.subject != subject) throw nats::Error(NATS_ERR, 0, not_of_this_key);
    return found_at(std::move(message), stored, subject);
  } catch (const nats::Error& error) {
    if (error.code != nats::code::no_message_found) throw;
    return std::nullopt;
  }
}

// A revision may be another key's.
std::optional<Found> Bucket::found_at(nats::Message message, const Stored& stored, std::string_view subject) {
  if (stored.subject != subject) return std::nullopt;
  Entry entry;
  read_entry(message.get(), false, entry);
  entry.bucket = name_;
  entry.key = stored.subject.substr(place().read_prefix.size());
  entry.revision = stored.sequence;
  entry.created = stored.time;
  return Found{entry, std::shared_ptr<natsMsg>(std::move(message))};
}

std::optional<Found> Bucket::listed(const std::string& key, std::uint64_t* bucket_at) {
  std::optional<Found> found;
  Listing entries(session_, name_, {.patterns = {{key, false}}});
  if (bucket_at != nullptr) *bucket_at = entries.last_revision();
  while (const Entry* entry = entries.next()) {
    struct Texts {
      std::string key, value, reason;
    };
    const auto texts = std::make_shared<const Texts>(
        Texts{key, std::string(entry->value.data), std::string(entry->marker_reason)});
    found = Found{*entry, texts};
    found->entry.bucket = name_;
    found->entry.key = texts->key;
    found->entry.value = Bytes{texts->value};
    found->entry.marker_reason = texts->reason;
  }
  return found;
}

// In another domain somebody may listen on the mirror's own subjects (a leaf's account does): then nobody
// answers in time instead of at once.
bool Bucket::mirrors_from_afar() { return !session_.put_prefix().empty() && place().mirror; }

bool Bucket::is_mirror(natsStatus status) { return status == NATS_NO_RESPONDERS && place().mirror; }

Asked Bucket::put_asked(std::string_view function, const std::string& key, std::string_view value,
                        const Condition& condition) {
  return {.subject = fmt::format("{}$KV.{}.{}", session_.put_prefix(), name_, key),
          .function = function,
          .bytes = value.size(),
          .headers = header_words(Operation::put, condition),
          .writes = true};
}

// The library takes an answer without a revision for a good one.
Written Bucket::acknowledged(Written written, const Doing& doing) {
  if (written.revision == 0)
    throw explain(session_, nats::Error(NATS_PROTOCOL_ERROR, 0, "an answer without a revision"), doing);
  return written;
}

Written Bucket::put(const std::string& key, std::string_view value) {
  const Doing doing{.bucket = name_, .key = key, .writes = true, .value_size = value.size()};
  if (mirrors_from_afar()) return publish(key, value, Operation::put, {});
  kvStore* kv = store();
  check_size(session_, doing);
  std::uint64_t revision = 0;
  const auto status = traced(session_, put_asked("kvStore_Put", key, value, {}), &revision, [&] {
    return kvStore_Put(&revision, kv, key.c_str(), value.data(), static_cast<int>(value.size()));
  });
  if (status == NATS_OK) return acknowledged({name_, key, revision, Operation::put}, doing);
  const auto error = nats::answer_error(status);
  if (is_mirror(status)) return publish(key, value, Operation::put, {});
  throw explain(session_, error, doing);
}

Written Bucket::update(const std::string& key, std::string_view value, std::uint64_t expected) {
  const Doing doing{
      .bucket = name_, .key = key, .revision = expected, .writes = true, .value_size = value.size()};
  if (mirrors_from_afar()) return publish(key, value, Operation::put, {.revision = expected, .ttl = {}});
  kvStore* kv = store();
  check_size(session_, doing);
  std::uint64_t revision = 0;
  const auto status = traced(
      session_, put_asked("kvStore_Update", key, value, {.revision = expected, .ttl = {}}), &revision, [&] {
        return kvStore_Update(&revision, kv, key.c_str(), value.data(), static_cast<int>(value.size()),
                              expected);
      });
  if (status == NATS_OK) return acknowledged({name_, key, revision, Operation::put}, doing);
  const auto error = nats::answer_error(status);
  if (is_mirror(status)) return publish(key, value, Operation::put, {.revision = expected, .ttl = {}});
  throw explain(session_, error, doing);
}

Written Bucket::create(const std::string& key, std::string_view value, std::optional<Span> ttl) {
  const Doing doing{.bucket = name_, .key = key, .writes = true, .value_size = value.size(), .creates = true};
  if (ttl) {
    require_ttl(*ttl);
  } else if (!mirrors_from_afar()) {
    kvStore* kv = store();
    check_size(session_, doing);
    std::uint64_t revision = 0;
    const auto status =
        traced(session_, put_asked("kvStore_Update", key, value, {.revision = 0, .ttl = {}}), &revision, [&] {
          return kvStore_Update(&revision, kv, key.c_str(), value.data(), static_cast<int>(value.size()), 0);
        });
    if (status == NATS_OK) return acknowledged({name_, key, revision, Operation::put}, doing);
    const auto error = nats::answer_error(status);
    if (!error.conflict() && !is_mirror(status)) throw explain(session_, error, doing);
  }
  // Not kvStore_Create: its second look loses the text that says why the first try failed, and it knows
  // neither a TTL, a mirror, nor a marker that the server wrote. A try that is lost proves no value: one
  // marker may have followed another, and a replica lags.
  constexpr unsigned most_tries = 20;
  for (unsigned tries = 1;; ++tries) {
    auto last = entry(key);
    if (last && !last->entry.marker()) last = confirmed(key, std::move(last));
    if (last && !last->entry.marker()) throw conflict(doing, last->entry.revision);
    try {
      return publish(key, value, Operation::put, {.revision = last ? last->entry.revision : 0, .ttl = ttl});
    } catch (const Failure& failure) {
      if (failure.exit() != Exit::conflict || tries == most_tries) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * tries));
  }
}

// Who may read directly need not be allowed to ask the leader: then the replica's word has to do.
std::optional<Found> Bucket::confirmed(const std::string& key, std::optional<Found> replicas) {
  if (!direct()) return replicas;
  try {
    return entry(key, {}, true);
  } catch (const Failure& failure) {
    if (failure.exit() != Exit::not_allowed) throw;
    return replicas;
  }
}

Written Bucket::store(const std::string& key, std::string_view value, const Condition& condition) {
  return publish(key, value, Operation::put, condition);
}

Span Bucket::left_of(const Entry& entry) {
  constexpr std::int64_t second = 1'000'000'000;
  const auto now = text::from_rfc3339(info().value("ts", std::string()));
  std::int64_t end = 0;
  if (!now || __builtin_add_overflow(entry.created.ns, entry.ttl.ns, &end)) return entry.ttl;
  const std::int64_t left = (end - now->ns) / second * second;
  if (left < second)
    throw Failure(
        Exit::not_found,
        fmt::format("key \"{}\" in bucket \"{}\" is about to expire; nothing was written", entry.key, name_),
        {}, {name_, std::string(entry.key), entry.revision});
  return Span{left};
}

Written Bucket::mark(const std::string& key, Operation operation, const Condition& condition) {
  if (condition.ttl) require_ttl(*condition.ttl);
  if (condition.revision && reads_as_pattern(key)) return mark_listed(key, operation, condition);
  return publish(key, {}, operation, condition);
}

// Of a key that is a pattern the server would compare the revisions of what it matches: instead nothing at
// all may have been written since the key was looked at.
Written Bucket::mark_listed(const std::string& key, Operation operation, Condition condition) {
  constexpr int most_tries = 20;
  for (int tries = 1;; ++tries) {
    std::uint64_t bucket_at = 0;
    const auto found = listed(key, &bucket_at);
    const std::uint64_t revision = found ? found->entry.revision : 0;
    if (revision != condition.revision)
      throw conflict({.bucket = name_, .key = key, .revision = *condition.revision}, revision);
    condition.bucket_at = bucket_at;
    try {
      return publish(key, {}, operation, condition);
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
  const Doing doing{.bucket = name_,
                    .key = key,
                    .revision = condition.revision.value_or(0),
                    .writes = true,
                    .value_size = value.size()};
  const std::string subject = place().write_prefix + key;
  check_size(session_, doing);
  natsMsg* raw = nullptr;
  nats::check(natsMsg_Create(&raw, subject.c_str(), nullptr, value.data(), static_cast<int>(value.size())));
  const nats::Message message(raw);
  if (operation != Operation::put) set(raw, "KV-Operation", std::string(natskv::name_of(operation)));
  if (operation == Operation::purge || condition.drop_history) set(raw, "Nats-Rollup", "sub");
  if (condition.never_expires)
    set(raw, "Nats-TTL", "never");
  else if (condition.ttl)
    set(raw, "Nats-TTL", ttl_text(*condition.ttl));
  jsPubOptions options;
  nats::check(jsPubOptions_Init(&options));
  if (condition.bucket_at)
    options.ExpectLastSeq = *condition.bucket_at;
  else if (condition.revision && *condition.revision == 0)
    options.ExpectNoMessage = true;
  else if (condition.revision)
    options.ExpectLastSubjectSeq = *condition.revision;
  jsPubAck* ack = nullptr;
  jsErrCode code{};
  jsCtx* js = session_.jetstream();
  Asking asking(session_, {.subject = subject,
                           .function = "js_PublishMsg",
                           .bytes = value.size(),
                           .headers = header_words(operation, condition),
                           .writes = true});
  const natsStatus status = js_PublishMsg(&ack, js, raw, &options, &code);
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
      {name_, {}, 0});
}

std::uint64_t Bucket::erase(const std::string& key, std::uint64_t revision) {
  require_own("purge", key);
  if (const auto failure = not_purged(name_, key, true)) throw *failure;
  // STREAM.PURGE keeps `seq` itself and what follows (NATSC.md 6).
  nlohmann::ordered_json body{{"filter", place().read_prefix + key}};
  if (revision != std::numeric_limits<std::uint64_t>::max()) body["seq"] = revision + 1;
  try {
    return session_.api("STREAM.PURGE.KV_" + name_, body.dump()).value("purged", std::uint64_t{0});
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = name_, .key = key, .revision = revision, .writes = true});
  }
}

std::uint64_t Bucket::erase_all() {
  require_own("purge", "--all");  // nor is a stream of that name ours that is no bucket
  // What the stream stores beside the bucket's keys is somebody else's.
  nlohmann::ordered_json body;
  if (!other_subjects(name_, own_config()).empty()) body["filter"] = place().read_prefix + ">";
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
  if (status == NATS_NOT_FOUND) throw no_bucket(name_);
  if (status != NATS_OK) throw explain(session_, nats::error(status), {.bucket = name_, .writes = true});
}

void Bucket::ask_write(const std::string& key) {
  const std::string subject = place().write_prefix + key;
  natsMsg* raw = nullptr;
  nats::check(natsMsg_Create(&raw, subject.c_str(), nullptr, nullptr, 0));
  const nats::Message message(raw);
  jsPubOptions options;
  nats::check(jsPubOptions_Init(&options));
  options.ExpectStream = "natskv-doctor-asks-only";
  jsCtx* js = session_.jetstream();
  jsPubAck* ack = nullptr;
  jsErrCode code{};
  Asking asking(session_, {.subject = subject,
                           .function = "js_PublishMsg",
                           .headers = std::string("Nats-Expected-Stream: ") + options.ExpectStream,
                           .writes = true});
  const natsStatus status = js_PublishMsg(&ack, js, raw, &options, &code);
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

const nlohmann::ordered_json& Bucket::written_config() {
  const auto& own = own_config();
  if (!place().mirror) return own;
  if (!origin_) {
    try {
      const auto answer = session_.json_if_allowed(place().info);
      origin_ = std::make_shared<const nlohmann::ordered_json>(answer ? answer->value("config", own) : own);
    } catch (const nats::Error& error) {
      if (error.connection_lost()) throw explain(session_, error, {.bucket = name_});
      return own;
    }
  }
  return *origin_;
}

void Bucket::require_ttl() {
  if (written_config().value("allow_msg_ttl", false)) return;
  throw Failure(Exit::failure, fmt::format("bucket \"{}\" has no per-key TTL", place().origin),
                fmt::format("natskv edit {} --marker-ttl 1s{} enables it (nats-server 2.11 or newer)",
                            place().origin, at_origin()),
                {name_, {}, 0});
}

void Bucket::require_ttl(Span ttl) {
  require_ttl();
  const auto& config = written_config();
  const std::int64_t markers = config.value("subject_delete_marker_ttl", std::int64_t{0});
  // Where it keeps a history, the server raises a TTL to that of its own markers without a word, in whole
  // seconds.
  constexpr std::int64_t second = 1'000'000'000;
  if (ttl.ns / second >= markers / second || config.value("max_msgs_per_subject", std::int64_t{1}) == 1)
    return;
  throw Failure(
      Exit::failure,
      fmt::format("bucket \"{}\" has markers that live {} and a history: the server would keep it that long, "
                  "not {}",
                  place().origin, ttl_text(Span{markers}), ttl_text(ttl)),
      fmt::format("natskv edit {} --marker-ttl {}{} allows it", place().origin, ttl_text(ttl), at_origin()),
      {name_, {}, 0});
}

}  // namespace natskv
