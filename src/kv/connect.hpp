// Settings to a nats.c connection: options, credentials, TLS, and what a refusal means.
#pragma once

#include "base/failure.hpp"
#include "config/settings.hpp"
#include "kv/session.hpp"
#include "nats/handle.hpp"

namespace natskv {

/// Options for settings, callbacks bound to `link` (which must outlive the connection).
/// Failure: usage (2) for files nats.c can't read, not_allowed (6) for secrets that are none.
nats::Options connect_options(const config::Settings& settings, ConnectionState& link, bool reconnect);

/// What a failed connect means to a user. May look at the servers' greetings and at the JWT's own date.
Failure refused(const nats::Error& error, const config::Settings& settings, const ConnectionState& link);

/// A file of --tlsca that is none.
Failure no_authorities(const config::Settings& settings);

}  // namespace natskv
