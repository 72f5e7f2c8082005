// Where a value may come from, strongest first: options, environment, context.
#pragma once

#include "config/context.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>

namespace natskv::config {

struct Sourced {
  /// `file_of_word`: NATS_PASSWORD_FILE, not yet read. `text`: the text itself where a file is usual.
  enum class Form { as_it_stands, file_of_word, text };
  std::string value;  ///< may be a secret: shown only where the parameter is not one
  std::string from;   ///< "--server", "NATS_URL", "context \"x\" (/path)"
  Form form = Form::as_it_stands;
};

/// By Parameter::name. Only what is set.
using Layer = std::map<std::string_view, Sourced>;
/// Strongest first. A context that --context names is stronger than the environment, any other is weaker.
using Layers = std::array<Layer, 3>;
inline constexpr std::size_t from_options = 0;

/// Reads --password-file and --token-file; appends a warning for a file that everyone may read.
/// Failure(usage) for an empty word (an unset variable), which must not silently mean "not given".
Layer option_layer(const Given& given, std::vector<std::string>& warnings);
Layer environment_layer(const Environment& environment);
/// Reads the files that NATS_PASSWORD_FILE and NATS_TOKEN_FILE name; as option_layer does.
void read_secret_files(Layer& layer, std::vector<std::string>& warnings);
/// Removes credentials and client certificates; returns where they came from.
std::vector<std::string> drop_credentials(Layer& layer);
/// Whether the options alone say who the user is: no variable is read.
bool names_secret(const Layer& options);
/// Failure(usage) where they name two ways to authenticate, a user part of the URL among them.
void check_one_way(const Layer& options);
/// A subject prefix: tokens without wildcards; one trailing dot is removed, as the nats tool does.
/// Failure(usage) otherwise.
std::string subject_prefix(const Sourced& word, const std::string& what, bool one_token);
/// Failure(usage) for a context with fields that are not supported, or that refer to nothing.
Layer context_layer(const Context& context, const Environment& environment);

inline const Sourced* find(const Layer& layer, std::string_view name) {
  const auto found = layer.find(name);
  return found == layer.end() ? nullptr : &found->second;
}
/// From the strongest layer that has it; nullptr if none has.
inline const Sourced* find(const Layers& layers, std::string_view name) {
  for (const Layer& layer : layers) {
    if (const Sourced* found = find(layer, name)) return found;
  }
  return nullptr;
}

}  // namespace natskv::config
