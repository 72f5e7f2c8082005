// Administering buckets by JetStream API requests: kvConfig of nats.c 3.4 cannot say most of it, and
// js_CreateKeyValue rewrites a bucket that exists (NATSC.md 7). One code path for every nats.c.
#pragma once

#include "base/failure.hpp"
#include "kv/admin/config.hpp"
#include "kv/session.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace natskv {

/// STREAM.INFO of a bucket; nullopt where there is no such stream. Failure(`if_none`) for a stream that is no
/// bucket.
std::optional<nlohmann::ordered_json> find_bucket(Session& session, const std::string& bucket,
                                                  Exit if_none = Exit::failure);
/// The same; Failure(not_found) where there is none.
nlohmann::ordered_json read_bucket(Session& session, const std::string& bucket);
/// STREAM.CREATE; the answer is what STREAM.INFO would say. Failure(conflict) where it was made meanwhile.
nlohmann::ordered_json create_bucket(Session& session, const std::string& bucket,
                                     const nlohmann::ordered_json& config);
/// STREAM.UPDATE with a whole configuration.
nlohmann::ordered_json update_bucket(Session& session, const std::string& bucket,
                                     const nlohmann::ordered_json& config);

/// Every bucket's STREAM.INFO, by name. `page` runs after each answer. Returns the names of buckets whose
/// servers did not answer (clusters only). Buckets made or removed meanwhile may be missed, none comes twice.
std::vector<std::string> list_buckets(Session& session,
                                      const std::function<void(const nlohmann::ordered_json&)>& each,
                                      const std::function<void()>& page);

/// The connected server's version, from its greeting on a connection of its own (nats.c 3.4 does not tell
/// it).
/// "" where it can't be known: TLS first, a JetStream domain that other servers serve.
std::string server_version(Session& session);
/// The level of the server's JetStream API (ADR-44): 0 before 2.11, 2 since 2.12.
int api_level(Session& session, const std::string& bucket);
/// Refuses before anything is sent what the server would drop silently (NATSC.md 1, ADR-8: API level). Where
/// neither level nor version can be known it passes: the answer is compared afterwards.
void require_server(Session& session, const std::string& bucket, const std::vector<ServerRequirement>& needs);

/// Warns of a mirror's origin or a source that is missing or no bucket. Failure for one that is a mirror
/// itself: its keys stand under a third bucket's name, where nobody would find them.
/// `wanted`, where it is a mirror's: warns if it keeps less than its origin, and gets the TTL of keys that
/// the origin has, for what expires there expires here only if the mirror counts too.
void check_origins(Session& session, const BucketChanges& wishes, nlohmann::ordered_json& wanted);

}  // namespace natskv
