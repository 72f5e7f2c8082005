// Closing a connection on which messages may be coming in.
#pragma once

#include "nats/sockets.hpp"

#include <nats/nats.h>

#include <optional>

namespace natskv::nats {

/// natsConnection_Close for a connection that does not reconnect, from any thread. nats.c before 3.6.1 frees
/// the subscription that takes the answers to requests (conn.c, _close) while its reading thread may be
/// handing a message to it: an answer that comes late or twice crashes the process. So the stream is ended
/// first: after the last message the reading thread closes the connection itself, and no thread is in a
/// subscription any more. What was not sent yet is sent, as natsConnection_Close does (500 ms at most).
/// `socket`: the connection's, taken when it was made.
void close(natsConnection* connection, const std::optional<Socket>& socket) noexcept;

}  // namespace natskv::nats
