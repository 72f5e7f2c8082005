// Servers that misbehave, and a line between client and server that can be broken.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace natskv::test {

/// Ports of 127.0.0.1 that nobody listens on. The kernel gives none of them to who asks for any port, as the
/// tests beside this one do all the time, so one is still free when a server comes back to it.
std::vector<int> free_ports(size_t count);

/// A socket listening on 127.0.0.1. Alone it is the silent server: connecting works, no byte ever comes.
class Listener {
 public:
  explicit Listener(int port = 0);  ///< 0: any
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const;  ///< nats://127.0.0.1:PORT
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_ = -1, port_ = 0;
};

/// One act of a FakeServer.
struct Step {
  enum class Kind { send, expect, sleep, close } kind = Kind::send;
  std::string text =
      {};              ///< send: these bytes; expect: go on once they came (behind what was expected before)
  double seconds = 0;  ///< sleep
};

/// A server that plays its script to every connection, then stays silent (reading on) until it is destroyed.
class FakeServer {
 public:
  explicit FakeServer(std::vector<Step> script);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  [[nodiscard]] std::string url() const { return listener_.url(); }
  [[nodiscard]] int port() const noexcept { return listener_.port(); }
  [[nodiscard]] int connections() const noexcept { return connections_; }
  /// All bytes that clients have sent.
  std::string received();

  /// INFO, and a PONG to the client's first PING: a connection that works and then never answers.
  /// `info`: more members of the INFO, as in `,"auth_required":true`.
  static std::vector<Step> handshake(const std::string& info = {});

 private:
  void serve();
  void play(int fd);
  bool receive(int fd, std::string& seen, int milliseconds);

  Listener listener_;
  std::vector<Step> script_;
  std::atomic<bool> ending_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::string received_;
  std::list<std::thread> players_;
  std::thread thread_;
};

/// Stands between clients and 127.0.0.1:`target`; everything passes until told otherwise.
class Proxy {
 public:
  explicit Proxy(int target);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  [[nodiscard]] std::string url() const { return listener_.url(); }
  [[nodiscard]] int port() const noexcept { return listener_.port(); }

  void pause(bool on = true) { paused_ = on; }  ///< bytes wait, both ways; connections stay
  /// Pauses by itself once that many bytes more have passed from clients: the same place at any load.
  void pause_after(std::int64_t bytes) { until_pause_ = bytes; }
  [[nodiscard]] bool paused() const noexcept { return paused_; }
  void mute(bool on = true) { muted_ = on; }        ///< what the server says is thrown away
  void refuse(bool on = true) { refusing_ = on; }   ///< new connections are closed at once
  void delay(double seconds) { delay_ = seconds; }  ///< each chunk, each way
  void cut();                                       ///< resets all connections; new ones are welcome
  /// From now on only that many bytes from the server pass; then all connections are reset (nullopt: no
  /// limit).
  void limit(std::optional<std::int64_t> bytes) { left_ = bytes.value_or(-1); }

  [[nodiscard]] std::int64_t sent() const noexcept { return up_; }         ///< bytes from clients
  [[nodiscard]] std::int64_t received() const noexcept { return down_; }   ///< bytes from the server
  [[nodiscard]] int connections() const noexcept { return connections_; }  ///< so far

 private:
  struct Pair;
  void serve();
  void accept_one();
  void move(Pair& pair);
  void read_side(Pair& pair, bool from_client);

  Listener listener_;
  int target_;
  std::atomic<bool> ending_ = false, paused_ = false, muted_ = false, refusing_ = false, cutting_ = false;
  std::atomic<double> delay_ = 0;
  std::atomic<std::int64_t> left_ = -1, until_pause_ = -1, up_ = 0, down_ = 0;
  std::atomic<int> connections_ = 0;
  std::list<Pair> pairs_;  // the thread's own
  std::thread thread_;
};

}  // namespace natskv::test
