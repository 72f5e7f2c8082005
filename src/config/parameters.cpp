#include "config/parameters.hpp"

namespace natskv::config {

using Holds = Parameter::Holds;
using C = Context;
using G = Given;
using S = Settings;

// clang-format off
const std::array<Parameter, 14> parameters{{
    {"server", "-s,--server", "NATS_URL", "url", Holds::word, false, &G::server, &C::url, {}, {},
     "URL", "servers, separated by commas (nats://127.0.0.1:4222)"},
    {"user", "--user", "NATS_USER", "user", Holds::secret, true, &G::user, &C::user, {}, {},
     "NAME", "user; without a password it is a token"},
    {"password", "--password", "NATS_PASSWORD", "password", Holds::secret, true, &G::password, {}, &C::password, {},
     "WORD", "the user's password"},
    {"token", "--token", "NATS_TOKEN", "token", Holds::secret, true, &G::token, {}, &C::token, {},
     "TOKEN", "token"},
    {"creds", "--creds", "NATS_CREDS", "creds", Holds::path, true, &G::creds, &C::creds, {}, &S::creds_file,
     {}, "credentials file: JWT and seed"},
    {"nkey", "--nkey", "NATS_NKEY", "nkey", Holds::path, true, &G::nkey, &C::nkey, {}, &S::nkey_file,
     {}, "file with an NKey's seed"},
    {"jwt", "--jwt", "NATS_JWT", "user_jwt", Holds::word_or_path, true, &G::jwt, {}, &C::user_jwt, &S::jwt_file,
     {}, "a user's JWT, or a file with it; needs --seed"},
    {"seed", "--seed", "NATS_SEED", "user_seed", Holds::word_or_path, true, &G::seed, {}, &C::user_seed, &S::seed_file,
     {}, "the seed, or a file with it; needs --jwt"},
    {"cert", "--tlscert", "NATS_CERT", "cert", Holds::path, false, &G::tlscert, &C::cert, {}, &S::tls_cert,
     {}, "client certificate (PEM); needs --tlskey"},
    {"key", "--tlskey", "NATS_KEY", "key", Holds::path, false, &G::tlskey, &C::key, {}, &S::tls_key,
     {}, "private key of --tlscert"},
    {"ca", "--tlsca", "NATS_CA", "ca", Holds::path, false, &G::tlsca, &C::ca, {}, &S::tls_ca,
     {}, "certificates of the CAs to trust"},
    {"js_domain", "--js-domain", nullptr, "jetstream_domain", Holds::word, false, &G::js_domain,
     &C::jetstream_domain, {}, {}, "DOMAIN", "JetStream domain"},
    {"js_api_prefix", "--js-api-prefix", nullptr, "jetstream_api_prefix", Holds::word, false, &G::js_api_prefix,
     &C::jetstream_api_prefix, {}, {}, "PREFIX", "subject prefix of the JetStream API"},
    {"inbox_prefix", "--inbox-prefix", nullptr, "inbox_prefix", Holds::word, false, &G::inbox_prefix,
     &C::inbox_prefix, {}, {}, "PREFIX", "subject prefix for answers (_INBOX)"},
}};
// clang-format on

}  // namespace natskv::config
