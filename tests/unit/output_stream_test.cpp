#include "base/failure.hpp"
#include "output/stream.hpp"
#include "support/captured.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

using namespace natskv;

namespace {

struct NoSigpipe {
  struct sigaction before {};
  NoSigpipe() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before);
  }
  ~NoSigpipe() { sigaction(SIGPIPE, &before, nullptr); }
};

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() { REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t i) {
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
  }
  std::string drain() const {
    std::string all;
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = read(ends[0], part.data(), part.size())) > 0;) {
      all.append(part.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
};

}  // namespace

TEST_CASE("what is written reaches the descriptor when it is flushed, not before") {
  test::Captured captured;
  CHECK(captured.out.empty());
  captured.out.write(std::string_view("a\0b", 3));
  CHECK_FALSE(captured.out.empty());
  CHECK(lseek(captured.out.fd(), 0, SEEK_END) == 0);
  CHECK(captured.text() == std::string("a\0b", 3));
  CHECK(captured.out.empty());
}

TEST_CASE("a full buffer is written without being asked to") {
  test::Captured captured;
  const std::string big(200'000, 'x');
  captured.out.write(big);
  CHECK(captured.out.empty());
  CHECK(captured.text() == big);
}

TEST_CASE("a full device is a failure that says so once") {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  Output out(full, "standard output");
  out.write("text");
  try {
    out.flush();
    FAIL("flush() succeeded");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::failure);
    CHECK(std::string(failure.what()) == "cannot write to standard output: No space left on device");
  }
  CHECK(out.empty());
  CHECK_NOTHROW(out.flush());
  close(full);
}

TEST_CASE("a closed descriptor is a failure that names the output") {
  Output out(-1, "dump.jsonl");
  out.write("text");
  CHECK_THROWS_WITH_AS(out.flush(), "cannot write to dump.jsonl: Bad file descriptor", Failure);
}

TEST_CASE("a reader that went away is told apart from failures") {
  const NoSigpipe ignored;
  Pipe pipe;
  pipe.close_end(0);
  Output out(pipe.ends[1], "standard output");
  out.write("text");
  CHECK_THROWS_AS(out.flush(), ReaderGone);
  CHECK_NOTHROW(out.flush());
}

TEST_CASE("a slow reader of a non-blocking pipe gets everything in order") {
  Pipe pipe;
  REQUIRE(fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK) == 0);
  std::string all;
  std::string got;
  std::thread reader([&] { got = pipe.drain(); });
  Output out(pipe.ends[1], "standard output");
  for (int i = 0; i < 60'000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    all += line;
    out.write(line);
  }
  out.flush();
  pipe.close_end(1);
  reader.join();
  CHECK(got == all);
}

TEST_CASE("a pipe is no terminal") {
  const Pipe pipe;
  const Output out(pipe.ends[1], "standard output");
  CHECK_FALSE(out.terminal());
}

TEST_CASE("over memory all that was written is taken, once") {
  Output memory;
  const std::string large(200'000, 'x');
  memory.write("a\n");
  memory.write(large);
  CHECK(memory.take() == "a\n" + large);
  CHECK(memory.empty());
  memory.write("b");
  CHECK(memory.take() == "b");
}
