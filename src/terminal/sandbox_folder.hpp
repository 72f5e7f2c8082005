// Folders that only one process at a time uses: a sandbox's own, and the one that --store names.
#pragma once

#include "base/file.hpp"

#include <string>
#include <utility>

namespace natskv::terminal {

/// Holds the lock on a folder: an flock on a file in it, which ends with the last process that has it open,
/// however that ends.
class SandboxFolder {
 public:
  /// A fresh folder, mode 0700, in $XDG_RUNTIME_DIR, $TMPDIR or /tmp. The destructor removes it with
  /// everything in it.
  static SandboxFolder fresh();
  /// A folder that is kept, created if missing. Throws Failure if another sandbox uses it.
  static SandboxFolder kept(const std::string& path);
  /// Removes the fresh folders of this user's processes that died without doing so.
  static void remove_leftovers();

  SandboxFolder(SandboxFolder&& other) noexcept;
  SandboxFolder& operator=(SandboxFolder&&) = delete;
  ~SandboxFolder();

  /// Absolute.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string at(const char* name) const { return path_ + "/" + name; }
  /// The lock's descriptor, close-on-exec: a child that keeps it open holds the lock too.
  [[nodiscard]] int lock() const { return lock_.fd(); }
  /// A new file of mode 0600 in it, with these bytes.
  void write(const char* name, const std::string& bytes) const;

 private:
  SandboxFolder(std::string path, File lock, bool remove)
      : path_(std::move(path)), lock_(std::move(lock)), remove_(remove) {}

  std::string path_;
  File lock_;
  bool remove_;
};

}  // namespace natskv::terminal
