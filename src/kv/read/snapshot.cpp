#include "kv/read/snapshot.hpp"

#include "kv/read/seen.hpp"

namespace natskv {

std::uint64_t Snapshot::content(Operation operation, std::string_view value) const {
  std::uint64_t low = 0, high = 0;
  siphash128(value, keys_.secret(), low, high);
  return high + static_cast<std::uint64_t>(operation);
}

void Snapshot::set(const Entry& entry) {
  keys_[entry.key] = {content(entry.operation, entry.value.data),
                      entry.revision | (entry.marker() ? marker_bit : 0)};
}

bool Snapshot::meet(std::string_view key) {
  Known* known = keys_.find(key);
  if (known == nullptr || met(*known)) return false;
  known->revision |= met_bit;
  return true;
}

}  // namespace natskv
