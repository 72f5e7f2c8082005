// Real nats-servers on loopback: one alone, or a cluster of three.
#pragma once

#include "support/process.hpp"
#include "support/text.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace natskv::test {

/// $NATS_SERVER, else nats-server in PATH. Throws std::runtime_error when there is none.
std::string server_program();
/// Major and minor version of that program.
std::pair<int, int> server_version();
/// Whether the tested server is of this version or newer.
bool server_at_least(int major, int minor);

struct ServerOptions {
  std::string config = {};  ///< more lines of its configuration file (authorization, tls, accounts, ...)
  bool jetstream = true;
  std::string jetstream_config =
      {};                 ///< more lines of the jetstream block (max_file_store: 1MB, domain: hub)
  int port = -1;          ///< -1: one of free_ports()
  std::string name = {};  ///< server_name
  double limit = 30;      ///< seconds until it must listen
};

/// A nats-server with a store of its own; it and all its files go with the object.
class Server {
 public:
  /// Starts it and waits until it listens. Throws std::runtime_error with its log if it does not.
  explicit Server(ServerOptions options = {});

  [[nodiscard]] const std::string& url() const noexcept { return url_; }  ///< nats://127.0.0.1:PORT
  /// The same as "user:password".
  [[nodiscard]] std::string url_as(const std::string& user) const {
    return "nats://" + user + "@" + url_.substr(url_.find("//") + 2);
  }
  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] bool running() const;
  /// All it has logged, over its restarts.
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }

  void stop();                             ///< SIGTERM, and waits
  void kill9();                            ///< SIGKILL, and waits
  void restart();                          ///< stops it if it runs; then on the same port and store
  void pause();                            ///< SIGSTOP: connections stay, nobody answers
  void resume();                           ///< SIGCONT
  void reload(const std::string& config);  ///< other extra lines, by SIGHUP; returns when it has read them

  /// natskv with NATS_URL of this server.
  [[nodiscard]] Run command(std::vector<std::string> args, Run rest = {}) const;
  Result natskv(std::vector<std::string> args, Run rest = {}) const;

 private:
  void write_config() const;
  void start();
  [[nodiscard]] bool listens() const;

  ServerOptions options_;
  TempDir folder_;
  std::unique_ptr<Process> process_;
  int port_;
  std::string url_;
};

/// Three nodes n1, n2, n3 with JetStream, ready for streams of three replicas.
class Cluster {
 public:
  Cluster();
  [[nodiscard]] Server& node(size_t index) { return *nodes_.at(index); }
  /// All nodes, comma-separated.
  [[nodiscard]] std::string url() const;
  /// The node that leads the stream, waiting up to `limit` seconds for one. Throws std::runtime_error.
  size_t leader(const std::string& stream, double limit = 30);
  /// Waits until a leader is known and every replica is current. Throws std::runtime_error.
  void settle(const std::string& stream, double limit = 30);

 private:
  std::array<std::unique_ptr<Server>, 3> nodes_;
};

}  // namespace natskv::test
