// A bucket as a folder: each key is a file whose bytes are the value. Nothing outside the folder is read or
// written, and nothing is opened through a link, even if the folder is changed meanwhile: every step is
// relative to an open folder (openat, O_NOFOLLOW).
#pragma once

#include "app/invocation.hpp"
#include "base/file.hpp"
#include "commands/bulk/source.hpp"
#include "commands/bulk/walk.hpp"
#include "commands/shared/some_names.hpp"
#include "kv/read/seen.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::commands {

/// How paths and keys correspond.
struct Paths {
  bool dots = false;  ///< "/" in a path is "." in its key

  /// The path of a key, or why there is none that `import --dir` would read back as this key.
  struct Path {
    std::string text;
    std::string_view wrong = {};  ///< "has an empty component"
  };
  [[nodiscard]] Path of_key(std::string_view key) const;
  /// The key of a path; "" if it is not a key.
  [[nodiscard]] std::string key_of(std::string_view path) const;
};

class FolderSource final : public Source {
 public:
  /// Failure(usage) where there is no such folder.
  FolderSource(Invocation& natskv, const std::string& folder, Paths paths);

  /// Failure(1) for paths that are not keys, naming all of them, before the first item.
  const Item* next() override;
  void rewind() override {
    walk_.rewind();
    at_ = 0;
  }
  void sizes_only(bool only) override { sizes_only_ = only; }
  [[nodiscard]] bool repeats() const override { return false; }
  [[nodiscard]] std::string shown() const override;
  /// Larger files are not read.
  void max_payload(std::uint64_t bytes) { max_payload_ = bytes; }

 private:
  void check_names();
  [[noreturn]] void refuse_names(const Walk::Found* found);
  /// What tells that a file was changed.
  struct Look {
    explicit Look(const struct stat& info);
    bool operator==(const Look&) const = default;
    ino_t file;
    std::uint64_t size;
    std::int64_t seconds, nanoseconds;  // of the last change
  };
  void look(const Walk::Found& found);
  void read(const Walk::Found& found);
  bool read_as(const Look& look, const File& file);
  void unreadable(const Walk::Found& found);
  [[nodiscard]] bool over_limit(std::uint64_t size) const { return max_payload_ > 0 && size > max_payload_; }
  bool too_large(const Walk::Found& found, std::uint64_t size);
  [[nodiscard]] std::string shown(const Walk::Found& found) const;

  Invocation& natskv_;
  Paths paths_;
  bool checked_ = false, sizes_only_ = false;
  Walk walk_;
  std::string key_, value_;
  std::uint64_t max_payload_ = 0;
  std::uint64_t number_ = 0;
  std::vector<Look> looks_;  // of the files in order, when they were checked
  std::size_t at_ = 0;
  Item item_;
};

/// Keys into files.
class FolderWriter {
 public:
  /// The first write creates the folder if it is missing (its parent must exist).
  FolderWriter(std::string folder, Paths paths, mode_t mode);

  /// Checks before anything is written: the key must have a path that is not a folder for another key.
  void expect(std::string_view key);
  /// Failure(1) that names the keys that cannot be files, if there are any.
  void require_all() const;
  /// Whether this key is expected.
  [[nodiscard]] bool expects(std::string_view key) const { return keys_.contains(key); }

  /// Writes the value to a temporary beside the file and renames it; false: the file already has these bytes.
  bool write(std::string_view key, std::string_view value);
  /// Removes a file that Walk found.
  void remove(const Walk::Found& found);

 private:
  int root();
  int folder_of(const std::string& path);  // opens it, creating it if missing
  [[nodiscard]] bool equal(int folder, const std::string& name, std::string_view value) const;
  void replace(int folder, const std::string& name, const std::string& path, std::string_view value) const;
  [[noreturn]] void fail(const std::string& path, int error) const;

  std::string folder_;
  Paths paths_;
  mode_t mode_;
  std::unique_ptr<File> root_, last_;
  std::string last_path_;
  Seen keys_, folders_;
  SomeNames wrong_;
};

}  // namespace natskv::commands
