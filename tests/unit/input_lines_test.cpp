#include "base/failure.hpp"
#include "input/lines.hpp"
#include "support/folder.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace natskv;
using natskv::test::Folder;

namespace {

std::vector<std::string> all(Lines& lines) {
  std::vector<std::string> found;
  while (const auto line = lines.next()) found.emplace_back(*line);
  return found;
}

}  // namespace

TEST_CASE("lines come one by one, the last one with or without its end, and again after a rewind") {
  const Folder folder;
  const std::string big(300'000, 'x');
  Lines lines(folder.write("f", "a\n\n" + big + "\nlast"), [] {});
  CHECK(lines.regular());
  const std::vector<std::string> expected{"a", "", big, "last"};
  CHECK(all(lines) == expected);
  CHECK(lines.number() == 4);
  lines.rewind();
  CHECK(lines.next() == "a");
  CHECK(lines.number() == 1);
}

TEST_CASE("an empty file has no line") {
  const Folder folder;
  Lines lines(folder.write("f", ""), [] {});
  CHECK(all(lines).empty());
}

TEST_CASE("a line that is too long is refused without being held") {
  const Folder folder;
  Lines lines(folder.write("f", "short\n" + std::string(2'000'000, 'x')), [] {});
  lines.longest(100'000);
  CHECK(lines.next() == "short");
  CHECK_THROWS_WITH_AS(lines.next(), (lines.shown() + ": line 2 is longer than 100000 B").c_str(), Failure);
}

TEST_CASE("a file that changed meanwhile is noticed") {
  const Folder folder;
  const auto path = folder.write("f", "a\nb\n");
  Lines lines(path, [] {});
  CHECK(all(lines).size() == 2);
  folder.write("f", "a\nb\nc\n");
  CHECK_THROWS_WITH_AS(lines.rewind(), (lines.shown() + " changed while it was read").c_str(), Failure);
}

TEST_CASE("a pipe is read once, waiting calls back, and spooled it is read twice") {
  const Folder folder;
  const auto path = folder.at("fifo");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::atomic<int> waits = 0;
  std::thread writer([&] {
    const int fd = ::open(path.c_str(), O_WRONLY);
    for (int slice = 0; slice < 3000 && waits == 0; ++slice) ::usleep(10'000);
    CHECK(::write(fd, "a\nb\n", 4) == 4);
    ::close(fd);
  });
  Lines lines(path, [&] { ++waits; });
  CHECK_FALSE(lines.regular());
  lines.spool();
  writer.join();
  CHECK(waits > 0);
  CHECK(lines.regular());
  const std::vector<std::string> expected{"a", "b"};
  CHECK(all(lines) == expected);
  lines.rewind();
  CHECK(all(lines) == expected);
}

TEST_CASE("what cannot be read is a usage error") {
  const Folder folder;
  for (const auto& path : {folder.at("missing"), folder.path()}) {
    try {
      const Lines lines(path, [] {});
      FAIL("opened");
    } catch (const Failure& failure) {
      CHECK(failure.exit() == Exit::usage);
    }
  }
}
