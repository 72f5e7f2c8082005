#include "kv/connect.hpp"

#include "base/file.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"
#include "nats/check.hpp"
#include "nats/closing.hpp"
#include "nats/compat.hpp"
#include "nats/nkey.hpp"
#include "nats/passphrase.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace natskv {
namespace {

// nats.c puts words into its CONNECT as they are: a quote in a password would end it.
std::string in_json(std::string_view word) {
  std::string literal;
  text::json_string(word, literal);
  return literal.substr(1, literal.size() - 2);
}

// The library's threads call these. A permission violation is an asynchronous error: without closing, the
// call that waits would see only its time-out (NATSC.md, decision 4).
void on_error(natsConnection* connection, natsSubscription* subscription, natsStatus status, void* closure) {
  auto& link = *static_cast<Link*>(closure);
  nats::Wire::on_error(connection, subscription, status, &link.wire);
  if (status != NATS_NOT_PERMITTED) return;
  const char* text = nullptr;
  natsConnection_GetLastError(connection, &text);
  std::string words = nats::without_prefix(text);
  if (words.find("\"$JS.ACK.") != std::string::npos) {
    link.acks_refused = true;
    return;
  }
  if (link.asking_many && words.find(".DIRECT.GET.KV_") != std::string::npos &&
      words.find("$KV.") == std::string::npos) {
    link.many_refused = true;
    return;
  }
  // A listing tidies up behind itself; where it may not, the server does a little later.
  if (words.find(".CONSUMER.DELETE.KV_") != std::string::npos && words.find("$KV.") == std::string::npos)
    return;
  {
    const std::lock_guard lock(link.mutex);
    link.violation_texts.push_back(std::move(words));
  }
  ++link.violations;
  if (link.fail_fast) close(connection, link);
}

void on_disconnected(natsConnection*, void* closure) {
  auto& link = *static_cast<Link*>(closure);
  ++link.disconnects;
  link.wire.happened(nats::Event::Kind::lost);
}
void on_reconnected(natsConnection*, void* closure) {
  auto& link = *static_cast<Link*>(closure);
  ++link.reconnects;
  link.wire.happened(nats::Event::Kind::back);
}
void on_closed(natsConnection* connection, void* closure) {
  auto& link = *static_cast<Link*>(closure);
  link.closed = true;
  nats::Wire::on_closed(connection, &link.wire);
}

// Into the library's memory: it frees what it is given.
natsStatus handed_over(const std::string& text, char** out) {
  *out = ::strdup(text.c_str());
  return *out == nullptr ? NATS_NO_MEMORY : NATS_OK;
}

natsStatus give_jwt(char** jwt, char**, void* closure) {
  return handed_over(static_cast<Link*>(closure)->jwt.reveal(), jwt);
}

natsStatus sign(char** why, unsigned char** signature, int* length, const char* nonce, void* closure) {
  if (nonce == nullptr || *nonce == '\0') {
    (void)handed_over("the server gives no nonce to sign: it takes neither NKeys nor JWTs", why);
    return NATS_CONNECTION_AUTH_FAILED;
  }
  auto& link = *static_cast<Link*>(closure);
  const auto status = nats_Sign(link.seed.reveal().c_str(), nonce, signature, length);
  if (status == NATS_OK && **signature == 0) link.unsendable = true;
  return status;
}

Failure no_secret(const std::string& what, const char* why) {
  return {Exit::not_allowed, fmt::format("{} {}", what, why),
          "natskv doctor shows where each value comes from"};
}

std::string content(const std::string& path, const std::string& what) {
  constexpr std::size_t most = std::size_t{1} << 20U;
  return read_all(open_to_read(path, what).fd(), what, in_quotes(path), most);
}

// The signing itself is nats.c's (nats_Sign); what it is given is looked at here, so that a wrong file is
// named before a server is asked.
void take_seed(const std::string& text, const std::string& what, Link& link) {
  const auto seed = nats::seed_in(text);
  if (!seed) throw no_secret(what, text.empty() ? "is empty" : "holds no NKey seed");
  link.seed = config::Secret(*seed);
}

// header.claims.signature, alone or between BEGIN and END lines.
void take_jwt(std::string_view text, const std::string& what, Link& link) {
  constexpr std::string_view blank = " \t\r\n";
  if (text.find_first_not_of(blank) == std::string_view::npos) throw no_secret(what, "is empty");
  while (!text.empty()) {
    const std::size_t start = std::min(text.find_first_not_of(blank), text.size());
    const std::string_view word = text.substr(start, text.find_first_of(blank, start) - start);
    if (word.starts_with("eyJ") && std::count(word.begin(), word.end(), '.') == 2 && !word.ends_with('.')) {
      link.jwt = config::Secret(std::string(word));
      return;
    }
    text.remove_prefix(std::min(start + std::max<std::size_t>(word.size(), 1), text.size()));
  }
  throw no_secret(what, "holds no JWT");
}

// Of a word that is given itself.
std::string where_from(const config::Settings& settings, const std::string& name) {
  for (const auto& origin : settings.origins) {
    if (origin.name != name) continue;
    return origin.from.starts_with("context ") ? "context " + in_quotes(settings.context) + ": user_" + name
                                               : origin.from;
  }
  return name;
}

void secrets(natsOptions* options, const config::Settings& settings, Link& link) {
  using nats::check;
  if (!link.seed.empty()) {
    // Read for another connection, maybe from a pipe.
  } else if (!settings.creds_file.empty()) {
    const std::string what = "the credentials file " + in_quotes(settings.creds_file);
    const std::string text = content(settings.creds_file, "--creds");
    take_jwt(text, what, link);
    take_seed(text, what, link);
  } else if (!settings.jwt_file.empty() || !settings.jwt.empty()) {
    if (settings.jwt_file.empty())
      take_jwt(settings.jwt.reveal(), where_from(settings, "jwt"), link);
    else
      take_jwt(content(settings.jwt_file, "--jwt"), "the JWT file " + in_quotes(settings.jwt_file), link);
    if (settings.seed_file.empty())
      take_seed(settings.seed.reveal(), where_from(settings, "seed"), link);
    else
      take_seed(content(settings.seed_file, "--seed"), "the seed file " + in_quotes(settings.seed_file),
                link);
  }
  if (!link.jwt.empty()) {
    check(natsOptions_SetUserCredentialsCallbacks(options, give_jwt, &link, sign, &link));
  } else if (!settings.nkey_file.empty() || !settings.seed.empty()) {
    const bool file = !settings.nkey_file.empty();
    const std::string what = file ? "the NKey file " + in_quotes(settings.nkey_file)
                                  : "the nkey of context " + in_quotes(settings.context);
    if (link.seed.empty())
      take_seed(file ? content(settings.nkey_file, "--nkey") : settings.seed.reveal(), what, link);
    const auto key = nats::public_key(link.seed.reveal());
    if (!key) throw no_secret(what, "holds no NKey seed");
    check(natsOptions_SetNKey(options, key->c_str(), sign, &link));
  }
  if (!settings.token.empty()) check(natsOptions_SetToken(options, in_json(settings.token.reveal()).c_str()));
  if (!settings.user.empty()) {
    check(natsOptions_SetUserInfo(options, in_json(settings.user).c_str(),
                                  in_json(settings.password.reveal()).c_str()));
  }
}

void tls(natsOptions* options, const config::Settings& settings) {
  using nats::check;
  if (!settings.tls_required) return;
  // `tls://` alone is not enforced by the library: it would go on in clear with a plain server.
  check(natsOptions_SetSecure(options, true));
  if (!settings.tls_ca.empty())
    check(natsOptions_LoadCATrustedCertificates(options, settings.tls_ca.c_str()));
  if (!settings.tls_cert.empty()) {
    nats::refuse_passphrases();
    check(natsOptions_LoadCertificatesChain(options, settings.tls_cert.c_str(), settings.tls_key.c_str()));
  }
  if (settings.tls_first) check(nats::tls_handshake_first(options));
}

void manners(natsOptions* options, const config::Settings& settings, bool reconnect) {
  using nats::check;
  check(natsOptions_SetName(options, in_json(settings.connection_name).c_str()));
  // One dead server of several may not eat the time of the others when a connection is made again.
  const auto count = static_cast<std::int64_t>(settings.servers.size());
  const std::int64_t share = settings.timeout.ms() / count;
  check(natsOptions_SetTimeout(
      options, std::max<std::int64_t>(count > 1 ? std::min<std::int64_t>(share, 1500) : share, 1)));
  check(natsOptions_SetNoRandomize(options, true));
  if (!settings.inbox_prefix.empty()) {
    check(natsOptions_SetCustomInboxPrefix(options, settings.inbox_prefix.c_str()));
  }
  if (!reconnect) {
    // A request under way when the server dies ends at once instead of after its whole wait, and no write
    // lies in a buffer to be stored later, after it was reported as failed.
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

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned byte = 0;
    const char* digits = text.data() + at + 1;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

// A user part is percent-encoded, as in the nats tool; nats.c reads it so from 3.9 on only, and no version
// escapes it. It becomes an option: servers that are tried by one connection have the same (kv/attempts).
std::vector<std::string> without_users(natsOptions* options, const std::vector<std::string>& servers) {
  std::string user = config::user_part(servers.front());
  if (user.empty()) return servers;
  user.pop_back();  // its @
  const std::size_t colon = user.find(':');
  const std::string name = in_json(percent_decoded(user.substr(0, colon)));
  if (colon == std::string::npos)
    nats::check(natsOptions_SetToken(options, name.c_str()));
  else
    nats::check(natsOptions_SetUserInfo(options, name.c_str(),
                                        in_json(percent_decoded(user.substr(colon + 1))).c_str()));
  std::vector<std::string> bare;
  bare.reserve(servers.size());
  for (const auto& url : servers) bare.push_back(config::shown({url}));
  return bare;
}

// What nats.c finds wrong with the files, as a sentence.
Failure unusable(const nats::Error& error, const config::Settings& settings) {
  const std::string_view text = error.what();
  if (text.find("trusted certificates") != std::string_view::npos) return no_authorities(settings);
  if (!settings.tls_cert.empty() && nats::passphrase_refused()) {
    return {Exit::not_allowed,
            fmt::format("the key {} is encrypted; natskv takes no passphrase", in_quotes(settings.tls_key)),
            "openssl pkey -in FILE -out FILE writes it without one"};
  }
  if (!settings.tls_cert.empty() && error.status == NATS_SSL_ERROR) {
    return {Exit::not_allowed, fmt::format("--tlscert {} and --tlskey {} cannot be used: {}",
                                           in_quotes(settings.tls_cert), in_quotes(settings.tls_key), text)};
  }
  return {Exit::not_allowed, fmt::format("cannot use the given credentials: {}", text)};
}

}  // namespace

Failure no_authorities(const config::Settings& settings) {
  return {Exit::not_allowed,
          fmt::format("--tlsca: {} holds no certificate (PEM)", in_quotes(settings.tls_ca))};
}

// One that comes back would begin to when its stream ends. Its requests are a pipeline's, and what takes
// their answers lives as long as the Session.
void close(natsConnection* connection, const Link& link) noexcept {
  if (link.comes_back)
    natsConnection_Close(connection);
  else
    nats::close(connection);
}

nats::Options connect_options(const config::Settings& settings, Link& link, bool reconnect) {
  link.comes_back = reconnect;
  natsOptions* raw = nullptr;
  nats::check(natsOptions_Create(&raw));
  nats::Options options(raw);
  const auto urls = without_users(raw, settings.servers);
  std::vector<const char*> servers;
  servers.reserve(urls.size());
  for (const auto& url : urls) servers.push_back(url.c_str());
  nats::check(natsOptions_SetServers(raw, servers.data(), static_cast<int>(servers.size())));
  manners(raw, settings, reconnect);
  try {
    secrets(raw, settings, link);
    tls(raw, settings);
  } catch (const nats::Error& error) {
    throw unusable(error, settings);
  }
  nats::check(natsOptions_SetErrorHandler(raw, on_error, &link));
  nats::check(natsOptions_SetDisconnectedCB(raw, on_disconnected, &link));
  nats::check(natsOptions_SetReconnectedCB(raw, on_reconnected, &link));
  nats::check(natsOptions_SetClosedCB(raw, on_closed, &link));
  return options;
}

}  // namespace natskv
