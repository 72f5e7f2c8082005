// doctor's steps up to the server's greeting, one after the other.
#pragma once

#include "config/settings.hpp"
#include "nats/probe.hpp"

#include <functional>
#include <optional>
#include <string>

namespace natskv::commands {

/// Each step returns what it found, and throws nats::ProbeError, Failure or Skipped.
class WayToServer {
 public:
  std::string settings_from(const config::Settings& given);
  std::string resolve();
  std::string tcp();
  std::string tls();

  config::Settings settings;
  std::optional<nats::Greeting> greeting;
  std::string hint;  ///< for a ProbeError of the latest step

 private:
  std::string each_server(const std::function<std::string(nats::ServerProbe&)>& ask);
  [[nodiscard]] nats::Certificate handshake(nats::ServerProbe& look) const;

  std::string look_at_;
};

}  // namespace natskv::commands
