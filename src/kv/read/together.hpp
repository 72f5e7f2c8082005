// Keys and patterns read at one moment: what was written at once (an atomic batch) is seen whole or not at
// all.
#pragma once

#include "base/pattern.hpp"
#include "kv/bucket.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace natskv {

/// The server's own limit.
inline constexpr std::size_t most_keys_together = 1024;

/// The latest entries of these keys and of the keys that match these patterns, markers too, in the order of
/// their revisions; a key that is not among them does not exist. nullopt if that takes more than one request:
/// a server before 2.11, over 1,024 keys or 32 MiB, keys that JSON or a filter cannot name, a user without
/// the permission, or keys that are overwritten all the time (by servers before 2.12, which have no atomic
/// batches). Failure as for a single get: then no other way to read them would be right.
std::optional<std::vector<OwnedEntry>> get_together(Bucket& bucket, const std::vector<Pattern>& patterns);

}  // namespace natskv
