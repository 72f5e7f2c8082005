// A file that is written whole or not at all.
#pragma once

#include "base/file.hpp"
#include "output/stream.hpp"

#include <memory>
#include <string>

namespace natskv {

class OutputFile {
 public:
  /// Opens a temporary beside `path`, mode 0600, without a name if the file system supports that. What is not
  /// a regular file (a device, a FIFO, /dev/stdout) is written to directly; a symbolic link to a file is
  /// replaced, never written through. Failure(failure) when it cannot be written.
  explicit OutputFile(const std::string& path);
  /// Without commit() nothing remains.
  ~OutputFile();

  Output& out() { return *out_; }
  /// Syncs it to disk and gives it its final name. Failure(failure); then what was there is unchanged.
  void commit();

 private:
  [[noreturn]] void fail(int error) const;
  void name_temporary();

  std::string path_, shown_, temporary_;
  File file_;
  bool direct_ = false;
  std::unique_ptr<Output> out_;
};

}  // namespace natskv
