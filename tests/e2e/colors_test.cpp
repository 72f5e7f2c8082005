// Where there is colour, and where there is none.
#include "support/buckets.hpp"
#include "support/process.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace natskv::test;

namespace {

std::string shown(const Run& command) {
  Terminal terminal(command);
  terminal.wait();
  return terminal.screen();
}

}  // namespace

TEST_CASE("errors, hints and doctor have colour on a terminal") {
  const TestBucket b;
  b.put("k", "v");
  const auto failed = shown(b.command("edit", {"--storage", "memory"}));
  CHECK(failed.starts_with("\x1b[31mnatskv: edit:\x1b[0m --storage: "));
  CHECK(failed.find("\r\n\x1b[36mhint:\x1b[0m create ") != std::string::npos);
  const auto steps = shown(b.command("doctor"));
  CHECK(steps.starts_with("\x1b[32mok\x1b[0m       settings "));
  CHECK(steps.find("\x1b[2mskipped\x1b[0m  tls ") != std::string::npos);
}

TEST_CASE("JSON on a terminal is indented and coloured, in a pipe it is neither") {
  const TestBucket b;
  b.put("k", "v\u202e");
  const auto entry = shown(b.command("get", {"k", "-j"}));
  CHECK(entry.starts_with("{\r\n  \x1b[36m\"bucket\"\x1b[0m: \x1b[32m\"" + b.name() + "\"\x1b[0m,\r\n"));
  CHECK(entry.find("\x1b[32m\"v\\u202e\"\x1b[0m") != std::string::npos);
  CHECK(shown(b.command("keys", {"-j"})) == "[\r\n  \x1b[32m\"k\"\x1b[0m\r\n]\r\n");
  CHECK(shown(b.command("keys", {"-j", "--color", "never"})) == "[\r\n  \"k\"\r\n]\r\n");
  CHECK(shown(b.command("watch", {"-o", "jsonl", "--initial", "--color", "never"}))
            .starts_with("{\"bucket\":\"" + b.name() + "\",\"key\":\"k\","));
  CHECK(b("keys", {"-j"}, {.env = {{"CLICOLOR_FORCE", "1"}}}).out == "[\n\"k\"\n]\n");
}

TEST_CASE("NO_COLOR, TERM=dumb and --color never leave no escape, CLICOLOR_FORCE colours a pipe") {
  const TestBucket b;
  b.put("k", "v");
  for (const auto& env : std::vector<std::map<std::string, std::optional<std::string>>>{{{"NO_COLOR", "1"}},
                                                                                        {{"TERM", "dumb"}}}) {
    CHECK(shown(b.command("history", {"k"}, {.env = env})).find('\x1b') == std::string::npos);
    CHECK(shown(b.command("get", {"none"}, {.env = env})).find('\x1b') == std::string::npos);
    CHECK(shown(b.command("watch", {"--initial"}, {.env = env})).find('\x1b') == std::string::npos);
    CHECK(shown(b.command("get", {"k", "-j"}, {.env = env})).find('\x1b') == std::string::npos);
  }
  CHECK(shown(b.command("get", {"none", "--color", "never"})).find('\x1b') == std::string::npos);
  CHECK(b("get", {"none"}).err.find('\x1b') == std::string::npos);
  const Run forced{.env = {{"CLICOLOR_FORCE", "1"}}};
  CHECK(b("history", {"k", "-o", "table"}, forced).out.find("\x1b[32mPUT\x1b[0m") != std::string::npos);
  CHECK(b("get", {"none"}, forced).err.starts_with("\x1b[31mnatskv: get:\x1b[0m "));
}
