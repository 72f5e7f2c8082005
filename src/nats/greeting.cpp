#include "nats/greeting.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string_view>

namespace natskv::nats {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t longest = 64UL * 1024;  // servers cut their INFO far below

struct Address {
  std::string host, port;
};

// "nats://user:word@[::1]:4222/path" -> ::1 and 4222
Address address_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  if (const auto user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
  url = url.substr(0, url.find('/'));
  const auto colon = url.rfind(':');
  const auto bracket = url.find(']');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  std::string_view host = has_port ? url.substr(0, colon) : url;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::string(host), std::string(has_port ? url.substr(colon + 1) : "4222")};
}

class Socket {
 public:
  explicit Socket(const addrinfo& where)
      : fd_(::socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, where.ai_protocol)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connect(const addrinfo& where, Clock::time_point until) {
    if (fd_ < 0) return false;
    if (::connect(fd_, where.ai_addr, where.ai_addrlen) == 0) return true;
    if (errno != EINPROGRESS || !ready(POLLOUT, until)) return false;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }

  std::string line(Clock::time_point until) {
    std::string text;
    std::array<char, 4096> part{};
    while (text.size() < longest && ready(POLLIN, until)) {
      const ssize_t got = ::recv(fd_, part.data(), part.size(), 0);
      if (got <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(got));
      if (const auto end = text.find('\n'); end != std::string::npos) return text.substr(0, end);
    }
    return {};
  }

 private:
  [[nodiscard]] bool ready(short events, Clock::time_point until) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd wanted{fd_, events, 0};
    return left > 0 && ::poll(&wanted, 1, static_cast<int>(left)) > 0;
  }
  int fd_;
};

}  // namespace

std::string greeting(natsConnection* connection, Span wait) {
  std::array<char, 1024> url{};
  if (natsConnection_GetConnectedUrl(connection, url.data(), url.size()) != NATS_OK) return {};
  const auto until = Clock::now() + std::chrono::nanoseconds(wait.ns);
  const auto [host, port] = address_of(url.data());
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  const Handle<addrinfo, ::freeaddrinfo> addresses(found);
  for (const addrinfo* where = found; where != nullptr; where = where->ai_next) {
    Socket socket(*where);
    if (!socket.connect(*where, until)) continue;
    const std::string line = socket.line(until);
    return line.starts_with("INFO ") ? line.substr(5) : std::string();
  }
  return {};
}

}  // namespace natskv::nats
