#include "input/value.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"

#include <climits>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace natskv {
namespace {

constexpr std::size_t most = INT_MAX;

constexpr std::size_t small = 1U << 20U;

std::string read_bytes(int fd, const std::string& what, const std::string& shown,
                       const std::optional<ValueLimit>& limit) {
  struct stat info {};
  std::optional<std::uint64_t> size;
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) size = static_cast<std::uint64_t>(info.st_size);
  if (!limit || size.value_or(0) > most) return read_all(fd, what, shown, most);
  std::string bytes;
  bytes.reserve(std::min<std::size_t>(size.value_or(0), small));
  if (read_more(fd, bytes, small, what, shown)) return bytes;
  const std::size_t allowed = limit->most();
  if (size.value_or(0) > allowed) throw limit->over(size);
  bytes.reserve(size.value_or(0));
  // One that is only a little too large is read to its end, so that its size can be reported.
  const bool ended = read_more(fd, bytes, allowed + small, what, shown);
  if (bytes.size() > allowed)
    throw limit->over(ended ? std::optional<std::uint64_t>(bytes.size()) : std::nullopt);
  return bytes;
}

std::string from_stdin(const std::optional<ValueLimit>& limit) {
  if (::isatty(STDIN_FILENO) == 1) {
    throw usage("no VALUE given, and stdin is a terminal",
                "give VALUE after KEY, -F FILE, or -F - to type it");
  }
  std::string value = read_bytes(STDIN_FILENO, "VALUE", "stdin", limit);
  if (value.empty())
    throw usage("no VALUE given, and stdin is empty", "give \"\" or -F - for an empty value");
  return value;
}

}  // namespace

std::string read_value(const std::optional<std::string>& word, const std::optional<std::string>& file,
                       const std::optional<ValueLimit>& limit) {
  if (word && file) throw usage("VALUE and --file exclude each other");
  if (word) {
    if (word->size() > most) throw usage("VALUE: holds more than " + std::to_string(most) + " bytes");
    return *word;
  }
  if (!file) return from_stdin(limit);
  if (*file == "-") return read_bytes(STDIN_FILENO, "--file", "stdin", limit);
  const File input = open_to_read(*file, "--file");
  return read_bytes(input.fd(), "--file", in_quotes(*file), limit);
}

bool looks_like_file(std::string_view word) {
  if (word.size() < 2 || word.front() != '@' || word.find('\0') != std::string_view::npos) return false;
  struct stat info {};
  return ::stat(std::string(word.substr(1)).c_str(), &info) == 0 && !S_ISDIR(info.st_mode);
}

}  // namespace natskv
