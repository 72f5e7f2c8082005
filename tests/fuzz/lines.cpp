// The lines of an import, of a file and through a pipe: all of them, in order, none but the bytes that came.
// The first byte is how long a line may be.
#include "input/lines.hpp"

#include "fuzz.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

using namespace natskv;

namespace {

std::vector<std::string> expected(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

void read_all(int fd, std::size_t longest, const std::vector<std::string>& lines, bool twice) {
  Lines read("/proc/self/fd/" + std::to_string(fd), [] {});
  read.longest(longest);
  for (int round = 0; round < (twice ? 2 : 1); ++round) {
    std::size_t number = 0;
    const bool whole = fuzz::accepts([&] {
      while (const auto line = read.next()) {
        fuzz::require(number < lines.size() && *line == lines[number]);
        fuzz::require(read.number() == ++number);
      }
      return 0;
    });
    fuzz::require(whole ? number == lines.size() : lines.at(number).size() > longest);
    if (twice && whole) read.rewind();
    if (!whole) return;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t longest = data[0] + 1U;
  const auto text = fuzz::text_of(data + 1, size - 1);
  const auto lines = expected(text);
  static const int file = memfd_create("fuzz", MFD_CLOEXEC);
  fuzz::require(ftruncate(file, 0) == 0 &&
                pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  read_all(file, longest, lines, true);
  std::array<int, 2> pipe{};
  fuzz::require(pipe2(pipe.data(), O_CLOEXEC) == 0);
  fuzz::require(write(pipe[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  close(pipe[1]);
  read_all(pipe[0], longest, lines, false);
  close(pipe[0]);
  return 0;
}
