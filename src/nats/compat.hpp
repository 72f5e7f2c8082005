// The only place that looks at nats.c's version.
#pragma once

#include <nats/nats.h>

namespace natskv::nats {

/// natsOptions_TLSHandshakeFirst came with nats.c 3.9.0; before that NATS_INVALID_ARG.
inline natsStatus tls_handshake_first([[maybe_unused]] natsOptions* options) {
#if NATS_VERSION_NUMBER >= 0x030900
  return natsOptions_TLSHandshakeFirst(options);
#else
  return NATS_INVALID_ARG;
#endif
}
inline constexpr const char* tls_handshake_first_since = "3.9.0";
inline constexpr bool tls_handshake_first_works = NATS_VERSION_NUMBER >= 0x030900;

}  // namespace natskv::nats
