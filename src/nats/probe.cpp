#include "nats/probe.hpp"

#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

namespace natskv::nats {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* thing) const noexcept {
    Free(thing);
  }
};

std::string name_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, Freed<BIO_free>> memory(BIO_new(BIO_s_mem()));
  if (!memory || name == nullptr) return {};
  X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(std::max(size, 0L))};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  std::array<char, 64> text{};
  const int size = ASN1_STRING_length(bytes);
  const int family = size == 4 ? AF_INET : AF_INET6;
  if (size != 4 && size != 16) return "?";
  return inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size()) == nullptr ? "?"
                                                                                              : text.data();
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const auto free_names = [](GENERAL_NAMES* all) { GENERAL_NAMES_free(all); };
  const std::unique_ptr<GENERAL_NAMES, decltype(free_names)> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      free_names);
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type == GEN_DNS) {
      const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName));
      names.emplace_back(bytes, static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName)));
    } else if (one->type == GEN_IPADD) {
      names.push_back(address_of(one->d.iPAddress));
    }
  }
  if (names.empty()) names.push_back(name_of(X509_get_subject_name(certificate)));
  return names;
}

// getaddrinfo has no time limit: it runs in a thread of its own, and a late result is ignored.
struct Resolution {
  std::mutex mutex;
  std::condition_variable done;
  bool ended = false;
  int error = 0;
  std::vector<std::string> addresses;
};

void look_up(const std::string& host, const std::shared_ptr<Resolution>& resolution) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const std::lock_guard lock(resolution->mutex);
  for (const addrinfo* one = list; error == 0 && one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) ==
        0)
      resolution->addresses.emplace_back(text.data());
  }
  if (list != nullptr) ::freeaddrinfo(list);
  resolution->error = error;
  resolution->ended = true;
  resolution->done.notify_all();
}

}  // namespace

struct ServerProbe::Tls {
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context;
  std::unique_ptr<SSL, Freed<SSL_free>> connection;
};

ServerProbe::ServerProbe(const std::string& url, Span wait)
    : until_(Clock::now() + std::chrono::nanoseconds(wait.ns)) {
  std::string rest = url.substr(url.find("://") + 3);
  rest = rest.substr(rest.rfind('@') + 1);
  const std::size_t colon = rest.rfind(':');
  port_ = rest.substr(colon + 1);
  host_ = rest.substr(0, colon);
  if (host_.starts_with('[') && host_.ends_with(']')) host_ = host_.substr(1, host_.size() - 2);
}

ServerProbe::~ServerProbe() = default;

int ServerProbe::left() const {
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(time, 0, 3'600'000));
}

const std::vector<std::string>& ServerProbe::resolve() {
  if (!addresses_.empty()) return addresses_;
  const auto resolution = std::make_shared<Resolution>();
  std::thread(look_up, host_, resolution).detach();
  std::unique_lock lock(resolution->mutex);
  if (!resolution->done.wait_until(lock, until_, [&] { return resolution->ended; }))
    throw ProbeTimeout("the name service did not answer");
  if (resolution->error != 0) throw ProbeError(::gai_strerror(resolution->error));
  addresses_ = resolution->addresses;
  if (addresses_.empty()) throw ProbeError("the name has no address");
  return addresses_;
}

void ServerProbe::ready(short events) {
  pollfd one{socket_.fd(), events, 0};
  for (;;) {
    const int count = ::poll(&one, 1, left());
    if (count > 0) return;
    if (count == 0) throw ProbeTimeout("no answer in time");
    if (errno != EINTR) throw ProbeError(std::generic_category().message(errno));
  }
}

bool ServerProbe::try_address(const std::string& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), port_.c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, Freed<::freeaddrinfo>> owner(found);
  socket_ = File(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket_.fd() < 0) return false;
  int error = ::connect(socket_.fd(), found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    ready(POLLOUT);
    socklen_t size = sizeof error;
    ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0) return true;
  socket_ = File();
  errno = error;
  return false;
}

const std::string& ServerProbe::connect() {
  if (socket_.fd() >= 0) return peer_;
  for (const std::string& address : resolve()) {
    if (!try_address(address)) continue;
    peer_ = (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + port_;
    return peer_;
  }
  throw ProbeError(std::generic_category().message(errno));
}

std::size_t ServerProbe::receive(char* to, std::size_t size) {
  for (;;) {
    if (tls_) {
      const int got = SSL_read(tls_->connection.get(), to, static_cast<int>(size));
      if (got > 0) return static_cast<std::size_t>(got);
      const int error = SSL_get_error(tls_->connection.get(), got);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return 0;
      ready(error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN);
      continue;
    }
    ready(POLLIN);
    const ssize_t got = ::recv(socket_.fd(), to, size, 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) throw ProbeError(std::generic_category().message(errno));
  }
}

// Byte by byte: a TLS handshake may follow the line.
std::string ServerProbe::info() {
  connect();
  constexpr std::size_t most = 65536;
  std::string line;
  char byte = 0;
  while (byte != '\n') {
    if (receive(&byte, 1) == 0) throw ProbeError("it closed the connection without a greeting");
    line += byte;
    if (line.size() > most || (line.size() == 5 && line != "INFO "))
      throw ProbeError("it is not a NATS server");
  }
  return line.substr(std::min<std::size_t>(5, line.size()));
}

Greeting ServerProbe::greeting() {
  const auto info = nlohmann::json::parse(this->info(), nullptr, false);
  if (!info.is_object()) throw ProbeError("it is not a NATS server");
  const auto text = [&](const char* name) {
    const auto at = info.find(name);
    return at != info.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  const auto truth = [&](const char* name) {
    const auto at = info.find(name);
    return at != info.end() && at->is_boolean() && at->get<bool>();
  };
  return {.version = text("version"),
          .name = text("server_name"),
          .cluster = text("cluster"),
          .tls_required = truth("tls_required"),
          .tls_available = truth("tls_available"),
          .tls_verify = truth("tls_verify")};
}

Certificate ServerProbe::handshake(const std::string& authorities) {
  connect();
  tls_ = std::make_unique<Tls>();
  tls_->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = tls_->context.get();
  if (authorities.empty())
    SSL_CTX_set_default_verify_paths(context);
  else if (SSL_CTX_load_verify_locations(context, authorities.c_str(), nullptr) != 1)
    throw NoAuthorities("the CA file contains no certificate");
  tls_->connection.reset(SSL_new(context));
  SSL* ssl = tls_->connection.get();
  // The result is examined below: the point is to find out what is wrong with a certificate. No secret is
  // sent.
  SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, host_.c_str());
  // A server with several certificates chooses by this name (SNI), as for nats.c; an address is not a name.
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (inet_pton(AF_INET, host_.c_str(), address.data()) != 1 &&
      inet_pton(AF_INET6, host_.c_str(), address.data()) != 1)
    SSL_set_tlsext_host_name(ssl, host_.c_str());
  SSL_set_fd(ssl, socket_.fd());
  for (;;) {
    const int done = SSL_connect(ssl);
    if (done == 1) break;
    const int error = SSL_get_error(ssl, done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      ready(error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN);
      continue;
    }
    const char* why = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    throw ProbeError(why == nullptr ? "the TLS handshake was broken off" : why);
  }
  const std::unique_ptr<X509, Freed<X509_free>> peer(SSL_get1_peer_certificate(ssl));
  if (!peer) throw ProbeError("it presented no certificate");
  int days = 0;
  int rest = 0;
  ASN1_TIME_diff(&days, &rest, nullptr, X509_get0_notAfter(peer.get()));
  const long result = SSL_get_verify_result(ssl);
  return {.protocol = SSL_get_version(ssl),
          .names = names_of(peer.get()),
          .issuer = name_of(X509_get_issuer_name(peer.get())),
          .days_left = rest < 0 && days == 0 ? -1 : days,
          .problem = result == X509_V_OK ? "" : X509_verify_cert_error_string(result)};
}

std::optional<Greeting> greeting_of(const std::string& url, Span wait) {
  try {
    return ServerProbe(url, wait).greeting();
  } catch (const ProbeError&) {
    return std::nullopt;
  }
}

std::string greeting(natsConnection* connection, Span wait) {
  std::array<char, 1024> url{};
  if (natsConnection_GetConnectedUrl(connection, url.data(), url.size()) != NATS_OK) return {};
  try {
    return ServerProbe(url.data(), wait).info();
  } catch (const ProbeError&) {
    return {};
  }
}

}  // namespace natskv::nats
