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
/// a server before 2.11, over 1,024 keys or 8 MiB, keys that JSON or a filter cannot name, a user without the
/// permission. Failure as for a single get.
std::optional<std::vector<OwnedEntry>> get_together(Bucket& bucket, const std::vector<Pattern>& patterns);

}  // namespace natskv
