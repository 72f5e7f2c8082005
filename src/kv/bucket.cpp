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

namespace natskv {
namespace {

// nats.c sends a sequence as a signed number, and the server calls a negative one malformed.
constexpr std::uint64_t highest_revision = std::numeric_limits<std::int64_t>::max();

bool says_no_leader(std::string_view text) {
  return text.starts_with("JetStream cluster") || text.starts_with("JetStream system temporarily");
}

// A stream without a leader cannot be bound, but its replicas answer direct gets. nullopt: none did in time.
std::optional<OwnedEntry> of_leaderless(Session& session, const std::string& bucket, const std::string& key) {
  const std::string subject = fmt::format("$KV.{}.{}", bucket, key);
  while (!session.stop()) {
    try {
      auto answer = session.request(session.api_subject("DIRECT.GET.KV_" + bucket + "." + subject), {});
      const auto stored = read_stored(answer.get());
      if (!stored || stored->subject != subject) return std::nullopt;
      return entry_of(std::move(answer), *stored, bucket, subject.substr(0, subject.size() - key.size()));
    } catch (const nats::Error& error) {
      if (error.status != NATS_NO_RESPONDERS) return std::nullopt;
    }
    nats_Sleep(100);  // a replica that learns of a new leader is unavailable for a moment
  }
  return std::nullopt;
}

// Binding for a read takes at most half of the time; the rest is for asking a replica.
natsStatus bind_impatiently(Session& session, const std::string& bucket, nats::Store& store) {
  const auto impatient = session.jetstream(std::max<std::int64_t>(session.timeout().ms() / 2, 1));
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
    if (status == NATS_NOT_FOUND) throw no_bucket(session_, name_);
    if (status == NATS_INVALID_ARG) throw no_key_value(name_);
    if (status == NATS_ERR) (void)info();  // js_KeyValue loses the error code
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

// STREAM.INFO has `ts` since 2.10.
bool Bucket::on_old_server() {
  (void)config();
  return !info_->contains("ts");
}

const nlohmann::ordered_json& Bucket::config() { return (info_ ? *info_ : info()).at("config"); }

const StreamAddress& Bucket::place() {
  if (!place_) place_ = address_of(name_, config(), session_.settings().js_api_prefix);
  return *place_;
}

nats::Requests Bucket::requests(nats::Requests::Limits limits) {
  try {
    return session_.requests(limits);
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = name_});
  }
}

OwnedEntry Bucket::value(const std::string& key, std::optional<std::uint64_t> revision) {
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
  // An empty value may be a marker that the server wrote (nats.c < 3.13 calls it a PUT), a key that is not
  // found may be stored under another subject (a mirror's), and a stored header Status looks like the
  // server's: the message itself decides.
  if (status != NATS_OK && status != NATS_NOT_FOUND && status != NATS_NO_RESPONDERS && status != NATS_ERR) {
    throw explain(session_, nats::error(status), {.bucket = name_, .key = key});
  }
  return live(entry(key, revision), key, revision);
}

OwnedEntry Bucket::live(std::optional<OwnedEntry> found, const std::string& key,
                        std::optional<std::uint64_t> revision) {
  if (found && !found->entry.marker()) return *found;
  if (!revision) throw no_key(name_, key);
  throw Failure(Exit::not_found,
                found ? fmt::format("revision {} of key \"{}\" in bucket \"{}\" is a delete marker ({})",
                                    *revision, key, name_, natskv::name_of(found->entry.operation))
                      : fmt::format("key \"{}\" in bucket \"{}\" has no revision {}", key, name_, *revision),
                {}, {name_, key, *revision});
}

bool Bucket::direct() { return config().value("allow_direct", false); }

// Servers since 2.11 report the level of their API with each configuration (ADR-44).
bool Bucket::direct_for_many() {
  const auto& config = this->config();
  const auto metadata = config.find("metadata");
  return direct() && metadata != config.end() && metadata->contains("_nats.level");
}

std::optional<OwnedEntry> Bucket::entry(const std::string& key, std::optional<std::uint64_t> revision,
                                        bool consistent) {
  const StreamAddress& where = place();
  const bool by_leader = consistent || !direct();
  const bool no_json = by_leader && !text::valid_utf8(key);
  if (no_json && (consistent || revision))
    throw not_utf8(name_, key, "cannot be read from the stream's leader");
  if (no_json || (!revision && reads_as_pattern(key))) return listed(key);
  if (revision && *revision > highest_revision) return std::nullopt;
  const std::string subject = where.read_prefix + key;
  try {
    return by_leader ? of_leader(subject, revision) : of_replica(subject, revision);
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = name_, .key = key});
  }
}

// With requests of our own: js_DirectGetMsg takes stored headers (a republished value's, a Status) for the
// server's, js_GetLastMsg writes the key into its JSON without escaping quotes and backslashes.
std::optional<OwnedEntry> Bucket::of_replica(const std::string& subject,
                                             std::optional<std::uint64_t> revision) {
  const std::string asked = session_.api_subject("DIRECT.GET." + place().stream);
  nats::Message answer;
  try {
    answer = revision ? session_.request(asked, fmt::format("{{\"seq\":{}}}", *revision))
                      : session_.request(asked + "." + subject, {});
  } catch (const nats::Error& error) {
    // nats.c also takes an empty value with a stored header "Status: 503" for this.
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

std::optional<OwnedEntry> Bucket::of_leader(const std::string& subject,
                                            std::optional<std::uint64_t> revision) {
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

// The revision may be another key's.
std::optional<OwnedEntry> Bucket::found_at(nats::Message message, const Stored& stored,
                                           std::string_view subject) {
  if (stored.subject != subject) return std::nullopt;
  return entry_of(std::move(message), stored, name_, place().read_prefix);
}

std::optional<OwnedEntry> Bucket::listed(const std::string& key, std::uint64_t* bucket_at) {
  std::optional<OwnedEntry> found;
  Listing entries(session_, name_, {.patterns = {{key, false}}});
  if (bucket_at != nullptr) *bucket_at = entries.last_revision();
  while (const Entry* entry = entries.next()) {
    found = copy_of(*entry);
  }
  return found;
}

// In another domain something may subscribe to the mirror's own subjects (a leaf's account does): then there
// is a time-out instead of "no responders".
bool Bucket::mirrors_from_afar() { return !session_.put_prefix().empty() && place().mirror; }

bool Bucket::is_mirror(natsStatus status) { return status == NATS_NO_RESPONDERS && place().mirror; }

}  // namespace natskv
