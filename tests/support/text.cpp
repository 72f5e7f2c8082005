#include "support/text.hpp"

#include "support/skipped.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace natskv::test {

namespace fs = std::filesystem;

std::string source_path(std::string_view relative) { return fmt::format("{}/{}", NATSKV_SOURCE, relative); }

int occurrences(std::string_view text, std::string_view part) {
  int number = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      text += "\\\\";
    } else if (c == '\n' || (byte >= 0x20 && byte < 0x7f)) {
      text += c;
    } else {
      text += fmt::format("\\x{:02X}", byte);
    }
  }
  return text;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file_below(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  write_file(path, bytes);
}

void write_file(const fs::path& path, std::string_view bytes, unsigned mode) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file || chmod(path.c_str(), mode) != 0) throw std::runtime_error("cannot write " + path.string());
}

TempDir::TempDir() {
  std::string name = (fs::temp_directory_path() / "natskv-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto file = (fs::path(folder) / name).string();
    if (access(file.c_str(), X_OK) == 0 && fs::is_regular_file(file)) return file;
  }
  return {};
}

std::vector<Skipped>& skipped() {
  static std::vector<Skipped> cases;
  return cases;
}

void skip(const std::string& reason) {
  const auto* test = doctest::getContextOptions()->currentTest;
  skipped().push_back({test->m_file.c_str(), test->m_name, reason});
}

}  // namespace natskv::test
