// Connects to the first of several servers that answers. nats.c's own time-out covers neither the name
// service nor a TLS handshake or a PONG that never comes, and nothing ends the call from outside: so each
// server is tried by a thread, and the next one while the previous one is still silent.
#pragma once

#include "base/stop.hpp"
#include "config/settings.hpp"
#include "kv/session.hpp"
#include "nats/check.hpp"
#include "nats/handle.hpp"

#include <functional>
#include <optional>

namespace natskv {

/// Never freed: the library's callback thread outlives natsConnection_Destroy, and nothing tells when its
/// last call has returned.
ConnectionState* new_connection_state();

/// natsConnection_Connect, repeated where the library cannot send the signature, and for up to a second where
/// the user has as many connections as are allowed: one that was just closed counts for a moment. `over` ends
/// that.
natsStatus connect(natsConnection** connection, natsOptions* options, ConnectionState& link,
                   const std::function<bool()>& over);

struct Attempt {
  config::Settings settings;         ///< of one server
  ConnectionState* link = nullptr;   ///< of its connection
  nats::Connection connection;       ///< nullptr: failed
  std::optional<nats::Error> error;  ///< the reason, if there was one
};

/// Tries settings.servers in their order, by one connection each that is not made again when it is lost.
/// Returns the first that came, else the one that tells most, else (all are silent until the time-out, or
/// `stop`) one without connection and error. `first` is the first server's, with its secrets read.
Attempt attempt_each(const config::Settings& settings, ConnectionState& first, Stop& stop);

/// `settings` with only those servers that accept the credentials of `chosen`, this one first: for a
/// connection that reconnects.
config::Settings starting_with(const config::Settings& settings, const config::Settings& chosen);

}  // namespace natskv
