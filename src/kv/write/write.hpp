// One write of many, its result, and how it is sent.
#pragma once

#include "base/failure.hpp"
#include "base/types.hpp"
#include "kv/bucket.hpp"
#include "kv/entry.hpp"
#include "kv/explain.hpp"
#include "nats/requests.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// One write. `erase`: removes the key's revisions up to and including `expected`, leaving no marker.
struct Write {
  std::string key;
  std::string value = {};
  Operation operation = Operation::put;
  bool erase = false;
  std::optional<std::uint64_t> expected = {};  ///< the latest revision the key must have (0: none at all)
  std::optional<Span> ttl = {};
  bool never_expires = false;  ///< Nats-TTL: never
  bool creates = false;        ///< with `expected` 0: over a marker too, as `create`
  bool drop_history = false;   ///< the key's older revisions go with it
  /// It expires, and an older value would return: only where the key has none. With `creates`, unless
  /// somebody looked.
  bool over_nothing = false;
};

/// Its result: a revision, or the failure to report.
struct WriteResult {
  std::uint64_t number = 0;
  std::string key;
  Operation operation = Operation::put;
  bool erased = false;         ///< an erase
  std::uint64_t expected = 0;  ///< the write's own condition, 0 without one
  std::uint64_t revision = 0;  ///< of the write; for an erase: how many values were removed
  std::optional<Failure> failure;
};

/// The headers of a write that is sent under this condition.
nats::Headers headers_of(Operation operation, const Condition& condition);
nats::Headers headers_of(const Write& write, const std::optional<std::uint64_t>& condition);
/// The revision that an answer acknowledges, or for an erase how many values were removed. Throws
/// nats::Error: refused, or an answer that acknowledges nothing.
std::uint64_t acknowledged(std::string_view answer, bool erase);
/// Why a write that expires is refused over a value, where the bucket keeps a history.
Failure older_would_return(const std::string& bucket, const std::string& key, std::uint64_t revision);
/// For explain().
Task doing(const std::string& bucket, const Write& write);

}  // namespace natskv
