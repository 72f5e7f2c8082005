#include "nats/sockets.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
  const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (own < 0) return std::nullopt;
  struct stat info {};
  Socket socket(descriptor, own, ::fstat(own, &info) == 0 ? info.st_ino : 0);
  // Between the two calls it may have become another one's.
  return is_tcp(own) ? std::optional(std::move(socket)) : std::nullopt;
}

Socket::~Socket() {
  if (own_ >= 0) ::close(own_);
}

Socket::Socket(Socket&& other) noexcept
    : original_(other.original_), own_(std::exchange(other.own_, -1)), inode_(other.inode_) {}

int Socket::local_port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(own_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

bool Socket::still_open_elsewhere() const {
  struct stat info {};
  return ::fstat(original_, &info) == 0 && S_ISSOCK(info.st_mode) && info.st_ino == inode_;
}

bool Socket::shut_down() const noexcept { return ::shutdown(own_, SHUT_RDWR) == 0; }

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
