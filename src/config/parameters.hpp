// What a connection takes: the one list of where each value may come from, and what it is.
#pragma once

#include "config/context.hpp"
#include "config/settings.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::config {

struct Parameter {
  /// `word_or_path`: the nats tool takes the text itself, and keeps it in its contexts.
  enum class Holds { word, secret, path, word_or_path };

  std::string_view name;    ///< in Layers and Origins
  std::string_view option;  ///< "-s,--server"
  const char* variable;     ///< "NATS_URL", or null
  const char* field;        ///< of a context: "url"
  Holds holds;
  bool credential;  ///< names a user: all credentials come from one place
  std::optional<std::string> Given::*given;
  std::string Context::*text;  ///< or null:
  Secret Context::*secret_text;
  std::string Settings::*path;   ///< where Holds says it can be one
  std::string_view placeholder;  ///< in help; empty: FILE
  std::string_view help;

  [[nodiscard]] bool is_path() const { return holds == Holds::path || holds == Holds::word_or_path; }
  [[nodiscard]] bool client_certificate() const { return name == "cert" || name == "key"; }
  /// "--server"
  [[nodiscard]] std::string_view long_option() const { return option.substr(option.find("--")); }
  [[nodiscard]] std::string value(const Context& context) const {
    return text != nullptr ? context.*text : (context.*secret_text).reveal();
  }
  void set(Context& context, std::string value) const {
    if (text != nullptr)
      context.*text = std::move(value);
    else
      context.*secret_text = Secret(std::move(value));
  }
};

extern const std::array<Parameter, 14> parameters;

}  // namespace natskv::config
