#include "config/word.hpp"
#include "support/folder.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace natskv;
using namespace natskv::config;

TEST_CASE("what looks like a file's name may be shown, what may be a secret not") {
  const std::string seed = "SUAGYXTJHI5HWZJ5TOCCKYX7UPLSYEO6FZNK5NYO3DGVY6KBA3OD2LHQY4";
  for (const std::string& path : {std::string("/no/such"), std::string("./x"), std::string("../a b/x"),
                                  std::string("~/u.creds"), std::string("$HOME/none"), std::string("u.creds"),
                                  std::string("a/b/u.nk"), std::string("file:///no/such")}) {
    CAPTURE(path);
    CHECK(like_path(path));
    CHECK(names_file(path));
    CHECK(shown_file(path) == "\"" + path + "\"");
  }
  for (const std::string& word :
       {seed, seed.substr(0, 30), "/tmp/" + seed, "x" + seed + ".nk", std::string("eyJhbGciOi.eyJ.x"),
        std::string("---BEGIN"), std::string("/a\nb"), std::string("pass.word"), std::string("ab/cd"),
        std::string("aB3/xYz+cret=="), std::string("pass word.txt"), std::string()}) {
    CAPTURE(word);
    CHECK_FALSE(like_path(word));
    CHECK(shown_file(word).find("not shown") != std::string::npos);
  }
  const test::Folder folder;
  const std::string file = folder.write("pass+word=", "x");
  CHECK(like_path(file));
  CHECK(like_path(folder.at("other+=")));  // its folder is there
  CHECK(like_seed(seed));
  CHECK_FALSE(like_seed("SEED"));
  CHECK_FALSE(like_seed("U" + seed.substr(1)));
  CHECK(without_scheme("file://a") == "a");
  CHECK(without_scheme("file:/a") == "file:/a");
}
