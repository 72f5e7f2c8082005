// What the scripts of tests/setup fetched or built: a server of another version, the nats tool.
#pragma once

#include "support/process.hpp"
#include "support/server.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace natskv::test {

/// Where those scripts keep it; it need not be there.
inline std::filesystem::path kept(std::string_view what) {
  const auto folder = [](const char* variable, const char* rest) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? std::filesystem::path(value) / rest : std::filesystem::path();
  };
  const auto cache = folder("XDG_CACHE_HOME", "");
  return (cache.empty() ? folder("HOME", ".cache") : cache) / "natskv-tests" / what;
}

/// $NATS_SERVER_OTHER, else the fetched server or the packaged one, whichever is of another version than the
/// tested one; empty when there is none.
inline std::string other_server_program() {
  if (const char* given = std::getenv("NATS_SERVER_OTHER"); given != nullptr && *given != '\0') return given;
  const auto version = [](const std::string& server) { return run({.args = {server, "--version"}}).out; };
  const auto tested = version(server_program());
  for (const auto& server : {kept("nats-server-sid/root/usr/sbin/nats-server").string(),
                             program("nats-server"), std::string("/usr/sbin/nats-server")}) {
    if (!server.empty() && access(server.c_str(), X_OK) == 0 && version(server) != tested) return server;
  }
  return {};
}

/// That server, running.
inline std::unique_ptr<Server> other_server(const std::string& program) {
  const std::string tested = server_program();
  setenv("NATS_SERVER", program.c_str(), 1);
  auto server = std::make_unique<Server>();
  setenv("NATS_SERVER", tested.c_str(), 1);
  return server;
}

/// The nats tool: in PATH, or as tests/setup/nats-tool built it; empty where there is none.
inline std::string nats_tool() {
  if (auto installed = program("nats"); !installed.empty()) return installed;
  std::error_code none;
  for (const auto& version : std::filesystem::directory_iterator(kept("nats-tool"), none)) {
    if (auto built = version.path() / "nats"; std::filesystem::is_regular_file(built)) return built.string();
  }
  return {};
}

}  // namespace natskv::test
