// Preloaded into natskv: a name service that does not answer. Addresses need none.
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

extern "C" int getaddrinfo(const char* host, const char* port, const addrinfo* hints, addrinfo** found) {
  const auto next = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host != nullptr && host[0] >= '0' && host[0] <= '9') return next(host, port, hints, found);
  ::sleep(60);
  return EAI_AGAIN;
}
