// What a bucket held when it was listed, by keyed hashes, never names or values: 24 bytes a place
// in a table that is a power of two and at most half full, so 48 to 96 bytes a key.
#pragma once

#include "kv/entry.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace natskv {

class Snapshot {
 public:
  /// `expected`: how many keys are likely to come.
  explicit Snapshot(std::uint64_t expected = 0);

  struct Known {
    std::uint64_t content = 0;   ///< hash of operation and value
    std::uint64_t revision = 0;  ///< with the bits of met() and live()
  };
  /// The key's latest; what was there is replaced.
  void set(const Entry& entry);
  /// nullptr: never set. Valid until the next set().
  [[nodiscard]] const Known* find(std::string_view key) const;
  /// Whether the key's latest has this operation and value.
  [[nodiscard]] bool holds(const Known& known, Operation operation, std::string_view value) const {
    return known.content == content(operation, value);
  }
  /// Whether the key's latest is a value.
  [[nodiscard]] static bool live(const Known& known) { return (known.revision & marker_bit) == 0; }
  /// Notes that the key was met elsewhere too; true if it was set and not yet met.
  bool meet(std::string_view key);
  [[nodiscard]] static bool met(const Known& known) { return (known.revision & met_bit) != 0; }
  [[nodiscard]] static std::uint64_t revision(const Known& known) {
    return known.revision & ~(met_bit | marker_bit);
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  static constexpr std::uint64_t met_bit = std::uint64_t{1} << 63U, marker_bit = std::uint64_t{1} << 62U;
  struct Slot {
    std::uint64_t key = 0;  // 0: free
    Known known;
  };
  [[nodiscard]] std::uint64_t hash(std::string_view key) const;
  [[nodiscard]] std::uint64_t content(Operation operation, std::string_view value) const;
  [[nodiscard]] std::size_t place_of(std::uint64_t hash) const;
  void grow();

  std::vector<Slot> table_;  // at most half full; a power of two
  std::uint64_t size_ = 0;
  std::uint64_t key_[2];  // random: no writer can choose keys that collide
};

}  // namespace natskv
