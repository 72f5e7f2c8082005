// A server's INFO line, read on a TCP connection of its own: nats.c 3.4 keeps it to itself.
#pragma once

#include "base/types.hpp"
#include "nats/handle.hpp"

#include <string>

namespace natskv::nats {

/// The JSON after "INFO " that the server of this connection greets with, or "" where it did not come in time
/// (TLS first, a proxy). Sends nothing.
std::string greeting(natsConnection* connection, Span wait);

}  // namespace natskv::nats
