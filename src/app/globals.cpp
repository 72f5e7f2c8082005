#include "app/globals.hpp"

namespace natskv {
namespace {

using config::Given;

void declare_credentials(Declaration& a, Given& given) {
  const auto option = [&](std::string_view name, Kind kind, std::string_view help,
                          std::string_view placeholder, std::string_view variable,
                          std::optional<std::string>& word, bool secret = true) {
    a.take({.name = name,
            .kind = kind,
            .help = help,
            .placeholder = placeholder,
            .environment = variable,
            .secret = secret},
           word);
  };
  option("--user", Kind::text, "user; without a password it is a token", "NAME", "NATS_USER", given.user);
  option("--password", Kind::text, "the user's password", "WORD", "NATS_PASSWORD", given.password);
  option("--password-file", Kind::file, "file whose first line is the password, - is stdin", {}, {},
         given.password_file);
  option("--token", Kind::text, "token", "TOKEN", "NATS_TOKEN", given.token);
  option("--token-file", Kind::file, "file whose first line is the token, - is stdin", {}, {},
         given.token_file);
  option("--creds", Kind::file, "file of credentials: JWT and seed", {}, "NATS_CREDS", given.creds);
  option("--nkey", Kind::file, "file of an NKey's seed", {}, "NATS_NKEY", given.nkey);
  option("--jwt", Kind::file, "a user's JWT or a file of it, with --seed", {}, "NATS_JWT", given.jwt);
  option("--seed", Kind::file, "the seed or a file of it, with --jwt", {}, "NATS_SEED", given.seed);
  option("--tlscert", Kind::file, "client certificate (PEM), with --tlskey", {}, "NATS_CERT", given.tlscert,
         false);
  option("--tlskey", Kind::file, "private key of --tlscert", {}, "NATS_KEY", given.tlskey, false);
  option("--tlsca", Kind::file, "certificates of the authorities to trust", {}, "NATS_CA", given.tlsca,
         false);
  a.flag("--tlsfirst", given.tlsfirst, "TLS handshake before the server's greeting");
  a.excludes("--password", "--password-file");
  a.excludes("--token", "--token-file");
}

}  // namespace

void declare_globals(Declaration& a, Given& given) {
  a.take({.name = "-s,--server",
          .kind = Kind::text,
          .help = "servers, separated by commas (nats://127.0.0.1:4222)",
          .placeholder = "URL",
          .environment = "NATS_URL"},
         given.server);
  declare_credentials(a, given);
  a.take({.name = "--timeout",
          .kind = Kind::duration,
          .help = "longest wait for connecting and for each answer (5s)",
          .environment = "NATS_TIMEOUT"},
         given.timeout);
  a.take({.name = "--context",
          .kind = Kind::context,
          .help = "saved context of the nats tool: its name or its file",
          .placeholder = "NAME",
          .environment = "NATS_CONTEXT"},
         given.context);
  a.flag("--no-context", given.no_context, "use no context, not even the selected one");
  a.take({.name = "--js-domain", .kind = Kind::text, .help = "JetStream domain", .placeholder = "DOMAIN"},
         given.js_domain);
  a.take({.name = "--js-api-prefix",
          .kind = Kind::text,
          .help = "subject prefix of the JetStream API",
          .placeholder = "PREFIX"},
         given.js_api_prefix);
  a.take({.name = "--inbox-prefix",
          .kind = Kind::text,
          .help = "subject prefix of answers (_INBOX)",
          .placeholder = "PREFIX"},
         given.inbox_prefix);
  a.take({.name = "--connection-name",
          .kind = Kind::text,
          .help = "name that the server shows",
          .placeholder = "NAME"},
         given.connection_name);
  a.take({.name = "-o,--output",
          .kind = Kind::choice,
          .help = "format of the output",
          .choices = {"table", "tsv", "json", "jsonl", "raw"},
          .placeholder = "FORMAT"},
         given.output);
  a.flag("-j,--json", given.json, "the same as -o json");
  a.take({.name = "--color",
          .kind = Kind::choice,
          .help = "colours: auto, always or never (auto)",
          .choices = {"auto", "always", "never"},
          .placeholder = "WHEN",
          .environment = "NO_COLOR, CLICOLOR_FORCE"},
         given.color);
  a.flag("--utc", given.utc, "times of tables in UTC");
  a.flag("-q,--quiet", given.quiet, "no results of writes, summaries, progress and hints");
  a.flag("-h,--help", given.help, "help: of natskv, or of the command");
  a.flag("-V,--version", given.version, "the versions of natskv and of nats.c, compiled and running");
  a.flag("--trace", given.trace, "each operation on stderr, values and secrets masked");
  a.excludes("--context", "--no-context");
  a.excludes("--js-domain", "--js-api-prefix");
  a.excludes("--output", "--json");
}

}  // namespace natskv
