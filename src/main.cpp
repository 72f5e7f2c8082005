#include "app/invocation.hpp"
#include "base/failure.hpp"
#include "output/stream.hpp"
#include "run.hpp"
#include "terminal/watchdog.hpp"

#include <unistd.h>

#include <cstdio>
#ifdef NATSKV_UNWIND
#include <openssl/crypto.h>
#endif

int main(int argc, char** argv) {
#ifdef NATSKV_UNWIND
  // At exit OpenSSL would free what a thread of nats.c may still be using to end its connection.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
#endif
  natskv::keep_standard_descriptors();
  natskv::Output out(STDOUT_FILENO, "standard output");
  natskv::Stop stop;
  int status = 0;
  try {
    natskv::Watchdog watchdog(stop, [&stop](natskv::StopReason why) {
      const int ended = natskv::status_of(why);
      ::_exit(natskv::terminal::stderr_takes_words() ? stop.last_words(ended) : ended);
    });
    status = natskv::run(argc, argv, out, stop);
  } catch (const natskv::Failure& failure) {  // no descriptor or thread left for the watchdog
    std::fprintf(stderr, "natskv: %s\n", failure.what());
    status = static_cast<int>(failure.exit());
  }
#ifdef NATSKV_UNWIND
  return status;
#else
  // The output is written; the kernel cleans up faster.
  ::_exit(status);
#endif
}
