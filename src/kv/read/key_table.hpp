// Data about many keys, found by a keyed hash: the names are not kept. The number of slots is a power of two,
// and at most half of them are full.
#pragma once

#include "base/random.hpp"
#include "kv/read/seen.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace natskv {

template <class Known>
class KeyTable {
 public:
  struct Slot {
    std::uint64_t key = 0;  ///< 0: free
    Known known = {};
  };

  /// `expected`: how many keys are likely to come.
  explicit KeyTable(std::uint64_t expected = 0)
      : slots_(std::bit_ceil(std::size_t{std::min(expected, most_expected)} * 2 + 64)), secret_{} {
    fill_randomly(secret_, sizeof secret_);
  }

  /// nullptr: not found. Valid until the next key is added.
  [[nodiscard]] const Known* find(std::string_view key) const {
    const Slot& slot = slots_[slot_of(hash(key))];
    return slot.key == 0 ? nullptr : &slot.known;
  }
  [[nodiscard]] Known* find(std::string_view key) {
    Slot& slot = slots_[slot_of(hash(key))];
    return slot.key == 0 ? nullptr : &slot.known;
  }
  /// Added if it is not there. Valid until the next key is added.
  Known& operator[](std::string_view key) {
    const std::uint64_t h = hash(key);
    std::size_t at = slot_of(h);
    if (slots_[at].key == 0) {
      if ((size_ + 1) * 2 > slots_.size()) {
        grow();
        at = slot_of(h);
      }
      slots_[at].key = h;
      ++size_;
    }
    return slots_[at].known;
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  template <class Use>
  void for_each(Use&& use) const {
    for (const Slot& slot : slots_) {
      if (slot.key != 0) use(slot.known);
    }
  }
  /// Random: no writer can choose keys that collide.
  [[nodiscard]] const std::uint64_t (&secret() const)[2] { return secret_; }

 private:
  // The server's count is not trusted beyond this.
  static constexpr std::uint64_t most_expected = std::uint64_t{1} << 20U;

  [[nodiscard]] std::uint64_t hash(std::string_view key) const {
    std::uint64_t low = 0, high = 0;
    siphash128(key, secret_, low, high);
    return low == 0 ? 1 : low;
  }
  [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].key != 0 && slots_[at].key != hash) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.key != 0) slots_[slot_of(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::uint64_t size_ = 0;
  std::uint64_t secret_[2];
};

}  // namespace natskv
