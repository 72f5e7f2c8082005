#include "commands/exec/environment.hpp"

#include <doctest/doctest.h>

using namespace natskv::commands;

// A listing brings a key again that is written while it is read.
TEST_CASE("a key that comes again has its later value, and none after a marker") {
  const Naming naming;
  Variables variables("b", naming);
  variables.add("a.b", "1");
  variables.add("a.b", "2");
  CHECK(variables.all().at("A_B").value == "2");
  CHECK_THROWS_AS(variables.add("a_b", "3"), natskv::Failure);
  variables.remove("a_b");
  CHECK(variables.all().size() == 1);
  variables.remove("a.b");
  CHECK(variables.all().empty());
}
