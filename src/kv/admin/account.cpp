#include "kv/admin/account.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "nats/check.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>
#include <nats/nats.h>
#include <nlohmann/json.hpp>

namespace natskv {
AccountUse account_use(Session& session) {
  try {
    const auto info = session.api("INFO");
    const auto limits = info.value("limits", nlohmann::ordered_json::object());
    const auto used = [&](const char* name) { return info.value(name, std::int64_t{0}); };
    const auto most = [&](const char* name) { return limits.value(name, std::int64_t{-1}); };
    return {.storage = Size{used("storage")},
            .max_storage = Size{most("max_storage")},
            .memory = Size{used("memory")},
            .max_memory = Size{most("max_memory")},
            .streams = used("streams"),
            .max_streams = most("max_streams"),
            .domain = info.value("domain", "")};
  } catch (const nats::Error& error) {
    if (error.status == NATS_NOT_PERMITTED) throw NotAllowedToAsk{error.what()};
    if (error.code == nats::code::jetstream_not_enabled_for_account)
      throw Failure(Exit::not_allowed, "JetStream is not enabled for this account",
                    "the server's operator can enable it for the account");
    if (error.status == NATS_NO_RESPONDERS || error.code == nats::code::jetstream_not_enabled)
      throw Failure(Exit::unreachable,
                    fmt::format("JetStream is not available at {}", session.connected_url()),
                    "start the server with -js, or check --js-domain and --js-api-prefix");
    if (error.status == NATS_TIMEOUT)
      throw Failure(Exit::unreachable,
                    fmt::format("JetStream did not answer within {}, though the server does",
                                text::human_span(session.timeout())),
                    "it may be starting, or its cluster may have no leader: the server's log says so");
    throw Failure(Exit::unreachable, error.what());
  }
}

}  // namespace natskv
