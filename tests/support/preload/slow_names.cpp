// Preloaded into natskv: a name service that does not answer.
#include <netdb.h>
#include <unistd.h>

extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
  ::sleep(60);
  return EAI_AGAIN;
}
