// Paths and keys.
#include "commands/bulk/folder.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace natskv::commands;

TEST_CASE("a path is its key, or its slashes are dots; what does not come back is refused") {
  const Paths plain, dots{.dots = true};
  CHECK(plain.of_key("conf/app.yaml").text == "conf/app.yaml");
  CHECK(plain.key_of("conf/app.yaml") == "conf/app.yaml");
  CHECK(dots.of_key("conf.app").text == "conf/app");
  CHECK(dots.key_of("conf/app") == "conf.app");
  CHECK(dots.key_of("conf/app.yaml").empty());
  CHECK(plain.key_of("a b").empty());
  CHECK(plain.key_of("a..b").empty());
  for (const char* key : {"/etc/x", "a//b", "a/", "conf/.env", "x~y:z"}) {
    CAPTURE(key);
    CHECK(plain.of_key(key).text.empty());
    CHECK_FALSE(plain.of_key(key).wrong.empty());
  }
  CHECK(dots.of_key("a/b").text.empty());
  CHECK(plain.of_key(std::string(255, 'n')).text.size() == 255);
  CHECK(plain.of_key(std::string(256, 'n')).text.empty());
  CHECK(plain.of_key("d/" + std::string(255, 'n')).text.size() == 257);
}
