// Settings to a nats.c connection: options, credentials, TLS, and what a refusal means.
#pragma once

#include "base/failure.hpp"
#include "config/settings.hpp"
#include "kv/session.hpp"
#include "nats/handle.hpp"

namespace natskv {

/// Options for settings, callbacks bound to `link` (which must outlive the connection).
/// Failure: usage (2) for files that nats.c cannot read, not_allowed (6) for malformed secrets.
nats::Options connect_options(const config::Settings& settings, ConnectionState& link, bool reconnect);

/// What a failed connect means to a user. May read the servers' greetings and the JWT's own date.
Failure refused(const nats::Error& error, const config::Settings& settings, const ConnectionState& link);

/// For a --tlsca file without certificates.
Failure no_authorities(const config::Settings& settings);

}  // namespace natskv
