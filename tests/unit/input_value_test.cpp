#include "input/value.hpp"
#include "support/failing.hpp"
#include "support/folder.hpp"
#include "support/stdin.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace natskv;
using test::failure;

namespace {

std::string refusal(const std::optional<std::string>& word, const std::optional<std::string>& file) {
  return failure([&] { return read_value(word, file); });
}

}  // namespace

TEST_CASE("a VALUE is literal, the empty one too") {
  const test::Stdin stdin_("not this");
  CHECK(read_value("v", {}) == "v");
  CHECK(read_value("", {}).empty());
  CHECK(read_value("-", {}) == "-");
  CHECK(read_value("@name", {}) == "@name");
}

TEST_CASE("a file's bytes are the value, exactly") {
  const test::Folder folder;
  const std::string bytes("a\0b\r\n\xFF\n", 7);
  CHECK(read_value({}, folder.write("value", bytes)) == bytes);
  CHECK(read_value({}, folder.write("empty", "")).empty());
  const std::string large(300'000, 'x');
  CHECK(read_value({}, folder.write("large", large)) == large);
}

TEST_CASE("stdin is the value where nothing else was given") {
  const test::Stdin stdin_("from stdin\n");
  CHECK(read_value({}, {}) == "from stdin\n");
}

TEST_CASE("an empty stdin is a value only if it was asked for") {
  {
    const test::Stdin stdin_("");
    CHECK(refusal({}, {}) ==
          "2: no VALUE given, and stdin is empty\nhint: give \"\" or -F - for an empty value");
  }
  const test::Stdin stdin_("");
  CHECK(read_value({}, "-").empty());
}

TEST_CASE("- as the file is stdin") {
  const test::Stdin stdin_("piped");
  CHECK(read_value({}, "-") == "piped");
}

TEST_CASE("a terminal is not waited for") {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  REQUIRE(::grantpt(terminal) == 0);
  REQUIRE(::unlockpt(terminal) == 0);
  const int side = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
  REQUIRE(side >= 0);
  {
    const test::Stdin stdin_(side);
    CHECK(refusal({}, {}) ==
          "2: no VALUE given, and stdin is a terminal\nhint: give VALUE after KEY, -F FILE, or -F - to type "
          "it");
  }
  ::close(side);
  ::close(terminal);
}

TEST_CASE("VALUE and a file exclude each other, and the value is not quoted") {
  CHECK(refusal("secret", "f") == "2: VALUE and --file exclude each other");
}

TEST_CASE("a file that cannot be read is a usage error") {
  const test::Folder folder;
  CHECK(refusal({}, folder.at("none")) ==
        "2: --file: cannot read \"" + folder.at("none") + "\": No such file or directory");
  CHECK(refusal({}, folder.path()) == "2: --file: cannot read \"" + folder.path() + "\": Is a directory");
  CHECK(refusal({}, "") == "2: --file: cannot read \"\": No such file or directory");
  const int fd = ::open(folder.path().c_str(), O_RDONLY);
  {
    const test::Stdin stdin_(fd);
    CHECK(refusal({}, {}) == "2: VALUE: cannot read stdin: Is a directory");
  }
  ::close(fd);
}

TEST_CASE("a file over what nats.c can send is refused before it is read") {
  const test::Folder folder;
  const std::string file = folder.write("huge", "");
  std::filesystem::resize_file(file, 2'147'483'648ULL);  // sparse
  CHECK(refusal({}, file) == "2: --file: \"" + file + "\" holds more than 2147483647 bytes");
}

TEST_CASE("a VALUE that names a file is noticed") {
  const test::Folder folder;
  CHECK(looks_like_file("@" + folder.write("name", "x")));
  CHECK_FALSE(looks_like_file(folder.at("name")));
  CHECK_FALSE(looks_like_file("@" + folder.at("none")));
  CHECK_FALSE(looks_like_file("@" + folder.path()));
  CHECK_FALSE(looks_like_file("@"));
  CHECK_FALSE(looks_like_file(""));
}
