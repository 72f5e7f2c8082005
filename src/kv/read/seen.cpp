#include "kv/read/seen.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace natskv {
namespace {

struct Sip {
  std::uint64_t v0, v1, v2, v3;
  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void rounds(int count) {
    while (count-- > 0) round();
  }
};

std::uint64_t little_endian(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i)
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

}  // namespace

void siphash128(std::string_view data, const std::uint64_t (&key)[2], std::uint64_t& low,
                std::uint64_t& high) {
  Sip s{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU ^ 0xeeU, key[0] ^ 0x6c7967656e657261U,
        key[1] ^ 0x7465646279746573U};
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    const std::uint64_t word = little_endian(data.data() + at, 8);
    s.v3 ^= word;
    s.rounds(2);
    s.v0 ^= word;
  }
  const std::uint64_t last =
      little_endian(data.data() + at, data.size() - at) | std::uint64_t{data.size() & 0xffU} << 56U;
  s.v3 ^= last;
  s.rounds(2);
  s.v0 ^= last;
  s.v2 ^= 0xeeU;
  s.rounds(4);
  low = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
  s.v1 ^= 0xddU;
  s.rounds(4);
  high = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

Seen::Seen(std::uint64_t expected) : expected_(expected), key_{} { fill_randomly(key_, sizeof key_); }

Seen::Hash Seen::hash(std::string_view key) const {
  Hash hash;
  siphash128(key, key_, hash.low, hash.high);
  if (hash == Hash{}) hash.low = 1;
  return hash;
}

// Not only powers of two, so that a table is never twice as large as necessary.
std::size_t Seen::place_of(const Hash& hash) const {
  __extension__ using Wide = unsigned __int128;
  auto at = static_cast<std::size_t>((Wide{hash.low} * table_.size()) >> 64U);
  while (table_[at] != Hash{} && table_[at] != hash) {
    if (++at == table_.size()) at = 0;
  }
  return at;
}

bool Seen::contains(std::string_view key) const {
  settle();
  return table_[place_of(hash(key))] != Hash{};
}

bool Seen::insert(std::string_view key) {
  settle();
  const Hash h = hash(key);
  if (table_[place_of(h)] == h) return false;
  put(h);
  return true;
}

void Seen::add_new(std::string_view key) {
  if (!table_.empty()) return put(hash(key));
  if (added_.empty()) added_.reserve(expected_);
  added_.push_back(hash(key));
}

// Filling the table misses the cache at every key: so not before it is needed.
void Seen::settle() const {
  if (!table_.empty()) return;
  table_.resize(std::size_t{std::max<std::uint64_t>(expected_, added_.size())} * 2 + 64);
  for (const Hash& h : std::exchange(added_, {})) put(h);
}

void Seen::put(const Hash& hash) const {
  std::size_t at = place_of(hash);
  if (table_[at] == hash) return;
  if ((size_ + 1) * 4 > table_.size() * 3) {
    grow();
    at = place_of(hash);
  }
  table_[at] = hash;
  ++size_;
}

void Seen::grow() const {
  std::vector<Hash> old(table_.size() + table_.size() / 2);
  old.swap(table_);
  for (const Hash& h : old) {
    if (h != Hash{}) table_[place_of(h)] = h;
  }
}

}  // namespace natskv
