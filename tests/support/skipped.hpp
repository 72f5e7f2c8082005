// What main() tells ctest about skipped test cases.
#pragma once

#include <string>
#include <vector>

namespace natskv::test {

/// The reasons of the test cases skipped so far.
std::vector<std::string>& skipped();

}  // namespace natskv::test
