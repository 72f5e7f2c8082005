// What a failed connection means to a user.
#include "base/text.hpp"
#include "kv/claims.hpp"
#include "kv/connect.hpp"
#include "nats/check.hpp"
#include "nats/probe.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {
namespace {

Failure not_allowed(const std::string& message, std::string hint = {}) {
  return {Exit::not_allowed, message, std::move(hint)};
}

// "SSL handshake error: 20:unable to get local issuer certificate:depth=0:cert=/CN=a:issuer=/CN=b", the
// number being X509_V_ERR_*; "62:hostname mismatch:expected=a:cert=/CN=b".
Failure untrusted(std::string_view text, const std::string& where, const config::Settings& settings) {
  constexpr std::string_view beginning = "SSL handshake error: ";
  if (text.starts_with(beginning)) text.remove_prefix(beginning.size());
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string ca_hint = settings.tls_ca.empty() ? "give the CA's certificate with --tlsca"
                                                      : "--tlsca names a CA other than the server's";
  switch (number) {
    case 9:
      return not_allowed(fmt::format("the certificate of {} is not valid yet", where),
                         "check this machine's clock");
    case 10:
      return not_allowed(fmt::format("the certificate of {} has expired", where),
                         "natskv doctor shows its dates");
    case 18:
    case 19:
      return not_allowed(fmt::format("the certificate of {} is self-signed and not trusted", where),
                         settings.tls_ca.empty() ? "trust it with --tlsca" : ca_hint);
    case 20:
    case 21:
      return not_allowed(fmt::format("the certificate of {} is from a CA that is not trusted", where),
                         ca_hint);
    case 62:
    case 64:
      return not_allowed(fmt::format("the certificate of {} is for another host", where),
                         "use a name that it contains (natskv doctor shows them)");
    default:
      return not_allowed(fmt::format("no trusted TLS connection to {}: {}", where, text),
                         settings.tls_ca.empty() ? "give the CA's certificate with --tlsca" : "");
  }
}

// The connection ended midway: with TLS 1.3 a client without the required certificate notices only then. The
// greeting says what the server requires.
Failure broken_off(std::string_view text, const std::string& where, const config::Settings& settings) {
  bool greeted = false;
  for (const auto& server : settings.servers) {
    const auto greeting = nats::greeting_of(server, std::min(settings.timeout, seconds(1)));
    if (!greeting) continue;
    greeted = true;
    if (greeting->tls_verify && settings.tls_cert.empty())
      return not_allowed(fmt::format("{} requires a client certificate", where),
                         "give --tlscert and --tlskey");
    if (greeting->tls_verify) return not_allowed(fmt::format("{} refused the client certificate", where));
  }
  // nats.c waits for a PONG once it has the greeting: a server that was killed then answers nobody now.
  if (!greeted && !settings.tls_first && text.find("PONG") == text.npos) {
    return {Exit::unreachable, fmt::format("{} closed the connection before its greeting: {}", where, text),
            "if the server expects the TLS handshake first, use --tlsfirst; natskv doctor shows more"};
  }
  if (settings.tls_required && settings.tls_cert.empty()) {
    return not_allowed(fmt::format("{} ended the TLS handshake: it may require a client certificate", where),
                       "give --tlscert and --tlskey");
  }
  return {Exit::unreachable, fmt::format("{} closed the connection: {}", where, text),
          "natskv doctor shows more"};
}

// When a JWT expired (RFC 3339), if it has: the server says "Authorization Violation" whatever the reason.
std::optional<std::string> expired(const std::string& jwt) {
  const auto document = claims_of(jwt);
  const auto end = document.find("exp");
  if (end == document.end() || !end->is_number_integer()) return std::nullopt;
  const auto seconds = end->get<std::int64_t>();
  if (seconds <= 0 || seconds > std::time(nullptr)) return std::nullopt;
  return text::rfc3339(Instant{seconds * 1'000'000'000}).substr(0, 19) + "Z";
}

/// What has to be signed with.
bool has_key(const config::Settings& settings) {
  return !settings.creds_file.empty() || !settings.nkey_file.empty() || !settings.seed.empty() ||
         !settings.jwt_file.empty() || !settings.jwt.empty();
}

bool has_credentials(const config::Settings& settings) {
  return has_key(settings) || !settings.user.empty() || !settings.token.empty() ||
         std::any_of(settings.servers.begin(), settings.servers.end(),
                     [](const std::string& url) { return url.find('@') != std::string::npos; });
}

// nats.c gives the same error for an unknown name and for a server that does not listen.
std::optional<Failure> unresolved(const config::Settings& settings) {
  std::string why;
  for (const auto& server : settings.servers) {
    nats::ServerProbe look(server, std::min(settings.timeout, seconds(1)));
    try {
      (void)look.resolve();
      return std::nullopt;
    } catch (const nats::ProbeError& error) {
      if (why.empty()) why = fmt::format("cannot resolve \"{}\": {}", look.host(), error.what());
    }
  }
  return Failure(Exit::unreachable, why, "check the name, or name another with --server or NATS_URL");
}

}  // namespace

Failure refused(const nats::Error& error, const config::Settings& settings, const ConnectionState& link) {
  const std::string where = config::shown(settings.servers);
  const std::string_view text = error.what();
  switch (error.status) {
    case NATS_NO_SERVER:
      if (auto failure = unresolved(settings)) return *failure;
      return {Exit::unreachable, fmt::format("no server answers at {}", where),
              "start one (natskv sandbox), or name another with --server or NATS_URL"};
    case NATS_CONNECTION_AUTH_FAILED:
      if (const auto end = expired(link.credentials().jwt.reveal()))
        return not_allowed(fmt::format("{} refused the credentials: the JWT expired at {}", where, *end),
                           "ask the account's owner for new ones");
      return has_credentials(settings)
                 ? not_allowed(fmt::format("{} refused the credentials: {}", where, text),
                               "natskv doctor shows which were used, and from where")
                 : not_allowed(fmt::format("{} requires credentials: {}", where, text),
                               "give --user and --password, --token, --creds or --nkey, or a --context that "
                               "has them");
    case NATS_SSL_ERROR:
      return untrusted(text, where, settings);
    case NATS_SECURE_CONNECTION_WANTED:
      return not_allowed(fmt::format("{} does not offer TLS, which you asked for", where));
    case NATS_SECURE_CONNECTION_REQUIRED:
      return not_allowed(fmt::format("{} requires TLS", where), "use a tls:// URL, and --tlsca");
    case NATS_PROTOCOL_ERROR:
    case NATS_IO_ERROR:
    case NATS_CONNECTION_CLOSED:
      return broken_off(text, where, settings);
    case NATS_TIMEOUT:
      return {Exit::unreachable,
              fmt::format("no answer from {} within {}", where, text::human_span(settings.timeout))};
    default:
      // What nats.c finds wrong with a seed or JWT only when it signs.
      if (has_key(settings)) return not_allowed(fmt::format("cannot use the given credentials: {}", text));
      return {Exit::unreachable, fmt::format("cannot connect to {}: {}", where, text)};
  }
}

}  // namespace natskv
