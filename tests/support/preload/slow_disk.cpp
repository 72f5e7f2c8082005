// Preloaded into natskv: a disk that takes a second for each fsync.
#include <dlfcn.h>
#include <unistd.h>

extern "C" int fsync(int file) {
  const auto next = reinterpret_cast<decltype(&fsync)>(dlsym(RTLD_NEXT, "fsync"));
  ::sleep(1);
  return next(file);
}
