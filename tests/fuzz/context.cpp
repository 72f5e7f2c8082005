// Context files.
#include "config/context.hpp"

#include "fuzz.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

using namespace natskv;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string folder = [] {
    std::string path = (std::filesystem::temp_directory_path() / "natskv-fuzz-XXXXXX").string();
    fuzz::require(::mkdtemp(path.data()) != nullptr);
    static std::string kept = path;
    std::atexit([] { std::filesystem::remove_all(kept); });
    return path;
  }();
  const std::string file = folder + "/c.json";
  std::ofstream(file, std::ios::binary) << fuzz::text_of(data, size);
  const auto environment = [](const char* name) -> std::optional<std::string> {
    return std::string_view(name) == "HOME" ? std::optional<std::string>("/nowhere") : std::nullopt;
  };
  const config::Contexts contexts{config::Environment(environment)};
  fuzz::accepts([&] { return contexts.load(file); });
  return 0;
}
