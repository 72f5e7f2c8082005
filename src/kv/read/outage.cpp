#include "kv/read/outage.hpp"

#include <algorithm>

namespace natskv {

AfterOutage compare(const Before& before, const StreamState& now) {
  if (now.created != before.created) return StartAnew{StartAnew::Why::recreated};
  if (now.last < before.revision) return StartAnew{StartAnew::Why::rewound};
  // Keys that disappeared without a marker: only a purge of everything, or expiry, removes them all.
  const bool emptied = before.keys > 0 && now.first > before.revision &&
                       (now.keys < before.keys || now.last - before.revision < before.keys);
  return GoOn{.after = std::max(before.revision, std::min(before.start, now.last)), .emptied = emptied};
}

}  // namespace natskv
