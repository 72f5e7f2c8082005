#include "commands/tools/context_fields.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "config/parameters.hpp"
#include "config/word.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

namespace natskv::commands {
namespace {

using config::Parameter;
using config::Sourced;

/// A path that works from every folder; ~ and $VAR are kept.
std::string everywhere(const std::string& path) {
  if (path.starts_with('~') || path.starts_with('$')) return path;
  return std::filesystem::absolute(path).lexically_normal().string();
}

/// The word itself, or the contents of the file that it names.
std::string word_of(const std::string& word, bool has_form, const std::string& option) {
  if (has_form && !config::names_file(word)) return word;
  constexpr std::size_t most = 65536;
  const std::string shown = config::shown_file(word);
  const std::string path = config::without_scheme(word);
  std::string text = read_all(open_to_read(path, option, shown).fd(), option, shown, most);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  if (text.empty()) throw usage(option + ": the file is empty");
  return text;
}

/// The field's value for an option's value. Failure(usage) for an invalid one.
std::string field_of(const Parameter& parameter, const Sourced& option) {
  const std::string& value = option.value;
  if (config::refers(value)) return value;
  switch (parameter.holds) {
    case Parameter::Holds::word_or_path:
      return word_of(value, parameter.name == "jwt" ? config::like_jwt(value) : config::like_seed(value),
                     option.from);
    case Parameter::Holds::path: {
      const std::string path = config::without_scheme(value);
      if (!path.starts_with('~') && !path.starts_with('$'))
        check_readable(path, option.from, config::shown_file(value));
      return everywhere(path);
    }
    case Parameter::Holds::word:
    case Parameter::Holds::secret:
      break;
  }
  if (parameter.name == "server") (void)config::servers(value, option.from);
  if (parameter.name.ends_with("prefix") || parameter.name == "js_domain")
    (void)config::subject_prefix(option, option.from, parameter.name == "js_domain");
  return value;
}

void check_whole(const config::Context& context, bool new_login) {
  if (!context.password.empty() && context.user.empty()) throw usage("--password needs --user");
  if (context.user_jwt.empty() != context.user_seed.empty()) throw usage("--jwt and --seed belong together");
  if (context.cert.empty() != context.key.empty()) throw usage("--tlscert and --tlskey belong together");
  const bool other = std::any_of(config::parameters.begin(), config::parameters.end(), [&](const auto& one) {
    return one.credential && !one.value(context).empty();
  });
  if (new_login && other && context.url.find('@') != std::string::npos)
    throw usage("the user part of the context's url and other credentials exclude each other");
}

}  // namespace

void take(const config::Given& given, const config::Layer& options, config::Context& context) {
  config::check_one_way(options);
  const auto has = [&](std::string_view name) { return config::find(options, name) != nullptr; };
  if ((has("jwt")) != has("seed")) throw usage("--jwt and --seed belong together");
  const bool login = has("user") || has("token") || has("creds") || has("nkey") || has("jwt");
  if (has("js_domain")) context.jetstream_api_prefix.clear();
  if (has("js_api_prefix")) context.jetstream_domain.clear();
  for (const Parameter& parameter : config::parameters) {
    if (const Sourced* option = config::find(options, parameter.name))
      parameter.set(context, field_of(parameter, *option));
    else if (login && parameter.credential)
      parameter.set(context, "");
  }
  if (has("user") && !has("password")) {  // as everywhere: it is a token
    context.token = config::Secret(context.user);
    context.user.clear();
  }
  if (given.tlsfirst) context.tls_first = true;
  check_whole(context, login || has("server"));
}

}  // namespace natskv::commands
