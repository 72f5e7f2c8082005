#include "nats/closing.hpp"

#include <chrono>
#include <thread>

namespace natskv::nats {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds most{500};

// Woken by the end of the stream, the reading thread usually finishes within one sleep. Closing the
// descriptor is the last but one thing it does.
void wait_until_left(natsConnection* connection, const Socket& socket) {
  const auto start = Clock::now();
  while (!natsConnection_IsClosed(connection) || socket.still_open_elsewhere()) {
    const auto waited = Clock::now() - start;
    if (waited > most) return;
    if (waited < std::chrono::microseconds(200))
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

}  // namespace

void close(natsConnection* connection, const std::optional<Socket>& socket) noexcept {
  if (socket && natsConnection_Buffered(connection) > 0)
    natsConnection_FlushTimeout(connection, most.count());
  if (socket && !natsConnection_IsClosed(connection) && socket->shut_down())
    wait_until_left(connection, *socket);
  natsConnection_Close(connection);
}

}  // namespace natskv::nats
