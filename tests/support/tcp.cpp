#include "support/tcp.hpp"

#include "support/launch.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <random>
#include <stdexcept>
#include <utility>

namespace natskv::test {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool readable(int fd, int milliseconds) {
  pollfd one{fd, POLLIN, 0};
  return poll(&one, 1, milliseconds) > 0;
}

/// Closes with RST instead of FIN.
void reset(int& fd) {
  const linger now{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  shut(fd);
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace

std::vector<int> free_ports(size_t count) {
  // Below what Linux gives away (net.ipv4.ip_local_port_range). Each once: one that is free may be another's
  // here whose server is down for a moment.
  constexpr unsigned first = 20'000, size = 10'000;
  static std::atomic<unsigned> next = std::random_device()() % size;
  std::vector<int> ports;
  for (unsigned tries = 0; ports.size() < count; ++tries) {
    try {
      ports.push_back(Listener(static_cast<int>(first + next++ % size)).port());
    } catch (const std::runtime_error&) {
      if (tries > size) throw;
    }
  }
  return ports;
}

Listener::Listener(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  auto address = loopback(port);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd_ < 0 || bind(fd_, generic, size) != 0 || listen(fd_, 64) != 0 ||
      getsockname(fd_, generic, &size) != 0) {
    shut(fd_);
    throw std::runtime_error("cannot listen on loopback");
  }
  port_ = ntohs(address.sin_port);
}

Listener::~Listener() { shut(fd_); }

std::string Listener::url() const { return fmt::format("nats://127.0.0.1:{}", port_); }

FakeServer::FakeServer(std::vector<Step> script) : script_(std::move(script)), thread_([this] { serve(); }) {}

FakeServer::~FakeServer() {
  ending_ = true;
  thread_.join();
  for (auto& player : players_) player.join();
}

std::string FakeServer::received() {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::vector<Step> FakeServer::handshake(const std::string& info) {
  using enum Step::Kind;
  const auto greeting =
      R"(INFO {"server_id":"FAKE","server_name":"fake","version":"2.10.0","proto":1,"headers":true,)"
      R"("max_payload":1048576,"jetstream":true)" +
      info + "}\r\n";
  return {{send, greeting}, {expect, "PING\r\n"}, {send, "PONG\r\n"}};
}

void FakeServer::serve() {
  while (!ending_) {
    if (!readable(listener_.fd(), 20)) continue;
    const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++connections_;
    players_.emplace_back([this, fd] { play(fd); });
  }
}

// False when the client is gone.
bool FakeServer::receive(int fd, std::string& seen, int milliseconds) {
  if (!readable(fd, milliseconds)) return true;
  std::array<char, 65536> buffer{};
  const auto got = recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  const std::string_view news(buffer.data(), static_cast<size_t>(got));
  seen += news;
  const std::lock_guard lock(mutex_);
  received_ += news;
  return true;
}

void FakeServer::play(int fd) {
  std::string seen;
  bool open = true;
  for (const auto& step : script_) {
    if (!open || ending_) break;
    const auto end = Clock::now() + std::chrono::duration<double>(step.seconds);
    switch (step.kind) {
      case Step::Kind::send:
        open = send_all(fd, step.text);
        break;
      case Step::Kind::expect:
        while (open && !ending_ && seen.find(step.text) == std::string::npos) open = receive(fd, seen, 20);
        if (const auto at = seen.find(step.text); at != std::string::npos)
          seen.erase(0, at + step.text.size());
        break;
      case Step::Kind::sleep:
        while (open && !ending_ && Clock::now() < end) open = receive(fd, seen, 5);
        break;
      case Step::Kind::close:
        open = false;
        break;
    }
  }
  while (open && !ending_) open = receive(fd, seen, 20);
  shut(fd);
}

// Two sockets and what waits to be passed on, each way.
struct Proxy::Pair {
  struct AuthMethod {
    std::deque<std::pair<Clock::time_point, std::string>> chunks;
    size_t size = 0;
    bool ended = false;  // the sender closed its side
  };
  int client = -1, server = -1;
  AuthMethod up, down;
  bool broken = false;
};

Proxy::Proxy(int target) : target_(target), thread_([this] { serve(); }) {}

Proxy::~Proxy() {
  ending_ = true;
  thread_.join();
}

void Proxy::cut() {
  cutting_ = true;
  while (cutting_) usleep(1000);
}

void Proxy::accept_one() {
  int client = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  ++connections_;
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(target_);
  if (refusing_ || connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    reset(client);
    shut(server);
    return;
  }
  auto& pair = pairs_.emplace_back();
  pair.client = client;
  pair.server = server;
}

void Proxy::read_side(Pair& pair, bool from_client) {
  auto& way = from_client ? pair.up : pair.down;
  std::array<char, 65536> buffer{};
  const auto got = recv(from_client ? pair.client : pair.server, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) {
    pair.broken = pair.broken || (errno != EAGAIN && errno != EINTR);
    return;
  }
  way.ended = got == 0;
  (from_client ? up_ : down_) += got;
  if (!from_client && muted_) return;
  const auto due =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(delay_));
  way.chunks.emplace_back(due, std::string(buffer.data(), static_cast<size_t>(got)));
  way.size += static_cast<size_t>(got);
}

void Proxy::move(Pair& pair) {
  for (const bool up : {true, false}) {
    auto& way = up ? pair.up : pair.down;
    while (!way.chunks.empty() && way.chunks.front().first <= Clock::now()) {
      auto& chunk = way.chunks.front().second;
      auto size = chunk.size();
      auto left = left_.load();
      if (!up && left >= 0) size = std::min(size, static_cast<size_t>(left));
      auto until = until_pause_.load();
      if (up && until >= 0) size = std::min(size, static_cast<size_t>(until));
      const auto sent = send(up ? pair.server : pair.client, chunk.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) break;
      // Unless the test has set another one meanwhile.
      if (sent > 0 && !up && left >= 0) left_.compare_exchange_strong(left, left - sent);
      pair.broken = pair.broken || sent < 0 || (!up && left_ == 0);
      if (pair.broken) return;
      chunk.erase(0, static_cast<size_t>(sent));
      way.size -= static_cast<size_t>(sent);
      if (chunk.empty()) way.chunks.pop_front();
      if (!up || until < 0) continue;
      const bool passed = until <= sent;
      if (!until_pause_.compare_exchange_strong(until, passed ? -1 : until - sent) || !passed) continue;
      paused_ = true;
      return;
    }
    if (way.ended && way.chunks.empty()) pair.broken = true;
  }
}

void Proxy::serve() {
  constexpr size_t window = 1 << 20;
  while (!ending_) {
    std::vector<pollfd> fds{{listener_.fd(), POLLIN, 0}};
    bool waiting = false;
    for (const auto& pair : pairs_) {
      const bool pass = !paused_;
      fds.push_back({pass && !pair.up.ended && pair.up.size < window ? pair.client : -1, POLLIN, 0});
      fds.push_back({pass && !pair.down.ended && pair.down.size < window ? pair.server : -1, POLLIN, 0});
      waiting = waiting || !pair.up.chunks.empty() || !pair.down.chunks.empty();
    }
    poll(fds.data(), fds.size(), waiting ? 2 : 20);
    size_t at = 1;
    for (auto& pair : pairs_) {
      if (fds[at++].revents != 0) read_side(pair, true);
      if (fds[at++].revents != 0) read_side(pair, false);
      if (!paused_) move(pair);
    }
    const bool all = cutting_;
    for (auto& pair : pairs_) {
      if (!all && !pair.broken) continue;
      const bool clean = !all && left_ != 0;
      for (int* fd : {&pair.client, &pair.server}) clean ? shut(*fd) : reset(*fd);
    }
    std::erase_if(pairs_, [](const Pair& pair) { return pair.client < 0; });
    if (all) cutting_ = false;
    if (fds[0].revents != 0) accept_one();
  }
  for (auto& pair : pairs_) {
    shut(pair.client);
    shut(pair.server);
  }
}

}  // namespace natskv::test
