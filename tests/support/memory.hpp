// How much a program may have used at most, where that says something.
#pragma once

#include "support/process.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace natskv::test {

/// Checks its largest size in memory; sanitizers keep books of their own in it.
inline void check_within(const Result& result, long mib) {
  if (std::getenv("NATSKV_SANITIZED") == nullptr)
    CHECK_MESSAGE(result.max_rss_kib < mib * 1024, result.max_rss_kib);
  CHECK(result.max_rss_kib > 0);
}

}  // namespace natskv::test
