// What main() is told about test cases that could not run, or not in full.
#pragma once

#include <string>
#include <vector>

namespace natskv::test {

struct Skipped {
  std::string file, name, reason;
};

/// Those of this process so far.
std::vector<Skipped>& skipped();

}  // namespace natskv::test
