// Where a value may come from, strongest first: options, environment, context.
#pragma once

#include "config/context.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::config {

struct Sourced {
  std::string value;  ///< may be a secret: goes into messages only where the name says it is none
  std::string from;   ///< "--server", "NATS_URL", "context \"x\" (/path)"
};

/// By name: server user password token creds nkey jwt seed (words or files) cert key ca
/// js_domain js_api_prefix inbox_prefix. Only what is set.
using Layer = std::map<std::string_view, Sourced>;
using Layers = std::array<Layer, 3>;
enum : std::size_t { from_options, from_environment, from_context };

/// Reads --password-file and --token-file; appends a warning for one that everyone may read. Failure(usage)
/// for an empty word (an unset variable): it must not silently mean "not given".
Layer option_layer(const Given& given, std::vector<std::string>& warnings);
Layer environment_layer(const Environment& environment);
/// Failure(usage) where they name two ways to authenticate, a user part of the URL among them.
void check_one_way(const Layer& options);
/// A subject's beginning: tokens without wildcards; one dot at its end is taken off, as the nats tool does.
/// Failure(usage) otherwise.
std::string subject_prefix(const Sourced& word, const std::string& what, bool one_token);
/// Failure(usage) for a context with fields that are not supported.
Layer context_layer(const Context& context);

inline const Sourced* find(const Layer& layer, std::string_view name) {
  const auto found = layer.find(name);
  return found == layer.end() ? nullptr : &found->second;
}
/// Of the strongest layer that has it; nullptr if none has.
inline const Sourced* find(const Layers& layers, std::string_view name) {
  for (const Layer& layer : layers) {
    if (const Sourced* found = find(layer, name)) return found;
  }
  return nullptr;
}

}  // namespace natskv::config
