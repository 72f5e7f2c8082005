// NATS's Ed25519 keys as text (nats-io/nkeys): nats.c signs with a seed but does not say whose it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace natskv::nats {

/// The seed in a file's text: its first word that is one, alone or between BEGIN and END lines. nullopt where
/// there is none whose checksum is right.
std::optional<std::string> seed_in(std::string_view text);

/// The public key ("UD4…") of a seed ("SUA…"); nullopt for what is no seed.
std::optional<std::string> public_key(std::string_view seed);

}  // namespace natskv::nats
