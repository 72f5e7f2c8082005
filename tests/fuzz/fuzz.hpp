// What every target shares.
#pragma once

#include "base/failure.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace natskv::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A finding: libFuzzer keeps the input.
inline void require(bool held) {
  if (!held) std::abort();
}

/// Calls it; a Failure is an answer like any other, and its message one line.
template <class Call>
bool accepts(Call&& call) {
  try {
    static_cast<void>(call());
    return true;
  } catch (const Failure& failure) {
    require(std::string_view(failure.what()).find('\n') == std::string_view::npos);
    return false;
  }
}

}  // namespace natskv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
