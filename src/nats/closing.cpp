#include "nats/closing.hpp"

#include "nats/sockets.hpp"

#include <sys/socket.h>

#include <chrono>
#include <exception>
#include <thread>

namespace natskv::nats {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds most{500};

/// The connection's, and no other of ours may be meant (one local port may have several peers); -1 otherwise.
int socket_with(int port) {
  int found = -1;
  for (const int fd : sockets()) {
    if (local_port(fd) != port) continue;
    if (found >= 0) return -1;
    found = fd;
  }
  return found;
}

// Woken by the end of the stream, the reading thread as a rule is through in less than a sleep takes. The
// descriptor is the last but one thing it lets go of.
void wait_until_left(natsConnection* connection, int socket, int port) {
  const auto start = Clock::now();
  while (!natsConnection_IsClosed(connection) || local_port(socket) == port) {
    const auto waited = Clock::now() - start;
    if (waited > most) return;
    if (waited < std::chrono::microseconds(200))
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

}  // namespace

void close(natsConnection* connection) noexcept {
  try {
    if (natsConnection_Buffered(connection) > 0) natsConnection_FlushTimeout(connection, most.count());
    const int port = local_port(connection).value_or(-1);
    const int socket = port < 0 ? -1 : socket_with(port);
    if (socket >= 0 && ::shutdown(socket, SHUT_RDWR) == 0) wait_until_left(connection, socket, port);
  } catch (const std::exception&) {  // no memory for a list of descriptors: closed it is all the same
  }
  natsConnection_Close(connection);
}

}  // namespace natskv::nats
