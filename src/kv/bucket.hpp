// A bucket: single keys over nats.c's kvStore_*, with corrections where those give a wrong answer
// (src/README.md).
#pragma once

#include "kv/address.hpp"
#include "kv/entry.hpp"
#include "kv/session.hpp"
#include "nats/handle.hpp"
#include "nats/requests.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

struct Task;
struct Stored;  // kv/message.hpp

/// The result of a write. Owns its strings, because it outlives the command's locals in a row.
struct Written {
  std::string bucket;
  std::string key;
  std::uint64_t revision = 0;
  Operation operation = Operation::put;
};

/// The conditions of a write.
struct Condition {
  std::optional<std::uint64_t> revision =
      {};                        ///< the key's latest revision must be this (0: no message at all)
  bool creates = false;          ///< with `revision` 0: a marker may be there
  std::optional<Span> ttl = {};  ///< Nats-TTL header, whole seconds
  bool never_expires = false;    ///< Nats-TTL: never
  bool drop_history = false;     ///< of a put: removes the key's older revisions in the same step
  std::optional<std::uint64_t> bucket_at = {};  ///< instead: the bucket's last revision must be this
};

class Bucket {
 public:
  /// Does not connect yet. The session must outlive it.
  Bucket(Session& session, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  Session& session() { return session_; }
  /// For many requests at once on its connection. Throws Failure if that is lost.
  nats::Requests requests(nats::Requests::Limits limits);

  /// The value by kvStore_Get. Failure: not_found for a missing bucket, key or revision, and for markers.
  OwnedEntry value(const std::string& key, std::optional<std::uint64_t> revision = {});
  /// The entry, with what kvEntry hides (TTL, marker reason); markers are returned. nullopt: no such key or
  /// revision. `consistent`: asks the stream's leader (STREAM.MSG.GET), not a replica that may lag.
  std::optional<OwnedEntry> entry(const std::string& key, std::optional<std::uint64_t> revision = {},
                                  bool consistent = false);
  /// The latest one as the leader has it.
  std::optional<OwnedEntry> entry_of_leader(const std::string& key) { return entry(key, {}, true); }

  /// The entry by the stream's leader, or by a replica where the user may not ask the leader: for a write on
  /// the condition that it is still the latest.
  std::optional<OwnedEntry> latest(const std::string& key);

  /// The entry if there is one that is not a marker; else Failure(not_found) that says which it was.
  OwnedEntry live(std::optional<OwnedEntry> found, const std::string& key,
                  std::optional<std::uint64_t> revision);

  Written put(const std::string& key, std::string_view value);
  /// Only where there is no value. The conflict names a revision as the leader has it, or the replica that
  /// the user may read; races lost against markers are repeated for at most a second.
  Written create(const std::string& key, std::string_view value, std::optional<Span> ttl = {});
  Written update(const std::string& key, std::string_view value, std::uint64_t revision);
  /// A put with what kvStore_* cannot express. Call require_ttl() first.
  Written store(const std::string& key, std::string_view value, const Condition& condition);
  /// How long an entry still has to live by the server's clock, in whole seconds. Failure(not_found) if less
  /// than one.
  Span left_of(const Entry& entry);
  /// Writes a delete or purge marker. kvStore_Delete and _Purge return no revision and take no condition.
  Written mark(const std::string& key, Operation operation, const Condition& condition = {});
  /// A mirror's own stream must not be emptied: what is removed there never comes back, and the mirror
  /// answers reads for its origin. Failure, with this command on the origin as the hint.
  void require_own(std::string_view verb, std::string_view words = {});
  /// Removes a key's revisions up to and including `revision`, leaving no marker (STREAM.PURGE). Returns how
  /// many.
  std::uint64_t erase(const std::string& key, std::uint64_t revision);
  /// Empties the bucket without markers. Returns how many values were removed. Not on a mirror.
  std::uint64_t erase_all();
  /// Removes the bucket (js_DeleteKeyValue).
  void remove();
  /// Checks without writing whether this key may be written: a publish that expects another stream, which the
  /// server refuses (10060) after checking the permission. Failure if not.
  void ask_write(const std::string& key);

  /// STREAM.INFO's answer, unchanged. Failure: not_found; 1 where the stream is not a bucket.
  const nlohmann::ordered_json& info();
  /// Its configuration as of the last request, which is made if there was none.
  const nlohmann::ordered_json& config();
  /// Whether the stream's leader is older than 2.10, when it was last asked.
  bool on_old_server();
  const StreamAddress& place();
  /// Whether the bucket answers direct gets (allow_direct).
  bool direct();
  /// Whether it also answers for many keys at once (multi_last of ADR-31, since 2.11).
  bool direct_for_many();
  /// The configuration of the bucket that is written to: for a mirror its origin's, if it can be read.
  const nlohmann::ordered_json& written_config();
  /// Whether that keeps more than one revision of a key: a value that expires then brings the older one back.
  bool keeps_history();
  /// Per-key TTL must be enabled before anything is sent: otherwise old servers store the value forever.
  void require_ttl();
  /// The same for this TTL: the server silently lengthens one that is shorter than the bucket's markers live.
  void require_ttl(Span ttl);

 private:
  kvStore* store();
  Written publish(const std::string& key, std::string_view value, Operation operation,
                  const Condition& condition);
  /// By a direct get; from the leader where nobody answers.
  std::optional<OwnedEntry> of_replica(const std::string& subject, std::optional<std::uint64_t> revision);
  std::optional<OwnedEntry> of_leader(const std::string& subject, std::optional<std::uint64_t> revision);
  std::optional<OwnedEntry> found_at(nats::Message message, const Stored& stored, std::string_view subject);
  /// A key that the server takes for a pattern: its subject would bring another key's message.
  std::optional<OwnedEntry> listed(const std::string& key, std::uint64_t* bucket_at = nullptr);
  Written publish_listed(const std::string& key, std::string_view value, Operation operation,
                         Condition condition);
  /// Put or, if `conditional`, update to the revision of `doing`. nullopt: a mirror, whose origin is to be
  /// written to; a create that was refused.
  std::optional<Written> store_by_library(std::string_view value, const Task& doing, bool conditional);
  /// The option that a command on a mirror's origin needs.
  std::string at_origin();
  /// A put of kvStore_* to a mirror finds no responders (nats.c < 3.14): the origin is written to instead.
  bool is_mirror(natsStatus status);
  bool mirrors_from_afar();
  Written acknowledged(Written written, const Task& doing);

  Session& session_;
  std::string name_;
  nats::Store store_;
  int generation_ = 0;  // the connection it belongs to
  std::optional<StreamAddress> place_;
  std::shared_ptr<const nlohmann::ordered_json> info_, origin_;
};

}  // namespace natskv
