// Probes a server without nats.c, which reports neither addresses nor the greeting nor the certificate: for
// doctor, and to explain a connection that failed. Sends nothing but a TLS handshake.
#pragma once

#include "base/file.hpp"
#include "base/types.hpp"
#include "nats/handle.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace natskv::nats {

/// Of the server's INFO line.
struct Greeting {
  std::string version, name, cluster;
  bool tls_required = false, tls_available = false, tls_verify = false;
};

struct Certificate {
  std::string protocol;            ///< "TLSv1.3"
  std::vector<std::string> names;  ///< alternative names, else the common name
  std::string issuer;
  long days_left = 0;   ///< below 0: expired
  std::string problem;  ///< why it is not trusted for this host; empty: it is
};

/// What stopped the probe, as the end of a sentence ("refused the connection").
struct ProbeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// No answer in time.
struct ProbeTimeout : ProbeError {
  using ProbeError::ProbeError;
};

/// The CA file holds no certificate.
struct NoAuthorities : ProbeError {
  using ProbeError::ProbeError;
};

class ServerProbe {
 public:
  /// `url`: SCHEME://HOST:PORT as config::servers() completes it. The whole probe takes at most `wait`.
  ServerProbe(const std::string& url, Span wait);
  ~ServerProbe();

  [[nodiscard]] const std::string& host() const { return host_; }
  /// The host's addresses. The steps below do what comes before them. All throw ProbeError.
  const std::vector<std::string>& resolve();
  /// "ADDRESS:PORT" of the first that accepts.
  const std::string& connect();
  Greeting greeting();
  /// The JSON of its INFO line.
  std::string info();
  /// On a connection that has greeted, or (TLS first) not yet. `authorities`: a file, or "" for the system's.
  Certificate handshake(const std::string& authorities);

 private:
  using Clock = std::chrono::steady_clock;
  struct Tls;
  [[nodiscard]] int left() const;  // milliseconds
  void ready(short events);
  bool try_address(const std::string& address);
  std::size_t receive(char* to, std::size_t size);

  std::string host_, port_, peer_;
  Clock::time_point until_;
  std::vector<std::string> addresses_;
  File socket_;
  std::unique_ptr<Tls> tls_;
};

/// The greeting of a server, or nothing where none came within `wait` (TLS first, a proxy).
std::optional<Greeting> greeting_of(const std::string& url, Span wait);
/// The JSON of the INFO line of the server that this connection is to, or "".
std::string greeting(natsConnection* connection, Span wait);

}  // namespace natskv::nats
