// help, in all its spellings.
#include "support/process.hpp"

#include <doctest/doctest.h>

namespace test = natskv::test;

TEST_CASE("help and --help are the same, and no command is help on stderr with status 2") {
  const auto help = test::natskv({"help"});
  CHECK(help.status == 0);
  CHECK(help.err == "");
  CHECK(help.out.find("\nKeys      get put ") != std::string::npos);
  CHECK(test::natskv({"--help"}).out == help.out);
  CHECK(test::natskv({"-h"}).out == help.out);
  const auto none = test::natskv({});
  CHECK(none.status == 2);
  CHECK(none.out == "");
  CHECK(none.err == help.out);
}

TEST_CASE("A command's help names its arguments, options and examples") {
  const auto help = test::natskv({"help", "get"});
  CHECK(help.status == 0);
  CHECK(help.out.find("Usage: natskv get BUCKET KEY… [OPTIONS]") != std::string::npos);
  CHECK(help.out.find("--revision REVISION") != std::string::npos);
  CHECK(help.out.find("\nExamples:\n  # The value, byte for byte:\n  natskv get config greeting\n") !=
        std::string::npos);
  CHECK(test::natskv({"get", "--help"}).out == help.out);
  CHECK(test::natskv({"get", "--nonsense", "-h"}).out == help.out);
}

TEST_CASE("help --all has each command in a line, and no hidden one") {
  const auto all = test::natskv({"help", "--all"});
  CHECK(all.status == 0);
  CHECK(all.out.find("  rm ") != std::string::npos);
  CHECK(all.out.find("__complete") == std::string::npos);
  CHECK(test::natskv({"help", "--all", "get"}).status == 2);
}

TEST_CASE("A wrong command or option proposes the nearest") {
  const auto command = test::natskv({"histroy"});
  CHECK(command.status == 2);
  CHECK(command.err.find("did you mean history?") != std::string::npos);
  CHECK(test::natskv({"help", "histroy"}).err.find("did you mean history?") != std::string::npos);
  CHECK(test::natskv({"get", "b", "k", "--revison", "1"}).err.find("did you mean --revision?") !=
        std::string::npos);
  CHECK(test::natskv({"complete"}).err.find("__complete") == std::string::npos);
}
