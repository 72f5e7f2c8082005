// natskv-docs PROJECT [FOLDER]: writes man/ into FOLDER, else into the project itself.
#include "docs/tree.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

void write_all(const std::filesystem::path& project, const std::filesystem::path& folder) {
  const auto files = natskv::docs::manual(project);
  // Removes the pages of commands that no longer exist.
  std::filesystem::remove_all(folder / "man");
  for (const auto& file : files) write(folder / file.path, file.text);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    fmt::print(stderr, "usage: natskv-docs PROJECT [FOLDER]\n");
    return 2;
  }
  try {
    write_all(argv[1], argv[argc - 1]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "natskv-docs: {}\n", error.what());
    return 1;
  }
}
