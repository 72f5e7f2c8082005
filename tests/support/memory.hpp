// How much a program may have used at most, where that says something.
#pragma once

#include "support/process.hpp"

#include <doctest/doctest.h>

namespace natskv::test {

/// Checks its largest size in memory; sanitizers keep books of their own in it.
inline void check_within([[maybe_unused]] const Result& result, [[maybe_unused]] long mib) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK_MESSAGE(result.max_rss_kib < mib * 1024, result.max_rss_kib);
  CHECK(result.max_rss_kib > 0);
#endif
}

}  // namespace natskv::test
