// What a bucket held when it was listed, by keyed hashes, never names or values: 24 bytes a place, so 48 to
// 96 bytes a key.
#pragma once

#include "kv/entry.hpp"
#include "kv/read/key_table.hpp"

#include <cstdint>
#include <string_view>

namespace natskv {

class Snapshot {
 public:
  /// `expected`: how many keys are likely to come.
  explicit Snapshot(std::uint64_t expected = 0) : keys_(expected) {}

  struct Known {
    std::uint64_t content = 0;   ///< hash of operation and value
    std::uint64_t revision = 0;  ///< with the bits of met() and live()
  };
  /// Sets the key's latest entry, replacing what was there.
  void set(const Entry& entry);
  /// nullptr: not set. Valid until the next set().
  [[nodiscard]] const Known* find(std::string_view key) const { return keys_.find(key); }
  /// Whether the key's latest has this operation and value.
  [[nodiscard]] bool holds(const Known& known, Operation operation, std::string_view value) const {
    return known.content == content(operation, value);
  }
  /// Whether the key's latest is a value.
  [[nodiscard]] static bool live(const Known& known) { return (known.revision & marker_bit) == 0; }
  /// Notes that the key was also met elsewhere; true if it was set and not yet met.
  bool meet(std::string_view key);
  [[nodiscard]] static bool met(const Known& known) { return (known.revision & met_bit) != 0; }
  [[nodiscard]] static std::uint64_t revision(const Known& known) {
    return known.revision & ~(met_bit | marker_bit);
  }
  [[nodiscard]] std::uint64_t size() const { return keys_.size(); }

 private:
  static constexpr std::uint64_t met_bit = std::uint64_t{1} << 63U, marker_bit = std::uint64_t{1} << 62U;
  [[nodiscard]] std::uint64_t content(Operation operation, std::string_view value) const;

  KeyTable<Known> keys_;
};

}  // namespace natskv
