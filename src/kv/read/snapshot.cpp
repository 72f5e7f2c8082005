#include "kv/read/snapshot.hpp"

#include "kv/read/seen.hpp"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace natskv {

namespace {

// A server may say anything: more than this is not believed before it comes.
constexpr std::uint64_t most_expected = std::uint64_t{1} << 20U;

}  // namespace

Snapshot::Snapshot(std::uint64_t expected)
    : table_(std::bit_ceil(std::size_t{std::min(expected, most_expected)} * 2 + 64)), key_{} {
  if (getrandom(key_, sizeof key_, 0) != sizeof key_)
    throw std::runtime_error("the kernel gives no random bytes");
}

std::uint64_t Snapshot::hash(std::string_view key) const {
  std::uint64_t low = 0, high = 0;
  siphash128(key, key_, low, high);
  return low == 0 ? 1 : low;
}

std::uint64_t Snapshot::content(Operation operation, std::string_view value) const {
  std::uint64_t low = 0, high = 0;
  siphash128(value, key_, low, high);
  return high + static_cast<std::uint64_t>(operation);
}

std::size_t Snapshot::place_of(std::uint64_t hash) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = hash & mask;
  while (table_[at].key != 0 && table_[at].key != hash) at = (at + 1) & mask;
  return at;
}

const Snapshot::Known* Snapshot::find(std::string_view key) const {
  const Slot& place = table_[place_of(hash(key))];
  return place.key == 0 ? nullptr : &place.known;
}

void Snapshot::set(const Entry& entry) {
  const std::uint64_t h = hash(entry.key);
  std::size_t at = place_of(h);
  if (table_[at].key == 0) {
    if ((size_ + 1) * 2 > table_.size()) {
      grow();
      at = place_of(h);
    }
    table_[at].key = h;
    ++size_;
  }
  table_[at].known = {content(entry.operation, entry.value.data),
                      entry.revision | (entry.marker() ? marker_bit : 0)};
}

bool Snapshot::meet(std::string_view key) {
  Slot& place = table_[place_of(hash(key))];
  if (place.key == 0 || met(place.known)) return false;
  place.known.revision |= met_bit;
  return true;
}

void Snapshot::grow() {
  std::vector<Slot> old(table_.size() * 2);
  old.swap(table_);
  for (const Slot& place : old) {
    if (place.key != 0) table_[place_of(place.key)] = place;
  }
}

}  // namespace natskv
