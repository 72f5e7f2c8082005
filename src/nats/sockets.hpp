// This process's TCP sockets: nats.c does not tell which is a connection's.
#pragma once

#include <nats/nats.h>

#include <optional>
#include <set>

namespace natskv::nats {

/// Their descriptors.
std::set<int> sockets();
/// The port of its own end, or -1.
int local_port(int socket);
/// The port of the connection's own end (natsConnection_GetLocalIPAndPort); nullopt if it is not connected.
std::optional<int> local_port(natsConnection* connection);

}  // namespace natskv::nats
