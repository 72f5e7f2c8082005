// This process's TCP sockets: nats.c does not say which one a connection has.
#pragma once

#include "base/file.hpp"

#include <nats/nats.h>

#include <sys/types.h>

#include <optional>
#include <vector>

namespace natskv::nats {

/// A duplicate descriptor of a socket: the original number may be closed and reused.
class Socket {
 public:
  /// nullopt: not a TCP socket.
  static std::optional<Socket> of(int descriptor);
  /// The local port, or -1.
  [[nodiscard]] int local_port() const;
  /// Which socket it is, while it lives.
  [[nodiscard]] ino_t identity() const { return inode_; }
  /// Whether the original descriptor is still this socket's.
  [[nodiscard]] bool still_open_elsewhere() const;
  /// Ends its stream: whoever reads from it is woken.
  bool shut_down() const noexcept;

 private:
  Socket(int original, File own, ino_t inode) : original_(original), own_(std::move(own)), inode_(inode) {}
  int original_;
  File own_;
  ino_t inode_;
};

std::vector<Socket> sockets();
/// The connection's local port (natsConnection_GetLocalIPAndPort); nullopt if it is not connected.
std::optional<int> local_port(natsConnection* connection);
/// nullopt: not connected, or it is not certain which one it is (one local port may have several peers).
std::optional<Socket> socket_of(natsConnection* connection);

}  // namespace natskv::nats
