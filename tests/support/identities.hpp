// Keys, JWTs and certificates made anew for a test: none is kept in the repository.
#pragma once

#include "support/text.hpp"

#include <string>

namespace natskv::test {

/// Makes server.conf (operator, accounts A and B with JetStream, NONE without), NAME.creds, .jwt and .seed of
/// the users alice (A), expired (A), short (A, for
/// 12 s from now), stranger (of no known account) and bare (NONE), nkey.seed and
/// nkey.public, other.seed and account.seed in the folder, with the Go program in support/identities. Returns
/// why not, or "".
std::string make_identities(const TempDir& folder);

/// Makes ca.pem and, each with its .key, server.pem (localhost, 127.0.0.1), other.pem (other.example),
/// expired.pem, self.pem, client.pem and foreign.pem (of another authority) with openssl. Returns why not, or
/// "".
std::string make_certificates(const TempDir& folder);

}  // namespace natskv::test
