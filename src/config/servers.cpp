// URLs of servers: checked here, because nats.c crashes on an empty one, calls an unknown scheme "no server"
// and connects in clear to tls://.
#include "base/ascii.hpp"
#include "base/failure.hpp"
#include "base/parse.hpp"
#include "base/quote.hpp"
#include "config/settings.hpp"

#include <algorithm>

namespace natskv::config {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

struct Url {
  std::string scheme = "nats";
  std::string_view user;  // with its @
  std::string_view rest;  // host, port, path
};

Url split(std::string_view text) {
  Url url;
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    url.scheme = text.substr(0, end);
    for (char& c : url.scheme) c = ascii::lower(c);
    text.remove_prefix(end + 3);
  }
  // A password may hold an @: the last one ends the user part, as in nats.c.
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) url.user = text.substr(0, at + 1);
  url.rest = text.substr(url.user.size());
  return url;
}

bool valid_port(std::string_view port) {
  const auto number = parse::whole<unsigned>(port);
  return number && *number >= 1 && *number <= 65535;
}

bool valid_host(std::string_view host) {
  return !host.empty() && std::none_of(host.begin(), host.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F || std::string_view("/?#[]\"\\").find(c) != std::string_view::npos;
  });
}

std::string complete(std::string_view text, const std::string& what) {
  Url url = split(text);
  const auto wrong = [&](const std::string& why, std::string hint = {}) {
    return usage(what + ": " + in_quotes(url.rest) + " " + why, std::move(hint));
  };
  if (url.scheme == "ws" || url.scheme == "wss") {
    throw usage(what + ": WebSocket (" + url.scheme + "://) is not supported",
                "use the server's nats:// or tls:// port");
  }
  if (url.scheme != "nats" && url.scheme != "tls") {
    throw usage(what + ": " + in_quotes(url.scheme, 20) + " is not a server's scheme (nats, tls)");
  }
  if (url.rest.ends_with('/')) url.rest.remove_suffix(1);
  std::string_view host = url.rest;
  std::string_view port = "4222";
  const bool bracketed = host.starts_with('[');
  const std::size_t close = bracketed ? host.find(']') : std::string_view::npos;
  if (bracketed && close == std::string_view::npos) throw wrong("has no ] after its address");
  const auto colons = std::count(host.begin(), host.end(), ':');
  if (bracketed ? close + 1 < host.size() : colons == 1) {
    const std::size_t colon = bracketed ? close + 1 : host.find(':');
    if (host[colon] != ':') throw wrong("is not HOST:PORT");
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (bracketed) host = host.substr(1, close - 1);
  if (!valid_host(host)) throw wrong(host.empty() ? "names no host" : "is not HOST or HOST:PORT");
  if (!valid_port(port)) {
    // Anything but a number may be a password without its @host.
    const bool number = port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
    if (number) throw wrong("has no port from 1 to 65535");
    throw usage(what + ": " + in_quotes(std::string(host) + ":…") + " has no port from 1 to 65535");
  }
  const bool address = host.find(':') != std::string_view::npos;  // IPv6, with or without brackets
  return url.scheme + "://" + std::string(url.user == "@" ? "" : url.user) + (address ? "[" : "") +
         std::string(host) + (address ? "]:" : ":") + std::string(port);
}

}  // namespace

std::vector<std::string> servers(const std::string& list, const std::string& what) {
  std::vector<std::string> out;
  std::string_view rest = list;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view one = trimmed(rest.substr(0, comma));
    if (one.empty())
      throw usage(what + (out.empty() && comma == std::string_view::npos ? ": the URL is empty"
                                                                         : ": the list has an empty URL"));
    out.push_back(complete(one, what));
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

std::string user_part(const std::string& url) { return std::string(split(url).user); }

std::string shown(const std::vector<std::string>& servers) {
  std::string out;
  for (const std::string& server : servers) {
    const Url url = split(server);
    if (!out.empty()) out += ',';
    out += url.scheme + "://" + std::string(url.rest);
  }
  return out;
}

}  // namespace natskv::config
