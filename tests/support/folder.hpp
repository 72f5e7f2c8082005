// A temporary folder that is gone at the end of the test.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace natskv::test {

class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "natskv-unit-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string at(std::string_view name) const { return path_ + "/" + std::string(name); }

  /// Writes a file, its folders too, and returns its path. Owner-only unless another mode is named.
  std::string write(std::string_view name, std::string_view bytes, mode_t mode = 0600) const {
    std::string file = at(name);
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    if (::chmod(file.c_str(), mode) != 0) throw std::runtime_error("chmod failed");
    return file;
  }
  [[nodiscard]] std::string read(std::string_view name) const {
    std::ifstream file(at(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] mode_t mode(std::string_view name) const {
    struct stat info {};
    if (::lstat(at(name).c_str(), &info) != 0) throw std::runtime_error("no " + at(name));
    return info.st_mode & 07777U;
  }

 private:
  std::string path_;
};

}  // namespace natskv::test
