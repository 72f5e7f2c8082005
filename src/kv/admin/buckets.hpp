// Administering buckets by JetStream API requests: kvConfig of nats.c 3.4 covers little of it, and
// js_CreateKeyValue overwrites an existing bucket's settings. One code path for every nats.c.
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

/// STREAM.INFO of a bucket; nullopt where there is no such stream. Failure(`if_none`) for a stream that is
/// not a bucket.
std::optional<nlohmann::ordered_json> find_bucket(Session& session, const std::string& bucket,
                                                  Exit if_none = Exit::failure);
/// The same; Failure(not_found) where there is none.
nlohmann::ordered_json read_bucket(Session& session, const std::string& bucket);
/// STREAM.CREATE; the answer is like STREAM.INFO's. Failure(conflict) if it was created meanwhile.
nlohmann::ordered_json create_bucket(Session& session, const std::string& bucket,
                                     const nlohmann::ordered_json& config);
/// STREAM.UPDATE with a whole configuration.
nlohmann::ordered_json update_bucket(Session& session, const std::string& bucket,
                                     const nlohmann::ordered_json& config);

/// Every bucket's STREAM.INFO, by name. `page` runs after each answer. Returns the names of buckets whose
/// servers did not answer (clusters only). Buckets created or removed meanwhile may be missed; none comes
/// twice.
std::vector<std::string> list_buckets(Session& session,
                                      const std::function<void(const nlohmann::ordered_json&)>& each,
                                      const std::function<void()>& page);

/// The connected server's version, from its greeting on a separate connection (nats.c 3.4 does not provide
/// it);
/// "" where it is unknown: TLS first, a JetStream domain that other servers serve.
std::string server_version(Session& session);
/// The level of the server's JetStream API (ADR-44): 0 before 2.11, 2 since 2.12.
int api_level(Session& session, const std::string& bucket);
/// Refuses settings that the server would silently drop, before anything is sent (ADR-8: API
/// level). If neither level nor version is known it passes: the answer is compared afterwards.
void require_server(Session& session, const std::string& bucket, const std::vector<ServerRequirement>& needs);

/// Warns if a mirror's origin or a source is missing or not a bucket. Failure if it is a mirror itself: its
/// keys are stored under a third bucket's name, where they would not be found. If `wanted` is a mirror's:
/// warns if it keeps less than its origin, and enables per-key TTL if the origin has it, because keys expire
/// in the mirror only if it is enabled there, too.
void check_origins(Session& session, const BucketChanges& wishes, nlohmann::ordered_json& wanted);

}  // namespace natskv
