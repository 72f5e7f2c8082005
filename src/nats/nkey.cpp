// An NKey is base32 of: prefix, key, CRC-16 (XMODEM) of both. A seed's prefix is two bytes: S and the kind of
// the key it makes. The arithmetic of the curve is OpenSSL's, which libnats has loaded anyway.
#include "nats/nkey.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace natskv::nats {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t key_size = 32;
constexpr std::size_t seed_size = 2 + key_size + 2;
constexpr unsigned seed_prefix = 18U << 3U;  // S

std::uint16_t checksum(std::string_view bytes) {
  unsigned crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(byte)) << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? crc << 1U ^ 0x1021U : crc << 1U;
    crc &= 0xFFFFU;
  }
  return static_cast<std::uint16_t>(crc);
}

std::string base32(std::string_view bytes) {
  std::string text;
  unsigned held = 0;
  unsigned bits = 0;
  for (const char byte : bytes) {
    held = (held << 8U | static_cast<unsigned char>(byte)) & 0xFFFFU;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[held >> (bits - 5) & 31U];
  }
  if (bits > 0) text += alphabet[held << (5 - bits) & 31U];
  return text;
}

std::optional<std::string> from_base32(std::string_view text) {
  std::string bytes;
  unsigned held = 0;
  unsigned bits = 0;
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    held = (held << 5U | static_cast<unsigned>(value)) & 0xFFFFU;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xFFU);
  }
  return bytes;
}

void wipe(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

/// Prefixes and private key, without the checksum.
std::optional<std::string> decoded(std::string_view seed) {
  auto bytes = from_base32(seed);
  if (!bytes || bytes->size() != seed_size) return std::nullopt;
  const auto byte = [&](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>((*bytes)[at]));
  };
  const unsigned crc = byte(seed_size - 2) | byte(seed_size - 1) << 8U;
  const std::string_view body = std::string_view(*bytes).substr(0, seed_size - 2);
  if ((byte(0) & 0xF8U) != seed_prefix || checksum(body) != crc) {
    wipe(*bytes);
    return std::nullopt;
  }
  bytes->resize(seed_size - 2);
  return bytes;
}

}  // namespace

std::optional<std::string> seed_in(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  while (!text.empty()) {
    const std::size_t start = text.find_first_not_of(blank);
    if (start == std::string_view::npos) return std::nullopt;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find_first_of(blank));
    if (auto bytes = decoded(word)) {
      wipe(*bytes);
      return std::string(word);
    }
    text.remove_prefix(word.size());
  }
  return std::nullopt;
}

std::optional<std::string> public_key(std::string_view seed) {
  auto secret = decoded(seed);
  if (!secret) return std::nullopt;
  const auto* bytes = reinterpret_cast<const unsigned char*>(secret->data());
  const unsigned kind = (bytes[0] & 7U) << 5U | bytes[1] >> 3U;
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes + 2, key_size), EVP_PKEY_free);
  wipe(*secret);
  std::array<unsigned char, key_size> open{};
  std::size_t size = open.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), open.data(), &size) != 1) return std::nullopt;
  std::string out(1, static_cast<char>(kind));
  out.append(reinterpret_cast<const char*>(open.data()), size);
  const unsigned crc = checksum(out);
  out += static_cast<char>(crc & 0xFFU);
  out += static_cast<char>(crc >> 8U);
  return base32(out);
}

}  // namespace natskv::nats
