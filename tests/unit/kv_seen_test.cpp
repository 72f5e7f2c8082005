#include "kv/read/seen.hpp"

#include <doctest/doctest.h>

#include <string>

using natskv::Seen;
using natskv::siphash128;

namespace {

// The key of the reference vectors: bytes 0, 1, … 15.
constexpr std::uint64_t key[2] = {0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

std::string hash_of_first(int length) {
  std::string input;
  for (int i = 0; i < length; ++i) input += static_cast<char>(i);
  std::uint64_t words[2] = {};
  siphash128(input, key, words[0], words[1]);
  std::string hex;
  for (int i = 0; i < 16; ++i) {
    const auto byte = words[i / 8] >> (8 * (i % 8)) & 0xffU;
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 15U];
  }
  return hex;
}

}  // namespace

TEST_CASE("the hash is SipHash-2-4-128 of the reference vectors") {
  CHECK(hash_of_first(0) == "a3817f04ba25a8e66df67214c7550293");
  CHECK(hash_of_first(1) == "da87c1d86b99af44347659119b22fc45");
  CHECK(hash_of_first(2) == "8177228da4a45dc7fca38bdef60affe4");
  CHECK(hash_of_first(7) == "a1f1ebbed8dbc153c0b84aa61ff08239");
  CHECK(hash_of_first(8) == "3b62a9ba6258f5610f83e264f31497b4");
  CHECK(hash_of_first(15) == "5493e99933b0a8117e08ec0f97cfc3d9");
}

TEST_CASE("a key is new once, whatever the table was made for") {
  for (const std::uint64_t expected : {0U, 1U, 100U, 5000U, 100000U}) {
    CAPTURE(expected);
    Seen seen(expected);
    int again = 0, missing = 0;
    for (int i = 0; i < 20000; ++i) {
      if (!seen.insert("key." + std::to_string(i))) ++again;
    }
    for (int i = 0; i < 20000; ++i) {
      if (!seen.contains("key." + std::to_string(i))) ++missing;
      if (seen.insert("key." + std::to_string(i))) ++again;
    }
    CHECK(again == 0);
    CHECK(missing == 0);
    CHECK(seen.size() == 20000);
    CHECK_FALSE(seen.contains("key.20000"));
    CHECK_FALSE(seen.contains(""));
  }
}

TEST_CASE("keys that were added as new are found, before the table is made and behind") {
  for (const std::uint64_t expected : {0U, 10U, 1000U}) {
    CAPTURE(expected);
    Seen seen(expected);
    for (int i = 0; i < 1000; ++i) seen.add_new("key." + std::to_string(i));
    CHECK(seen.size() == 1000);
    CHECK_FALSE(seen.insert("key.0"));
    CHECK_FALSE(seen.insert("key.999"));
    CHECK(seen.insert("key.1000"));
    seen.add_new("key.1001");
    CHECK_FALSE(seen.insert("key.1001"));
    CHECK(seen.size() == 1002);
  }
}

TEST_CASE("the empty key and bytes of any kind are keys like others") {
  Seen seen;
  CHECK(seen.insert(""));
  CHECK_FALSE(seen.insert(""));
  CHECK(seen.insert(std::string_view("\0", 1)));
  CHECK(seen.insert(std::string_view("\0\0", 2)));
  CHECK(seen.insert("\xff"));
  CHECK(seen.size() == 4);
}

TEST_CASE("a table that was made for its keys takes 32 bytes a key and no more") {
  Seen seen(300000);
  seen.insert(std::to_string(0));
  const auto before = seen.bytes();
  for (int i = 1; i < 300000; ++i) seen.insert(std::to_string(i));
  CHECK(seen.bytes() == before);
  CHECK(seen.bytes() <= 32 * 300000 + 4096);
}
