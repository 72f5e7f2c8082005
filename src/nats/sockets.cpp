#include "nats/sockets.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace natskv::nats {

std::set<int> sockets() {
  std::set<int> found;
  std::error_code error;
  for (std::filesystem::directory_iterator one("/proc/self/fd", error), end; !error && one != end;
       one.increment(error)) {
    const std::string name = one->path().filename().string();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof domain;
    if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) continue;
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) continue;
    if (type == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6)) found.insert(fd);
  }
  return found;
}

int local_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::optional<int> local_port(natsConnection* connection) {
  int port = -1;
  char* address = nullptr;
  if (natsConnection_GetLocalIPAndPort(connection, &address, &port) != NATS_OK) return std::nullopt;
  std::free(address);
  return port;
}

}  // namespace natskv::nats
