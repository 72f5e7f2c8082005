// The files below a folder. Nothing is opened through a link, even if the folder is changed meanwhile: every
// step is relative to an open folder (openat, O_NOFOLLOW).
#pragma once

#include "base/file.hpp"

#include <functional>
#include <string>
#include <vector>

namespace natskv::commands {

/// Opens a folder that was just found; never through a link.
int open_folder(int parent, const std::string& name);

/// The regular files below a folder, folder by folder, sorted by name, without names that begin with ".".
class Walk {
 public:
  struct Found {
    std::string path;  ///< below the folder
    int folder = -1;   ///< the open folder it is in
    std::string name;  ///< in that folder
  };
  /// Failure(usage) if there is no such folder. `skipped` is called for what is neither a file nor a folder.
  Walk(std::string folder, std::function<void(const std::string& path)> skipped);
  /// nullptr at the end. Failure if a folder cannot be read.
  const Found* next();
  /// To the first file again. The folder itself is not listed anew, those below it are.
  void rewind();
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  struct Level {
    File fd;
    std::string path;  // "" or "a/b/"
    struct Name {
      std::string text;
      unsigned char type;  // of readdir(3)
    };
    std::vector<Name> names;
    std::size_t at = 0;
  };
  void enter(int fd, std::string path);
  [[noreturn]] void fail(const std::string& path, int error) const;

  std::string folder_;
  std::function<void(const std::string&)> skipped_;
  std::vector<Level> levels_;
  Found found_;
};

}  // namespace natskv::commands
