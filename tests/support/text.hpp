// Small things of every test: binary texts made visible, files, a folder that goes away, skipping.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace natskv::test {

/// For comparing and printing any bytes (doctest prints up to the first NUL): printable ASCII and newlines
/// stay,
/// `\` is doubled, everything else is `\xHH`.
std::string escaped(std::string_view bytes);

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// How often `part` stands in it, overlapping too.
int occurrences(std::string_view text, std::string_view part);

/// The whole file, byte for byte. Throws std::runtime_error.
std::string read_file(const std::filesystem::path& path);
/// A file of the checkout.
std::string source_path(std::string_view relative);
/// Replaces the file; `mode` as in chmod. Throws std::runtime_error.
void write_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);

/// The same, with the folders on the way to it.
void write_file_below(const std::filesystem::path& path, std::string_view bytes);

/// A fresh folder (0700) under $TMPDIR, removed with all that is in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// The path of something inside.
  [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// The full path of a program in PATH, empty when there is none.
std::string program(std::string_view name);

/// Notes that this test case could not run, or not in full: main() tries it again on $NATS_SERVER_NEW, if
/// there is one, and names it at the end. To leave the case as well, use SKIP.
void skip(const std::string& reason);

}  // namespace natskv::test

/// Leaves the test case, which is counted as skipped: `if (program("jq").empty()) SKIP("no jq");`
#define SKIP(reason)              \
  do {                            \
    ::natskv::test::skip(reason); \
    return;                       \
  } while (false)
