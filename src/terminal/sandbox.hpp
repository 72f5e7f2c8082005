// A private nats-server, for `sandbox`: JetStream on a free loopback port, a random token; ends with natskv.
#pragma once

#include "base/stop.hpp"
#include "terminal/child.hpp"
#include "terminal/keeper.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace natskv::terminal {

class SandboxFolder;

/// The nats-server to run: `named`, else NATSKV_NATS_SERVER, else the one in PATH or an administrator's
/// folder. Failure: usage if a named one cannot be executed, failure if none is found.
std::string server_program(const std::optional<std::string>& named);

class Sandbox {
 public:
  /// Starts the program and waits, up to 10 s, until it answers. `store`: a folder that keeps the data
  /// (created if missing); without one the data are removed with the sandbox. Also removes what sandboxes
  /// that were killed by SIGKILL left over. Throws Failure (the store is in use, the server ended) and
  /// Stopped.
  Sandbox(const std::string& server, const std::optional<std::string>& store, const Stop& stop);
  /// Ends the server (gently if its data are kept) and removes its folder.
  ~Sandbox();

  /// What a command in the sandbox gets: NATS_URL and NATS_CONTEXT; every other NATS_* is unset.
  [[nodiscard]] EnvironmentChanges environment() const;
  /// Writes a file of mode 0600 that goes with the sandbox, and returns its absolute path.
  std::string write(const char* name, const std::string& bytes) const;  // NOLINT(modernize-use-nodiscard)

 private:
  void launch(const std::string& server, const std::string& token);
  void wait_until_ready(const Stop& stop);
  int port();
  [[nodiscard]] std::string last_log_line() const;
  void end_server();
  bool end_by(int signal);

  std::chrono::milliseconds grace_before_{0};
  std::optional<std::string> store_;
  std::unique_ptr<SandboxFolder> kept_, folder_;
  Keeper keeper_;      // ends all that belongs to the server when natskv can't
  pid_t server_ = 0;   // leads its own process group
  pid_t started_ = 0;  // the server itself, if server_ is a script that started it
  std::string url_;    // nats://TOKEN@127.0.0.1:PORT: never shown
  std::string context_file_;
};

}  // namespace natskv::terminal
