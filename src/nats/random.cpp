// nats_Open names its inboxes by RAND_bytes, which initializes all of OpenSSL (2 ms of a 5 ms `get`)
// even without TLS. Defined in the executable and exported, this one serves libnats; libcrypto and libssl
// bind their own inside the library, so TLS keeps OpenSSL's generator.
#include <sys/random.h>

#include <cerrno>
#include <cstddef>

extern "C" __attribute__((visibility("default"), used)) int RAND_bytes(unsigned char* bytes, int count) {
  std::size_t left = count < 0 ? 0 : static_cast<std::size_t>(count);
  while (left > 0) {
    // At most 256 bytes: such a call is neither interrupted nor short (getrandom(2)).
    const ssize_t got = getrandom(bytes, left < 256 ? left : 256, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return 0;
    }
    bytes += got;
    left -= static_cast<std::size_t>(got);
  }
  return 1;
}
