// An encrypted private key: OpenSSL would ask for its passphrase, on the terminal or, without one, on stdin,
// which is a command's input. natskv never asks.
#pragma once

namespace natskv::nats {

/// From now on whatever asks for a passphrase in this process fails at once.
void refuse_passphrases();
/// Whether one was asked for since then.
bool passphrase_refused();

}  // namespace natskv::nats
