// What the wire alone costs: CONNECT and PING, then SUB and PUB of one direct get, on a raw socket.
// floor HOST PORT BUCKET KEY: prints the value as the server sends it.
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 20];
static size_t filled;

static char* read_until(int fd, const char* text) {
  for (;;) {
    buffer[filled] = 0;
    char* at = memmem(buffer, filled, text, strlen(text));
    if (at != NULL) return at;
    const ssize_t got = read(fd, buffer + filled, sizeof buffer - 1 - filled);
    if (got <= 0) exit(1);
    filled += (size_t)got;
  }
}

int main(int argc, char** argv) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  char request[1024];
  if (argc != 5 || getaddrinfo(argv[1], argv[2], &hints, &found) != 0) return 2;
  const int fd = socket(found->ai_family, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) return 1;
  read_until(fd, "\r\n");
  filled = 0;
  const char* hello =
      "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\"lang\":\"c\","
      "\"version\":\"0\",\"protocol\":1}\r\nPING\r\n";
  if (write(fd, hello, strlen(hello)) < 0) return 1;
  read_until(fd, "PONG\r\n");
  filled = 0;
  const int length = snprintf(request, sizeof request,
                              "SUB _INBOX.floor 1\r\nPUB $JS.API.DIRECT.GET.KV_%s.$KV.%s.%s _INBOX.floor 0\r\n\r\n",
                              argv[3], argv[3], argv[4]);
  if (write(fd, request, (size_t)length) < 0) return 1;
  read_until(fd, "HMSG ");
  char* body = read_until(fd, "\r\n\r\n");
  printf("%s", body + 4);
  return 0;
}
