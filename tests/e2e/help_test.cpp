#include "commands/all.hpp"
#include "support/buckets.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace natskv::test;

TEST_CASE("natskv help, --help and -h are the same, on stdout, naming every command") {
  const auto help = nowhere({"help"});
  CHECK(help.status == 0);
  CHECK(help.err.empty());
  CHECK(all(nowhere({"--help"})) == all(help));
  CHECK(all(nowhere({"-h"})) == all(help));
  const auto each = nowhere({"help", "--all"});
  CHECK(each.status == 0);
  for (const auto* verb : natskv::commands::table()) {
    if (verb->group == natskv::Group::hidden) continue;
    CHECK(help.out.find(fmt::format(" {}", verb->name)) != std::string::npos);
    CHECK(each.out.find(fmt::format("\n  {}", verb->name)) != std::string::npos);
  }
}

TEST_CASE("each command has help, wherever it is asked for, within 80 columns") {
  for (const auto* verb : natskv::commands::table()) {
    const std::string name(verb->name);
    CAPTURE(name);
    const auto help = nowhere({"help", name});
    CHECK(help.status == 0);
    CHECK(help.err.empty());
    CHECK(help.out.starts_with(fmt::format("natskv {}: {}\n", name, verb->summary)));
    CHECK(help.out.find(fmt::format("Usage: natskv {}", name)) != std::string::npos);
    CHECK(all(nowhere({name, "--help"})) == all(help));
    CHECK(all(nowhere({name, "-h", "--no-such-option", "x", "y", "z"})) == all(help));
    CHECK(all(nowhere({"--help", name})) == all(help));
    for (const auto alias : verb->aliases) CHECK(all(nowhere({"help", std::string(alias)})) == all(help));
    std::istringstream rows(help.out.substr(0, help.out.find("\nExamples:\n")));
    for (std::string row; std::getline(rows, row);) {
      CAPTURE(row);
      CHECK(row.size() <= 84);  // … is three bytes
    }
  }
}

TEST_CASE("a command's help stands alone") {
  const auto help = nowhere({"get", "--help"}).out;
  for (const char* const part :
       {"One KEY: prints the value's bytes", "\nArguments:\n", "\nOptions:\n", "\n  -s, --server URL ",
        "\n  --context NAME ", "\n  -o, --output FORMAT ", "\n  -j, --json ", "\n  -q, --quiet ",
        "\nExamples:\n", "\nMore: man natskv-get"}) {
    CAPTURE(part);
    CHECK(help.find(part) != std::string::npos);
  }
}

TEST_CASE("topics are explained without the manual, within 80 columns") {
  for (const auto& [topic, part] : std::vector<std::pair<std::string, std::string>>{
           {"options", "  -s, --server URL "},
           {"output", "\n  jsonl "},
           {"patterns", "\n  >    the rest"},
           {"values", "\n  DURATION "},
           {"exit-status", "\n  4    conflict: "},
           {"contexts", "\n  2  the context that --context names\n"}}) {
    CAPTURE(topic);
    const auto help = nowhere({"help", topic});
    CHECK(help.status == 0);
    CHECK(help.err.empty());
    CHECK(help.out.find(part) != std::string::npos);
    std::istringstream rows(help.out);
    for (std::string row; std::getline(rows, row);) {
      CAPTURE(row);
      CHECK(row.size() <= 82);  // … is three bytes
    }
  }
}

TEST_CASE("help of what is no command is a usage error") {
  CHECK(nowhere({"help", "nope"}).err ==
        "natskv: help: unknown command \"nope\"\nhint: natskv help lists the commands\n");
  CHECK(nowhere({"help", "nope"}).status == 2);
  CHECK(nowhere({"help", ""}).status == 2);
  CHECK(nowhere({"help", "get", "put"}).status == 2);
}

TEST_CASE("behind -- a --help is an argument") { CHECK(nowhere({"get", "b", "--", "--help"}).status == 5); }

TEST_CASE("the version names natskv's and nats.c's") {
  for (const std::string word : {"--version", "-V"}) {
    const auto result = nowhere({word});
    CHECK(result.status == 0);
    CHECK(result.out.starts_with("natskv " NATSKV_VERSION " (nats.c compiled 3."));
    CHECK(result.out.find(", running 3.") != std::string::npos);
  }
}
