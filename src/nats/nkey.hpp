// NATS's Ed25519 keys as text (nats-io/nkeys): nats.c signs with a seed but does not give its public key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace natskv::nats {

/// The seed in a file's text: the first word that is one, alone or between BEGIN and END lines. nullopt where
/// none has a valid checksum.
std::optional<std::string> seed_in(std::string_view text);

/// The public key ("UD4…") of a seed ("SUA…"); nullopt for anything that is not a seed.
std::optional<std::string> public_key(std::string_view seed);

}  // namespace natskv::nats
