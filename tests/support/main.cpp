#define DOCTEST_CONFIG_IMPLEMENT
#include "support/skipped.hpp"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int status = context.run();
  // ctest's SKIP_REGULAR_EXPRESSION would win over a failure, so the line it looks for comes only when all
  // passed.
  const auto& skipped = natskv::test::skipped();
  if (status == 0 && !skipped.empty()) {
    fmt::print("SKIPPED: {} test case(s): {}\n", skipped.size(), fmt::join(skipped, "; "));
  }
  return status;
}
