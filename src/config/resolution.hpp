// resolve()'s work, in steps that fill the Settings. For config/ only.
#pragma once

#include "config/layers.hpp"
#include "config/settings.hpp"

#include <string>
#include <string_view>

namespace natskv::config {

/// One way to authenticate: the names of its values in a layer.
struct AuthMethod {
  std::string_view first, second;
};

class Resolution {
 public:
  /// What it refers to must outlive it. `other`: a context in place of the options' (cp --to-context).
  Resolution(const Given& given, const Environment& environment, const std::optional<std::string>& other)
      : given_(given), environment_(environment), other_(other) {}

  Settings run();

 private:
  void note(const char* name, const std::string& value, const std::string& from) {
    settings_.origins.push_back({name, value, from});
  }
  void warn(std::string text) { settings_.warnings.push_back(std::move(text)); }
  void drop_variables(Layer& variables);
  void use_context();
  void name_servers();
  /// The strongest layer with credentials, and the way it names; nothing where the URL's user part is
  /// stronger.
  void authenticate();
  void drop_users();
  void take_token(const Sourced& token);
  void apply(const AuthMethod& way, std::size_t layer);
  void take_user(const Sourced& user, const Sourced* password, std::size_t layer);
  bool take_word(const Sourced& given, bool has_form, Secret& word, const char* name);
  void take_file(std::string_view name, const Sourced& file, bool secret);
  /// It is easy to forget which context is selected: its secret must not reach another server unnoticed.
  void warn_of_selected(const Sourced& one, const Sourced* two);
  void secure();
  std::string spoken(const Sourced& word, const char* field) const;
  void prefixes();
  void limits();

  const Given& given_;
  const Environment& environment_;
  const std::optional<std::string>& other_;
  Settings settings_;
  Layers layers_;
  std::size_t environment_at_ = 1, context_at_ = 2;  // in layers_
  std::size_t server_layer_ = 0;                     // layers_.size(): the default
  bool selected_ = false;
  bool warned_ = false;
  bool context_tls_first_ = false;
};

}  // namespace natskv::config
