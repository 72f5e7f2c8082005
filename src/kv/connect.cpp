#include "kv/connect.hpp"

#include "nats/check.hpp"
#include "nats/compat.hpp"
#include "nats/version.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace natskv {
namespace {

// The library's threads call these. A permission violation is an asynchronous error: without closing, the call that
// waits would see only its time-out (NATSC.md, decision 4).
void on_error(natsConnection* connection, natsSubscription*, natsStatus status, void* closure) {
  auto& link = *static_cast<Link*>(closure);
  if (status == NATS_MISSED_HEARTBEAT) ++link.missed_heartbeats;
  if (status != NATS_NOT_PERMITTED) return;
  const char* text = nullptr;
  natsConnection_GetLastError(connection, &text);
  {
    const std::lock_guard lock(link.mutex);
    link.violation_texts.push_back(nats::without_prefix(text));
  }
  ++link.violations;
  if (link.fail_fast) natsConnection_Close(connection);
}

void on_disconnected(natsConnection*, void* closure) { ++static_cast<Link*>(closure)->disconnects; }
void on_reconnected(natsConnection*, void* closure) { ++static_cast<Link*>(closure)->reconnects; }
void on_closed(natsConnection*, void* closure) { static_cast<Link*>(closure)->closed = true; }

void secrets(natsOptions* options, const config::Settings& settings) {
  using nats::check;
  if (!settings.creds_file.empty()) {
    check(natsOptions_SetUserCredentialsFromFiles(options, settings.creds_file.c_str(), nullptr));
  } else if (!settings.jwt_file.empty()) {
    check(natsOptions_SetUserCredentialsFromFiles(options, settings.jwt_file.c_str(), settings.seed_file.c_str()));
  }
  if (!settings.token.empty()) {
    check(natsOptions_SetToken(options, settings.token.reveal().c_str()));
  } else if (!settings.user.empty()) {
    check(natsOptions_SetUserInfo(options, settings.user.c_str(), settings.password.reveal().c_str()));
  }
}

void tls(natsOptions* options, const config::Settings& settings) {
  using nats::check;
  if (!settings.tls_required) return;
  // `tls://` alone is not enforced by the library: it would go on in clear with a plain server.
  check(natsOptions_SetSecure(options, true));
  if (!settings.tls_ca.empty()) check(natsOptions_LoadCATrustedCertificates(options, settings.tls_ca.c_str()));
  if (!settings.tls_cert.empty()) {
    check(natsOptions_LoadCertificatesChain(options, settings.tls_cert.c_str(), settings.tls_key.c_str()));
  }
  if (settings.tls_first) check(nats::tls_handshake_first(options));
}

void manners(natsOptions* options, const config::Settings& settings, bool reconnect) {
  using nats::check;
  check(natsOptions_SetName(options, settings.connection_name.c_str()));
  // One dead server of several may not eat the time of the others.
  const auto share = static_cast<std::int64_t>(settings.servers.size() > 1 ? 1500 : settings.timeout.ms());
  check(natsOptions_SetTimeout(options, std::min(share, settings.timeout.ms())));
  check(natsOptions_SetNoRandomize(options, true));
  if (!settings.inbox_prefix.empty()) {
    check(natsOptions_SetCustomInboxPrefix(options, settings.inbox_prefix.c_str()));
  }
  if (!reconnect) {
    // A request under way when the server dies ends at once instead of after its whole wait, and no write lies in a
    // buffer to be stored later, after it was reported as failed.
    check(natsOptions_SetAllowReconnect(options, false));
    return;
  }
  check(natsOptions_SetMaxReconnect(options, -1));
  check(natsOptions_SetReconnectWait(options, 200));
  check(natsOptions_SetReconnectJitter(options, 50, 100));
  // No write may wait in the buffer to be sent behind our back after it was judged.
  check(natsOptions_SetReconnectBufSize(options, 1));
  // A hung connection would otherwise be noticed after four minutes.
  check(natsOptions_SetPingInterval(options, 5000));
  check(natsOptions_SetMaxPingsOut(options, 2));
}

}  // namespace

nats::Options connect_options(const config::Settings& settings, Link& link, bool reconnect) {
  natsOptions* raw = nullptr;
  nats::check(natsOptions_Create(&raw));
  nats::Options options(raw);
  std::vector<const char*> servers;
  servers.reserve(settings.servers.size());
  for (const auto& server : settings.servers) servers.push_back(server.c_str());
  nats::check(natsOptions_SetServers(raw, servers.data(), static_cast<int>(servers.size())));
  manners(raw, settings, reconnect);
  try {
    secrets(raw, settings);
    tls(raw, settings);
  } catch (const nats::Error& error) {
    if (settings.tls_first && error.status == NATS_INVALID_ARG) {
      throw usage(fmt::format("--tlsfirst needs nats.c {} or newer, this natskv was built with {}",
                              nats::tls_handshake_first_since, nats::compiled_version()));
    }
    throw Failure(Exit::not_allowed, fmt::format("cannot use the given credentials: {}", error.what()));
  }
  nats::check(natsOptions_SetErrorHandler(raw, on_error, &link));
  nats::check(natsOptions_SetDisconnectedCB(raw, on_disconnected, &link));
  nats::check(natsOptions_SetReconnectedCB(raw, on_reconnected, &link));
  nats::check(natsOptions_SetClosedCB(raw, on_closed, &link));
  return options;
}

Failure refused(const nats::Error& error, const config::Settings& settings) {
  const std::string where = config::shown(settings.servers);
  const std::string_view text = error.what();
  switch (error.status) {
    case NATS_NO_SERVER:
      return {Exit::unreachable, fmt::format("no server answers at {}", where),
              "start one (natskv sandbox), or name another with --server or NATS_URL"};
    case NATS_CONNECTION_AUTH_FAILED:
      return {Exit::not_allowed, fmt::format("{} refused the credentials: {}", where, text),
              "give --user and --password, --token, --creds or --nkey, or a --context that has them"};
    case NATS_SSL_ERROR:
      return {Exit::not_allowed, fmt::format("no trusted TLS connection to {}: {}", where, text),
              settings.tls_ca.empty() ? "name the certificate authority with --tlsca" : ""};
    case NATS_SECURE_CONNECTION_WANTED:
      return {Exit::not_allowed, fmt::format("{} does not offer TLS, which was asked for", where)};
    case NATS_SECURE_CONNECTION_REQUIRED:
      return {Exit::not_allowed, fmt::format("{} requires TLS", where), "use a tls:// URL, and --tlsca"};
    case NATS_PROTOCOL_ERROR:
    case NATS_IO_ERROR:
    case NATS_CONNECTION_CLOSED:
      if (settings.tls_required && settings.tls_cert.empty()) {
        return {Exit::not_allowed, fmt::format("{} broke off the TLS handshake: it may want a client certificate", where),
                "give --tlscert and --tlskey"};
      }
      return {Exit::unreachable, fmt::format("{} broke off the connection: {}", where, text)};
    case NATS_TIMEOUT:
      return {Exit::unreachable, fmt::format("no answer from {} within {} ms", where, settings.timeout.ms())};
    default:
      // A seed or JWT that nats.c can't use is found only while connecting.
      if (!settings.creds_file.empty() || !settings.nkey_file.empty() || !settings.jwt_file.empty()) {
        return {Exit::not_allowed, fmt::format("cannot use the given credentials: {}", text)};
      }
      return {Exit::unreachable, fmt::format("cannot connect to {}: {}", where, text)};
  }
}

}  // namespace natskv
