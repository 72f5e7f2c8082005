#include "kv/connect.hpp"

#include "base/file.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"
#include "nats/check.hpp"
#include "nats/compat.hpp"
#include "nats/nkey.hpp"
#include "nats/passphrase.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace natskv {
namespace {

// nats.c does not escape what it puts into its CONNECT: a quote in a password would end the string.
std::string in_json(std::string_view word) {
  std::string literal;
  text::json_string(word, literal);
  return literal.substr(1, literal.size() - 2);
}

// Allocated for the library, which frees it.
natsStatus handed_over(const std::string& text, char** out) {
  *out = ::strdup(text.c_str());
  return *out == nullptr ? NATS_NO_MEMORY : NATS_OK;
}

// On a reconnect the files are read again, because short-lived credentials are renewed in place. What cannot
// be read stays as it was, and the server decides.
void renew(ConnectionState& link) {
  const std::lock_guard lock(link.mutex);
  if (!link.renew) return;
  try {
    link.secrets = link.renew();
  } catch (const std::exception&) {  // half written, or gone
  }
}

natsStatus give_jwt(char** jwt, char**, void* closure) {
  auto& link = *static_cast<ConnectionState*>(closure);
  if (link.given.exchange(true)) renew(link);
  return handed_over(link.credentials().jwt.reveal(), jwt);
}

natsStatus sign(char** why, unsigned char** signature, int* length, const char* nonce, void* closure) {
  if (nonce == nullptr || *nonce == '\0') {
    (void)handed_over("the server sent no nonce to sign: it does not support NKeys or JWTs", why);
    return NATS_CONNECTION_AUTH_FAILED;
  }
  auto& link = *static_cast<ConnectionState*>(closure);
  const auto status = nats_Sign(link.credentials().seed.reveal().c_str(), nonce, signature, length);
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

// nats.c signs (nats_Sign); what it signs with is checked here, so that a wrong file is reported before
// connecting.
config::Secret seed_of(const std::string& text, const std::string& what) {
  const auto seed = nats::seed_in(text);
  if (!seed) throw no_secret(what, text.empty() ? "is empty" : "contains no NKey seed");
  return config::Secret(*seed);
}

// header.claims.signature, alone or between BEGIN and END lines.
config::Secret jwt_of(std::string_view text, const std::string& what) {
  constexpr std::string_view blank = " \t\r\n";
  if (text.find_first_not_of(blank) == std::string_view::npos) throw no_secret(what, "is empty");
  while (!text.empty()) {
    const std::size_t start = std::min(text.find_first_not_of(blank), text.size());
    const std::string_view word = text.substr(start, text.find_first_of(blank, start) - start);
    if (word.starts_with("eyJ") && std::count(word.begin(), word.end(), '.') == 2 && !word.ends_with('.'))
      return config::Secret(std::string(word));
    text.remove_prefix(std::min(start + std::max<std::size_t>(word.size(), 1), text.size()));
  }
  throw no_secret(what, "holds no JWT");
}

// For text that was given directly.
std::string where_from(const config::Settings& settings, const std::string& name) {
  for (const auto& origin : settings.origins) {
    if (origin.name != name) continue;
    return origin.from.starts_with("context ") ? "context " + in_quotes(settings.context) + ": user_" + name
                                               : origin.from;
  }
  return name;
}

std::string nkey_words(const config::Settings& settings) {
  return settings.nkey_file.empty() ? "the nkey of context " + in_quotes(settings.context)
                                    : "the NKey file " + in_quotes(settings.nkey_file);
}

ConnectionState::Credentials read_credentials(const config::Settings& settings) {
  if (!settings.creds_file.empty()) {
    const std::string what = "the credentials file " + in_quotes(settings.creds_file);
    const std::string text = content(settings.creds_file, "--creds");
    return {jwt_of(text, what), seed_of(text, what)};
  }
  if (!settings.jwt_file.empty() || !settings.jwt.empty()) {
    ConnectionState::Credentials both;
    both.jwt = settings.jwt_file.empty() ? jwt_of(settings.jwt.reveal(), where_from(settings, "jwt"))
                                         : jwt_of(content(settings.jwt_file, "--jwt"),
                                                  "the JWT file " + in_quotes(settings.jwt_file));
    both.seed = settings.seed_file.empty() ? seed_of(settings.seed.reveal(), where_from(settings, "seed"))
                                           : seed_of(content(settings.seed_file, "--seed"),
                                                     "the seed file " + in_quotes(settings.seed_file));
    return both;
  }
  if (!settings.nkey_file.empty())
    return {{}, seed_of(content(settings.nkey_file, "--nkey"), nkey_words(settings))};
  if (!settings.seed.empty()) return {{}, seed_of(settings.seed.reveal(), nkey_words(settings))};
  return {};
}

// A pipe can only be read once.
bool can_be_read_again(const config::Settings& settings) {
  const auto regular = [](const std::string& path) {
    std::error_code error;
    return path.empty() || std::filesystem::is_regular_file(path, error);
  };
  return regular(settings.creds_file) && regular(settings.jwt_file) && regular(settings.seed_file);
}

void secrets(natsOptions* options, const config::Settings& settings, ConnectionState& link, bool reconnect) {
  using nats::check;
  // Otherwise they were read for another connection, possibly from a pipe.
  if (link.credentials().seed.empty()) {
    const std::lock_guard lock(link.mutex);
    link.secrets = read_credentials(settings);
  }
  const auto [jwt, seed] = link.credentials();
  if (reconnect && !jwt.empty() && can_be_read_again(settings)) {
    const std::lock_guard lock(link.mutex);
    link.renew = [settings] { return read_credentials(settings); };
  }
  if (!jwt.empty()) {
    check(natsOptions_SetUserCredentialsCallbacks(options, give_jwt, &link, sign, &link));
  } else if (!seed.empty()) {
    const auto key = nats::public_key(seed.reveal());
    if (!key) throw no_secret(nkey_words(settings), "contains no NKey seed");
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
  // The library does not enforce `tls://`: with a plain server it would continue unencrypted.
  check(natsOptions_SetSecure(options, true));
  if (!settings.tls_ca.empty())
    check(natsOptions_LoadCATrustedCertificates(options, settings.tls_ca.c_str()));
  if (!settings.tls_cert.empty()) {
    nats::refuse_passphrases();
    check(natsOptions_LoadCertificatesChain(options, settings.tls_cert.c_str(), settings.tls_key.c_str()));
  }
  if (settings.tls_first) check(nats::tls_handshake_first(options));
}

void connection_policy(natsOptions* options, const config::Settings& settings, bool reconnect) {
  using nats::check;
  check(natsOptions_SetName(options, in_json(settings.connection_name).c_str()));
  // On a reconnect one dead server must not use up the time of the others.
  const auto count = static_cast<std::int64_t>(settings.servers.size());
  const std::int64_t share = settings.timeout.ms() / count;
  check(natsOptions_SetTimeout(
      options, std::max<std::int64_t>(count > 1 ? std::min<std::int64_t>(share, 1500) : share, 1)));
  check(natsOptions_SetNoRandomize(options, true));
  if (!settings.inbox_prefix.empty()) {
    check(natsOptions_SetCustomInboxPrefix(options, settings.inbox_prefix.c_str()));
  }
  if (!reconnect) {
    // A request in flight when the server dies ends at once instead of timing out, and no write stays in a
    // buffer to be stored after it was reported as failed.
    check(natsOptions_SetAllowReconnect(options, false));
    return;
  }
  check(natsOptions_SetMaxReconnect(options, -1));
  check(natsOptions_SetReconnectWait(options, 200));
  check(natsOptions_SetReconnectJitter(options, 50, 100));
  // No write may stay in the buffer and be sent after its outcome was reported.
  check(natsOptions_SetReconnectBufSize(options, 1));
  // Otherwise a hung connection would only be noticed after four minutes.
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

// A user part is percent-encoded, as in the nats tool; nats.c decodes it only since 3.9, and no version
// escapes it. It becomes an option: all servers of one connection have the same (kv/race).
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

// What nats.c says is wrong with the files, as a sentence.
Failure unusable(const nats::Error& error, const config::Settings& settings) {
  const std::string_view text = error.what();
  if (text.find("trusted certificates") != std::string_view::npos) return no_authorities(settings);
  if (!settings.tls_cert.empty() && nats::passphrase_refused()) {
    return {Exit::not_allowed,
            fmt::format("the key {} is encrypted, and natskv does not ask for passphrases",
                        in_quotes(settings.tls_key)),
            "openssl pkey -in FILE -out FILE decrypts it"};
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
          fmt::format("--tlsca: {} contains no certificate (PEM)", in_quotes(settings.tls_ca))};
}

nats::Options connect_options(const config::Settings& settings, ConnectionState& link, bool reconnect) {
  natsOptions* raw = nullptr;
  nats::check(natsOptions_Create(&raw));
  nats::Options options(raw);
  const auto urls = without_users(raw, settings.servers);
  std::vector<const char*> servers;
  servers.reserve(urls.size());
  for (const auto& url : urls) servers.push_back(url.c_str());
  nats::check(natsOptions_SetServers(raw, servers.data(), static_cast<int>(servers.size())));
  connection_policy(raw, settings, reconnect);
  try {
    secrets(raw, settings, link, reconnect);
    tls(raw, settings);
  } catch (const nats::Error& error) {
    throw unusable(error, settings);
  }
  link.wire.attach(raw);
  return options;
}

}  // namespace natskv
