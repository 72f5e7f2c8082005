// Which keys were seen: 16 bytes per key (a keyed 128-bit hash), never the names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace natskv {

class Seen {
 public:
  /// `expected`: how many are likely to come; then the table need not grow, which takes memory for both
  /// sizes.
  explicit Seen(std::uint64_t expected = 0);

  /// false if it was there before.
  bool insert(std::string_view key);
  /// For a key that cannot have been there before: cheaper, as the table is only made when needed.
  void add_new(std::string_view key);
  [[nodiscard]] bool contains(std::string_view key) const;
  [[nodiscard]] std::uint64_t size() const { return size_ + added_.size(); }
  /// The table's memory.
  [[nodiscard]] std::size_t bytes() const { return (table_.size() + added_.capacity()) * sizeof(Hash); }

 private:
  struct Hash {
    std::uint64_t low = 0, high = 0;  // both 0: a free place
    friend bool operator==(const Hash&, const Hash&) = default;
  };
  [[nodiscard]] Hash hash(std::string_view key) const;
  [[nodiscard]] std::size_t place_of(const Hash& hash) const;
  void grow() const;
  void settle() const;
  void put(const Hash& hash) const;

  std::uint64_t expected_;
  // Mutable because the table is only made by the first lookup.
  mutable std::vector<Hash> added_;  // by add_new(), before that
  mutable std::vector<Hash> table_;  // half full with the expected keys; grows at three quarters
  mutable std::uint64_t size_ = 0;   // of the table
  std::uint64_t key_[2];             // random: no writer can choose keys that collide
};

/// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012).
void siphash128(std::string_view data, const std::uint64_t (&key)[2], std::uint64_t& low,
                std::uint64_t& high);

}  // namespace natskv
