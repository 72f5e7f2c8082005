#include "input/value.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"

#include <climits>

#include <sys/stat.h>
#include <unistd.h>

namespace natskv {
namespace {

constexpr std::size_t most = INT_MAX;

std::string from_stdin() {
  if (::isatty(STDIN_FILENO) == 1) {
    throw usage("no VALUE given, and stdin is a terminal",
                "give VALUE after KEY, -F FILE, or -F - to type it");
  }
  std::string value = read_all(STDIN_FILENO, "VALUE", "stdin", most);
  if (value.empty())
    throw usage("no VALUE given, and stdin is empty", "give \"\" or -F - for an empty value");
  return value;
}

}  // namespace

std::string read_value(const std::optional<std::string>& word, const std::optional<std::string>& file) {
  if (word && file) throw usage("VALUE and --file exclude each other");
  if (word) {
    if (word->size() > most) throw usage("VALUE: holds more than " + std::to_string(most) + " bytes");
    return *word;
  }
  if (!file) return from_stdin();
  if (*file == "-") return read_all(STDIN_FILENO, "--file", "stdin", most);
  const File input = open_to_read(*file, "--file");
  return read_all(input.fd(), "--file", in_quotes(*file), most);
}

bool looks_like_file(std::string_view word) {
  if (word.size() < 2 || word.front() != '@' || word.find('\0') != std::string_view::npos) return false;
  struct stat info {};
  return ::stat(std::string(word.substr(1)).c_str(), &info) == 0 && !S_ISDIR(info.st_mode);
}

}  // namespace natskv
