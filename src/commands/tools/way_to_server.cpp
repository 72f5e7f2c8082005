#include "commands/tools/way_to_server.hpp"

#include "commands/tools/finding.hpp"
#include "kv/connect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace natskv::commands {

std::string WayToServer::settings_from(const config::Settings& given) {
  settings = given;
  settings.warnings.clear();  // said once
  std::string text;
  for (const auto& origin : settings.origins)
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : "; ", origin.name, origin.value, origin.from);
  return text;
}

// The first server that answers is used: a dead one is reported, but not a failure.
std::string WayToServer::each_server(const std::function<std::string(nats::ServerProbe&)>& ask) {
  std::string text;
  std::string trouble;
  bool any = false;
  for (const auto& url : settings.servers) {
    nats::ServerProbe look(url,
                           Span{settings.timeout.ns / static_cast<std::int64_t>(settings.servers.size())});
    try {
      const std::string found = ask(look);
      if (!any) look_at_ = url;
      any = true;
      text += fmt::format("{}{}", text.empty() ? "" : "; ", found);
    } catch (const nats::ProbeError& error) {
      trouble = fmt::format("{}: {}", config::shown({url}), error.what());
      text += fmt::format("{}{}", text.empty() ? "" : "; ", trouble);
    }
  }
  if (!any) throw nats::ProbeError(text);
  return text;
}

std::string WayToServer::resolve() {
  hint = "check the name in --server, NATS_URL or the context";
  return each_server([](nats::ServerProbe& look) {
    return fmt::format("{}: {}", look.host(), fmt::join(look.resolve(), ", "));
  });
}

std::string WayToServer::tcp() {
  hint = "is a server running there (natskv sandbox starts one), and does the firewall allow this port?";
  return each_server([](nats::ServerProbe& look) { return look.connect(); });
}

std::string WayToServer::tls() {
  hint = "is it a NATS server, and does it expect TLS first (--tlsfirst)?";
  nats::ServerProbe look(look_at_, settings.timeout);
  if (!settings.tls_first) {
    greeting = look.greeting();
    if (!greeting->tls_required && !greeting->tls_available) {
      if (!settings.tls_required) throw Skipped{"not offered by the server, and not requested"};
      throw Failure(Exit::not_allowed, "the server does not offer TLS, which you asked for",
                    "a tls:// URL, --tlsca or --tlscert requests it");
    }
    if (!greeting->tls_required && !settings.tls_required) throw Skipped{"offered, but not requested"};
  }
  const auto certificate = handshake(look);
  if (settings.tls_first) greeting = look.greeting();
  std::string names =
      fmt::format("{}; certificate for {}, from {}, {}", certificate.protocol,
                  fmt::join(certificate.names, ", "), certificate.issuer,
                  certificate.days_left < 0 ? fmt::format("expired {} days ago", -certificate.days_left)
                                            : fmt::format("{} days left", certificate.days_left));
  if (!certificate.problem.empty())
    throw Failure(Exit::not_allowed, fmt::format("{}: {}", certificate.problem, names),
                  settings.tls_ca.empty()
                      ? "give the CA's certificate with --tlsca"
                      : "the server needs a certificate that is valid now, for the name in its URL, and "
                        "from the CA of --tlsca");
  return names;
}

nats::Certificate WayToServer::handshake(nats::ServerProbe& look) const {
  try {
    return look.handshake(settings.tls_ca);
  } catch (const nats::NoAuthorities&) {
    throw no_authorities(settings);
  }
}

}  // namespace natskv::commands
