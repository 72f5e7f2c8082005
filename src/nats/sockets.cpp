#include "nats/sockets.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace natskv::nats {
namespace {

bool is_tcp(int descriptor) {
  int domain = 0;
  int type = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return false;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  return type == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6);
}

}  // namespace

std::optional<Socket> Socket::of(int descriptor) {
  if (!is_tcp(descriptor)) return std::nullopt;
  File own(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  struct stat info {};
  // Between the two calls the number may have been reused.
  if (own.fd() < 0 || ::fstat(own.fd(), &info) != 0 || !is_tcp(own.fd())) return std::nullopt;
  return Socket(descriptor, std::move(own), info.st_ino);
}

int Socket::local_port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(own_.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

bool Socket::still_open_elsewhere() const {
  struct stat info {};
  return ::fstat(original_, &info) == 0 && S_ISSOCK(info.st_mode) && info.st_ino == inode_;
}

bool Socket::shut_down() const noexcept { return ::shutdown(own_.fd(), SHUT_RDWR) == 0; }

std::vector<Socket> sockets() {
  std::vector<int> descriptors;
  std::error_code error;
  for (std::filesystem::directory_iterator one("/proc/self/fd", error), end; !error && one != end;
       one.increment(error)) {
    const std::string name = one->path().filename().string();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    descriptors.push_back(descriptor);
  }
  std::vector<Socket> found;
  for (const int descriptor : descriptors) {
    if (auto socket = Socket::of(descriptor)) found.push_back(std::move(*socket));
  }
  return found;
}

std::optional<int> local_port(natsConnection* connection) {
  int port = -1;
  char* address = nullptr;
  if (natsConnection_GetLocalIPAndPort(connection, &address, &port) != NATS_OK) return std::nullopt;
  std::free(address);
  return port;
}

std::optional<Socket> socket_of(natsConnection* connection) {
  const auto port = local_port(connection);
  if (!port) return std::nullopt;
  std::optional<Socket> found;
  for (auto& socket : sockets()) {
    if (socket.local_port() != *port) continue;
    if (found && found->identity() != socket.identity()) return std::nullopt;
    if (!found) found.emplace(std::move(socket));
  }
  return found;
}

}  // namespace natskv::nats
