#include "support/sanitizer.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

extern "C" __attribute__((weak)) void __sanitizer_set_report_path(const char* path);

namespace natskv::test {
namespace {

// Of this process alone: what it starts reads its options when it starts.
void report_to(const std::string& path) {
  if (&__sanitizer_set_report_path != nullptr) __sanitizer_set_report_path(path.c_str());
}

}  // namespace

SanitizerReports::SanitizerReports() {
  const auto path = folder_ / "report";
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS"}) {
    const char* given = std::getenv(name);
    const auto all = fmt::format("{}:exitcode=99:log_path='{}'", given == nullptr ? "" : given, path);
    setenv(name, all.c_str(), 1);
  }
  report_to(path);
}

SanitizerReports::~SanitizerReports() { report_to("stderr"); }

int SanitizerReports::show() const {
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    if (++count == 1) fmt::print("{}\n", read_file(file.path()));
  }
  return count;
}

}  // namespace natskv::test
