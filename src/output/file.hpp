// A file that is there whole or not at all.
#pragma once

#include "base/file.hpp"
#include "output/stream.hpp"

#include <memory>
#include <string>

namespace natskv {

class OutputFile {
 public:
  /// Opens a temporary beside `path`, mode 0600, that has no name where the file system can do that. What is
  /// no regular file (a device, a FIFO, /dev/stdout) is written to as it stands; a symbolic link to a file is
  /// replaced, never written through. Failure(failure) when it cannot be written.
  explicit OutputFile(const std::string& path);
  /// Without commit() nothing is left.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  Output& out() { return *out_; }
  /// Everything is on the disk and under the final name. Failure(failure); then what stood there still does.
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
