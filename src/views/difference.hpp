// How a key that differs between two buckets is printed.
#pragma once

#include "output/record.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace natskv {

/// A revision of 0: the key is absent there.
struct Difference {
  std::string_view change, key;
  std::uint64_t revision_a = 0, revision_b = 0;
  std::optional<Bytes> value_a = {}, value_b = {};  ///< if they were asked for
};

}  // namespace natskv

namespace natskv::fields {

/// `diff`; with both values.
const View<Difference>& difference(bool values);

}  // namespace natskv::fields
