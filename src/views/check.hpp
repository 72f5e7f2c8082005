// How a step of doctor is printed.
#pragma once

#include "output/record.hpp"

#include <string>
#include <string_view>

namespace natskv {

struct Check {
  std::string_view check, result;
  std::string detail, hint;
};

}  // namespace natskv

namespace natskv::fields {

/// `doctor`.
const View<Check>& check();

}  // namespace natskv::fields
