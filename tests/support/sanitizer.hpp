// The sanitizers' findings, which a test must not take for a failure that it expects.
#pragma once

#include "support/text.hpp"

namespace natskv::test {

/// While it lives, what sanitizers find in this program and in those that it starts goes into files: 1, the
/// address sanitizer's own status, is one of natskv's too, and not every test looks at stderr.
class SanitizerReports {
 public:
  SanitizerReports();
  ~SanitizerReports();
  SanitizerReports(const SanitizerReports&) = delete;
  SanitizerReports& operator=(const SanitizerReports&) = delete;
  /// Prints the first of them; how many there are.
  [[nodiscard]] int show() const;

 private:
  TempDir folder_;
};

}  // namespace natskv::test
