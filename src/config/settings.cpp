#include "config/settings.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/parse.hpp"
#include "base/quote.hpp"
#include "config/parameters.hpp"
#include "config/resolution.hpp"
#include "config/word.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace natskv::config {

Settings Resolution::run() {
  if (other_ || (given_.context && !given_.no_context)) std::swap(environment_at_, context_at_);
  Layer options;
  Layer variables;
  if (!other_) {
    options = option_layer(given_, settings_.warnings);
    variables = environment_layer(environment_);
  }
  if (environment_at_ > context_at_) drop_variables(variables);
  if (!names_secret(options)) read_secret_files(variables, settings_.warnings);
  layers_[from_options] = std::move(options);
  layers_[environment_at_] = std::move(variables);
  use_context();
  name_servers();
  authenticate();
  secure();
  prefixes();
  limits();
  return std::move(settings_);
}

// They may belong to another server: --context names everything that is used.
void Resolution::drop_variables(Layer& variables) {
  auto dropped = drop_credentials(variables);
  if (dropped.empty()) return;
  warn(fmt::format("{} {} not used with --context", fmt::join(dropped, ", "),
                   dropped.size() == 1 ? "is" : "are"));
}

void Resolution::use_context() {
  const Contexts contexts(environment_);
  std::string name;
  std::string from;
  if (other_) {
    name = *other_;
    from = "--to-context";
  } else if (given_.no_context) {
    return;
  } else if (given_.context) {
    name = *given_.context;
    from = "--context";
  } else if (auto variable = environment_("NATS_CONTEXT")) {
    name = std::move(*variable);
    from = "NATS_CONTEXT";
  } else {
    name = contexts.selected();
    if (name.empty()) return;
    from = "selected";
    selected_ = true;
  }
  const Context context = contexts.load(name);
  settings_.context = context.name;
  context_tls_first_ = context.tls_first;
  layers_[context_at_] = context_layer(context, environment_);
  if (context.exposed)
    warn("context " + in_quotes(context.name) + " holds a secret and everyone can read " +
         in_quotes(context.path));
  note("context", context.name, from);
}

void Resolution::name_servers() {
  for (server_layer_ = 0; server_layer_ < layers_.size(); ++server_layer_) {
    const Sourced* list = find(layers_[server_layer_], "server");
    if (list == nullptr) continue;
    settings_.servers = servers(list->value, server_layer_ == context_at_
                                                 ? "context " + in_quotes(settings_.context) + ": url"
                                                 : list->from);
    note("server", shown(settings_.servers), list->from);
    return;
  }
  settings_.servers = {"nats://127.0.0.1:4222"};
  note("server", shown(settings_.servers), "default");
}

void Resolution::take_file(std::string_view name, const Sourced& file, bool secret) {
  const auto parameter = std::find_if(parameters.begin(), parameters.end(),
                                      [&](const Parameter& one) { return one.name == name; });
  const std::string what = file.from.starts_with("context ")
                               ? "context " + in_quotes(settings_.context) + ": " + parameter->field
                               : file.from;
  const std::string path = without_scheme(file.value);
  check_readable(path, what, shown_file(file.value));
  if (secret && readable_by_everyone(path)) warn(what + ": everyone can read " + in_quotes(path));
  settings_.*parameter->path = path;
  settings_.origins.push_back({std::string(name), path, file.from});
}

void Resolution::secure() {
  const Sourced* cert = nullptr;
  const Sourced* key = nullptr;
  // A certificate and its key come from one place.
  for (const Layer& layer : layers_) {
    if (find(layer, "cert") == nullptr && find(layer, "key") == nullptr) continue;
    cert = find(layer, "cert");
    key = find(layer, "key");
    break;
  }
  if ((cert == nullptr) != (key == nullptr)) {
    throw usage((cert != nullptr ? cert : key)->from + (cert != nullptr
                                                            ? ": a certificate needs its key (--tlskey)"
                                                            : ": a key needs its certificate (--tlscert)"));
  }
  if (cert != nullptr) {
    warn_of_selected(*cert, key);
    take_file("cert", *cert, false);
    take_file("key", *key, true);
  }
  const Sourced* ca = find(layers_, "ca");
  if (ca != nullptr) take_file("ca", *ca, false);
  settings_.tls_first = (given_.tlsfirst && !other_) || context_tls_first_;
  if (settings_.tls_first)
    note("tls_first", "true",
         given_.tlsfirst && !other_ ? "--tlsfirst" : "context " + in_quotes(settings_.context));
  settings_.tls_required = settings_.tls_first || cert != nullptr || ca != nullptr ||
                           std::any_of(settings_.servers.begin(), settings_.servers.end(),
                                       [](const std::string& url) { return url.starts_with("tls://"); });
}

std::string subject_prefix(const Sourced& word, const std::string& what, bool one_token) {
  std::string text = word.value;
  if (!one_token && text.ends_with('.')) text.pop_back();
  const auto wrong = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '*' || c == '>';
  };
  const bool empty_token =
      text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string::npos;
  if (empty_token || std::any_of(text.begin(), text.end(), wrong) ||
      (one_token && text.find('.') != std::string::npos)) {
    throw usage(what + ": " + parse::quoted(word.value) +
                (one_token ? " is not a domain (one token without . * >)"
                           : " is not a subject's prefix (tokens without * and >)"));
  }
  return text;
}

std::string Resolution::spoken(const Sourced& word, const char* field) const {
  return word.from.starts_with("--") ? word.from : "context " + in_quotes(settings_.context) + ": " + field;
}

void Resolution::prefixes() {
  settings_.js_api_prefix = "$JS.API";
  for (const Layer& layer : layers_) {
    const Sourced* domain = find(layer, "js_domain");
    const Sourced* api = find(layer, "js_api_prefix");
    if (domain == nullptr && api == nullptr) continue;
    if (domain != nullptr && api != nullptr) {
      throw usage(spoken(*domain, "jetstream_domain") + " and " + spoken(*api, "jetstream_api_prefix") +
                  " exclude each other");
    }
    settings_.js_api_prefix =
        api != nullptr ? subject_prefix(*api, spoken(*api, "jetstream_api_prefix"), false)
                       : "$JS." + subject_prefix(*domain, spoken(*domain, "jetstream_domain"), true) + ".API";
    note("js_api_prefix", settings_.js_api_prefix, (api != nullptr ? api : domain)->from);
    break;
  }
  if (const Sourced* inbox = find(layers_, "inbox_prefix")) {
    settings_.inbox_prefix = subject_prefix(*inbox, spoken(*inbox, "inbox_prefix"), false);
    note("inbox_prefix", settings_.inbox_prefix, inbox->from);
  }
}

void Resolution::limits() {
  std::string from = "default";
  std::string word = "5s";
  if (given_.timeout) {
    settings_.timeout = *given_.timeout;
    settings_.timeout_given = true;
    from = "--timeout";
    word = std::to_string(given_.timeout->ms()) + "ms";
  } else if (const auto variable = environment_("NATS_TIMEOUT")) {
    settings_.timeout = parse::duration(*variable, "NATS_TIMEOUT");
    from = "NATS_TIMEOUT";
    word = *variable;
  }
  if (settings_.timeout.ns == 0) throw usage(from + ": the timeout must be above 0");
  // nats.c and poll count milliseconds in an int: 24 days, which is forever to anyone who waits.
  settings_.timeout = std::min(settings_.timeout, milliseconds(std::numeric_limits<int>::max()));
  note("timeout", word, from);
  if (given_.connection_name && given_.connection_name->empty())
    throw usage("--connection-name: the word is empty (an unset variable?)");
  settings_.connection_name = given_.connection_name.value_or("natskv " NATSKV_VERSION);
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

Settings resolve(const Given& given, const Environment& environment,
                 const std::optional<std::string>& context_override) {
  return Resolution(given, environment, context_override).run();
}

}  // namespace natskv::config
