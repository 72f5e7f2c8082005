#include "app/globals.hpp"

#include "config/parameters.hpp"

namespace natskv {
namespace {

using config::Given;

void declare(Declaration& a, const config::Parameter& parameter, Given& given) {
  using Holds = config::Parameter::Holds;
  a.take({.name = parameter.option,
          .kind = parameter.is_path() ? Kind::file : Kind::text,
          .help = parameter.help,
          .placeholder = parameter.placeholder,
          .environment = parameter.variable == nullptr ? "" : parameter.variable,
          .secret = parameter.credential || parameter.holds == Holds::secret},
         given.*parameter.given);
  const auto file = [&](std::string_view name, std::string_view help, std::string_view variable,
                        std::optional<std::string>& word) {
    a.take({.name = name, .kind = Kind::file, .help = help, .environment = variable, .secret = true}, word);
    a.excludes(parameter.option, name);
  };
  if (parameter.name == "password")
    file("--password-file", "file whose first line is the password; - is stdin", "NATS_PASSWORD_FILE",
         given.password_file);
  if (parameter.name == "token")
    file("--token-file", "file whose first line is the token; - is stdin", "NATS_TOKEN_FILE",
         given.token_file);
}

}  // namespace

void declare_globals(Declaration& a, Given& given) {
  for (const auto& parameter : config::parameters) declare(a, parameter, given);
  a.flag("--tlsfirst", given.tlsfirst, "TLS handshake before the server's greeting");
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
  a.take({.name = "--connection-name",
          .kind = Kind::text,
          .help = "name of the connection, shown by the server",
          .placeholder = "NAME"},
         given.connection_name);
  a.take({.name = "-o,--output",
          .kind = Kind::choice,
          .help = "table, tsv, json, jsonl or raw",
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
  a.flag("--utc", given.utc, "show times in tables in UTC");
  a.flag("-q,--quiet", given.quiet, "omit results of writes, summaries, progress and hints");
  a.flag("-h,--help", given.help, "help: of natskv, or of the command");
  a.flag("-V,--version", given.version, "versions of natskv and of nats.c, as compiled and as running");
  a.flag("--trace", given.trace, "show each operation on stderr; values and secrets are masked");
  a.excludes("--context", "--no-context");
  a.excludes("--js-domain", "--js-api-prefix");
  a.excludes("--output", "--json");
}

}  // namespace natskv
