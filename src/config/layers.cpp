#include "config/layers.hpp"

#include "base/failure.hpp"
#include "base/file.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"
#include "config/parameters.hpp"
#include "config/word.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

constexpr std::array<std::pair<std::string_view, const char*>, 2> secret_file_variables{
    {{"password", "NATS_PASSWORD_FILE"}, {"token", "NATS_TOKEN_FILE"}}};

std::string without_line_end(std::string text) {
  text.erase(text.find_last_not_of("\r\n") + 1);
  return text;
}

// What the nats tool's env://NAME, file://PATH and data:…;base64,… stand for.
void resolve_reference(Sourced& sourced, const Parameter& parameter, const std::string& what,
                       const Environment& environment) {
  constexpr std::string_view env = "env://";
  constexpr std::string_view data = "data:";
  const std::string field = what + ": " + parameter.field;
  std::string& value = sourced.value;
  if (value.starts_with(env)) {
    const std::string variable = value.substr(env.size());
    const auto found = variable.empty() ? std::nullopt : environment(variable.c_str());
    if (!found) throw usage(field + ": the variable " + in_quotes(variable) + " is not set");
    value = without_line_end(*found);
    sourced.form = Sourced::Form::text;
  } else if (value.starts_with(data)) {
    const std::size_t comma = value.find(',');
    const bool base64 =
        comma != std::string::npos &&
        (";" + value.substr(data.size(), comma - data.size()) + ";").find(";base64;") != std::string::npos;
    const auto bytes = base64 ? text::from_base64(std::string_view(value).substr(comma + 1)) : std::nullopt;
    if (!bytes) throw usage(field + " is not data:;base64,… with base64 after it");
    value = without_line_end(*bytes);
    sourced.form = Sourced::Form::text;
  } else if (!parameter.is_path() && value.starts_with("file://")) {
    const std::string path = expanded(without_scheme(value), environment);
    value = without_line_end(
        read_all(open_to_read(path, field, shown_file(path)).fd(), field, shown_file(path), longest_secret));
  }
  if (value.empty()) throw usage(field + " refers to an empty text");
}

}  // namespace

Layer option_layer(const Given& given, std::vector<std::string>& warnings) {
  if (given.password_file == "-" && given.token_file == "-")
    throw usage("--password-file and --token-file cannot both be standard input");
  Layer layer;
  for (const Parameter& parameter : parameters) {
    const auto& word = given.*parameter.given;
    if (!word) continue;
    const std::string option(parameter.long_option());
    if (word->empty()) throw usage(option + ": the word is empty (an unset variable?)");
    layer.insert_or_assign(parameter.name, Sourced{*word, option});
  }
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
  Layer layer;
  for (const Parameter& parameter : parameters) {
    if (parameter.variable == nullptr) continue;
    if (auto value = environment(parameter.variable))
      layer.insert_or_assign(parameter.name, Sourced{std::move(*value), parameter.variable});
  }
  for (const auto& [name, variable] : secret_file_variables) {
    auto value = environment(variable);
    if (!value) continue;
    if (const Sourced* other = find(layer, name))
      throw usage(std::string(variable) + " and " + other->from + " exclude each other");
    if (*value == "-")
      throw usage(std::string(variable) + ": - (standard input) is only possible as an option");
    layer.insert_or_assign(name, Sourced{std::move(*value), variable, Sourced::Form::file_of_word});
  }
  return layer;
}

void read_secret_files(Layer& layer, std::vector<std::string>& warnings) {
  for (auto& [name, sourced] : layer) {
    if (sourced.form != Sourced::Form::file_of_word) continue;
    sourced.value = first_line(sourced.value, sourced.from, warnings);
    sourced.form = Sourced::Form::as_it_stands;
  }
}

std::vector<std::string> drop_credentials(Layer& layer) {
  std::vector<std::string> dropped;
  for (const Parameter& parameter : parameters) {
    const auto found = layer.find(parameter.name);
    if (found == layer.end() || !(parameter.credential || parameter.client_certificate())) continue;
    dropped.push_back(found->second.from);
    layer.erase(found);
  }
  return dropped;
}

Layer context_layer(const Context& context, const Environment& environment) {
  const std::string what = "context " + in_quotes(context.name);
  if (!context.unsupported.empty()) {
    throw usage(fmt::format("{}: not supported by natskv: {}", what, fmt::join(context.unsupported, ", ")),
                "--no-context does without it");
  }
  Layer layer;
  for (const Parameter& parameter : parameters) {
    Sourced sourced{parameter.value(context), what + " (" + context.path + ")"};
    if (sourced.value.empty()) continue;
    if (parameter.credential) resolve_reference(sourced, parameter, what, environment);
    layer.insert_or_assign(parameter.name, std::move(sourced));
  }
  return layer;
}

}  // namespace natskv::config
