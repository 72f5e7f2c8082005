#include "base/failure.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

using namespace natskv;

TEST_CASE("a failure in other words, or with another hint, is the same failure") {
  const auto first = Failure(Exit::not_found, "no key", "list them", {"b", "k", 7}).ending_with(Exit::usage);
  const auto other = first.saying("line 3: no key");
  CHECK(other.what() == std::string("line 3: no key"));
  CHECK(other.hint() == "list them");
  const auto advised = first.advising("put it");
  CHECK(advised.what() == std::string("no key"));
  CHECK(advised.hint() == "put it");
  for (const Failure& one : {other, advised}) {
    CHECK(one.exit() == Exit::usage);
    CHECK(one.code() == Exit::not_found);
    CHECK(one.about().key == "k");
    CHECK(one.about().revision == 7);
  }
}

TEST_CASE("what the system refused is said with its reason") {
  const auto failure = cannot("read \"x\"", ENOENT);
  CHECK(failure.exit() == Exit::failure);
  CHECK(failure.what() == std::string("cannot read \"x\": No such file or directory"));
}
