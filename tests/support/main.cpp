#define DOCTEST_CONFIG_IMPLEMENT
#include "support/sanitizer.hpp"
#include "support/skipped.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

namespace {

using natskv::test::Skipped;

/// As one of a filter's, which are separated by commas.
std::string filter(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == ',' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// What an older server could not do is tried on the newer one. Returns only if that cannot be started.
void run_on(const char* server, const std::vector<Skipped>& cases) {
  std::set<std::string> files;
  std::set<std::string> names;
  for (const auto& one : cases) {
    files.insert(filter(one.file));
    names.insert(filter(one.name));
  }
  fmt::print("{} of them again, on {}\n", names.size(), server);
  std::fflush(stdout);
  setenv("NATS_SERVER", server, 1);
  unsetenv("NATS_SERVER_NEW");
  const auto in = fmt::format("--source-file={}", fmt::join(files, ","));
  const auto which = fmt::format("--test-case={}", fmt::join(names, ","));
  execl("/proc/self/exe", "natskv_tests", "--no-intro", in.c_str(), which.c_str(), nullptr);
}

/// A test's signals mean the same however ctest was started: nohup and a script's background jobs ignore
/// some.
void reset_signals() {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD})
    signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  reset_signals();
  int status = 0;
  {
    const natskv::test::SanitizerReports reports;
    doctest::Context context(argc, argv);
    status = context.run();
    if (const int found = reports.show(); found > 0) {
      fmt::print("FAILED: sanitizers wrote {} reports\n", found);
      status = 1;
    }
  }
  const auto& cases = natskv::test::skipped();
  const char* newer = std::getenv("NATS_SERVER_NEW");
  if (status == 0 && !cases.empty() && newer != nullptr && *newer != '\0') run_on(newer, cases);
  for (const auto& one : cases) fmt::print("skipped case: {}: {}\n", one.name, one.reason);
  return status;
}
