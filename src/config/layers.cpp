#include "config/layers.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"
#include "config/word.hpp"

#include <unistd.h>

namespace natskv::config {
namespace {

constexpr std::size_t longest_secret = 65536;

std::string first_line(const std::string& path, const std::string& option,
                       std::vector<std::string>& warnings) {
  const bool is_stdin = path == "-";
  const std::string shown_path = is_stdin ? "stdin" : shown_file(path);
  std::string line;
  if (is_stdin) {
    line = read_line(STDIN_FILENO, option, shown_path, longest_secret);
  } else {
    const File file = open_to_read(path, option, shown_path);
    line = read_line(file.fd(), option, shown_path, longest_secret);
    if (readable_by_everyone(path)) warnings.push_back(option + ": everyone can read " + shown_path);
  }
  if (line.empty())
    throw Failure(Exit::not_allowed, option + ": the first line of " + shown_path + " is empty");
  return line;
}

}  // namespace

Layer option_layer(const Given& given, std::vector<std::string>& warnings) {
  if (given.password_file == "-" && given.token_file == "-")
    throw usage("--password-file and --token-file cannot both be standard input");
  Layer layer;
  const auto take = [&](std::string_view name, const std::optional<std::string>& word, const char* option) {
    if (!word) return;
    if (word->empty()) throw usage(std::string(option) + ": the word is empty (an unset variable?)");
    layer.insert_or_assign(name, Sourced{*word, option});
  };
  take("server", given.server, "--server");
  take("user", given.user, "--user");
  take("password", given.password, "--password");
  take("token", given.token, "--token");
  take("creds", given.creds, "--creds");
  take("nkey", given.nkey, "--nkey");
  take("jwt", given.jwt, "--jwt");
  take("seed", given.seed, "--seed");
  take("cert", given.tlscert, "--tlscert");
  take("key", given.tlskey, "--tlskey");
  take("ca", given.tlsca, "--tlsca");
  take("js_domain", given.js_domain, "--js-domain");
  take("js_api_prefix", given.js_api_prefix, "--js-api-prefix");
  take("inbox_prefix", given.inbox_prefix, "--inbox-prefix");
  if (given.password_file) {
    layer.insert_or_assign("password", Sourced{first_line(*given.password_file, "--password-file", warnings),
                                               "--password-file"});
  }
  if (given.token_file) {
    layer.insert_or_assign("token",
                           Sourced{first_line(*given.token_file, "--token-file", warnings), "--token-file"});
  }
  return layer;
}

Layer environment_layer(const Environment& environment) {
  constexpr std::array<std::pair<std::string_view, const char*>, 11> names{{{"server", "NATS_URL"},
                                                                            {"user", "NATS_USER"},
                                                                            {"password", "NATS_PASSWORD"},
                                                                            {"token", "NATS_TOKEN"},
                                                                            {"creds", "NATS_CREDS"},
                                                                            {"nkey", "NATS_NKEY"},
                                                                            {"jwt", "NATS_JWT"},
                                                                            {"seed", "NATS_SEED"},
                                                                            {"cert", "NATS_CERT"},
                                                                            {"key", "NATS_KEY"},
                                                                            {"ca", "NATS_CA"}}};
  Layer layer;
  for (const auto& [name, variable] : names) {
    if (auto value = environment(variable))
      layer.insert_or_assign(name, Sourced{std::move(*value), variable});
  }
  return layer;
}

Layer context_layer(const Context& context) {
  const std::string from = "context " + in_quotes(context.name) + " (" + context.path + ")";
  if (!context.unsupported.empty()) {
    std::string names;
    for (const std::string& name : context.unsupported) names += (names.empty() ? "" : ", ") + name;
    throw usage("context " + in_quotes(context.name) + ": not supported by natskv: " + names,
                "--no-context does without it");
  }
  Layer layer;
  const auto take = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) layer.insert_or_assign(name, Sourced{value, from});
  };
  take("server", context.url);
  take("user", context.user);
  take("password", context.password.reveal());
  take("token", context.token.reveal());
  take("creds", context.creds);
  take("nkey", context.nkey);
  take("jwt", context.user_jwt.reveal());
  take("seed", context.user_seed.reveal());
  take("cert", context.cert);
  take("key", context.key);
  take("ca", context.ca);
  take("js_domain", context.jetstream_domain);
  take("js_api_prefix", context.jetstream_api_prefix);
  take("inbox_prefix", context.inbox_prefix);
  return layer;
}

}  // namespace natskv::config
