// Global options + environment + context -> checked values. Reads files it was pointed to, opens no socket.
#pragma once

#include "base/types.hpp"
#include "config/secret.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace natskv::config {

/// What was typed, not yet checked. One member for each global option.
struct Given {
  std::optional<std::string> server, user, password, token, password_file, token_file, creds, nkey, jwt, seed,
      tlscert, tlskey, tlsca, context, js_domain, js_api_prefix, inbox_prefix, connection_name, output, color;
  std::optional<Span> timeout;
  bool tlsfirst = false, no_context = false, json = false, utc = false, quiet = false, trace = false,
       help = false, version = false;
};

/// A variable's value; empty counts as unset (nullopt).
using Environment = std::function<std::optional<std::string>(const char* name)>;
/// The process's own.
std::optional<std::string> environment(const char* name);

/// Where one value came from, for `doctor`. Secrets are "(set)".
struct Origin {
  std::string name;   ///< "server", "user", …
  std::string value;  ///< masked where secret
  std::string from;   ///< "--server", "NATS_URL", "context \"x\" (/path)", "default"
};

/// Checked values; empty is "not set". When resolve() returns, files exist and are readable.
struct Settings {
  /// At least one, each SCHEME://[USER@]HOST:PORT with scheme nats or tls. The user part is kept: shown()
  /// before print.
  std::vector<std::string> servers;
  std::string user;
  Secret password, token;
  std::string creds_file, nkey_file, jwt_file, seed_file;
  Secret jwt, seed;  ///< the text itself, instead of a file
  std::string tls_cert, tls_key, tls_ca;
  bool tls_required = false;  ///< a tls:// server, --tlsfirst, or a certificate or CA was given
  bool tls_first = false;
  std::string js_api_prefix;  ///< without trailing dot: "$JS.API", "$JS.hub.API", or as given
  std::string inbox_prefix;   ///< "" is "_INBOX"
  std::string connection_name;
  Span timeout = seconds(5);
  bool timeout_given = false;         ///< by the option (not by the environment's default)
  std::vector<std::string> warnings;  ///< one line each
  std::vector<Origin> origins;
  std::string context;  ///< name of the context in use, or ""
};

/// Precedence: option, --context, environment, another context (NATS_CONTEXT, the selected one), default.
/// Credentials are one way to authenticate (user, token, creds, nkey, jwt) from one place, which may be a
/// URL's user part, and replace all weaker ones. With --context those of the environment (and its
/// certificate) are not used. `context_override`: another context (cp --to-context): of options and variables
/// only timeout and connection name apply. Reads stdin for `--password-file -`: call once, other than for
/// overrides. Failure: usage (2) for a bad URL, a file that cannot be read, a context that is not JSON, or a
/// field of it that has a wrong type, is not supported or not set; not_found (3) for an unknown context.
Settings resolve(const Given& given, const Environment& environment,
                 const std::optional<std::string>& context_override = {});

/// A comma-separated list of URLs or HOST[:PORT], checked and completed. Failure(usage) names `what` and
/// never a user part.
std::vector<std::string> servers(const std::string& list, const std::string& what);
/// URLs as messages may show them: without the user part, joined by commas.
std::string shown(const std::vector<std::string>& servers);
/// "user:password@" of one of them, as it was given; empty where it has none.
std::string user_part(const std::string& url);

}  // namespace natskv::config
