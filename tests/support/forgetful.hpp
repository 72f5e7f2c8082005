// A server whose answers to one API request are the test's own: what it takes and does not keep.
#pragma once

#include "support/client.hpp"
#include "support/server.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

namespace natskv::test {

class Forgetful {
 public:
  /// Requests to $JS.API.<subject> reach the test instead of the server.
  explicit Forgetful(const std::string& subject)
      : server({.config = "mappings: { \"$JS.API." + subject +
                          "\": forget, \"$JS.API.STREAM.DELETE.KV_b\": forget }"}) {
    natsSubscription* raw = nullptr;
    if (natsConnection_SubscribeSync(&raw, client.connection(), "forget") != NATS_OK)
      throw std::runtime_error("the forgetful server can't listen");
    subscription_.reset(raw);
    natsConnection_FlushTimeout(client.connection(), 20'000);
  }

  /// The next request's configuration.
  nlohmann::json request() {
    natsMsg* raw = nullptr;
    if (natsSubscription_NextMsg(&raw, subscription_.get(), 30'000) != NATS_OK)
      throw std::runtime_error("nobody asks the forgetful server");
    const nats::Message message(raw);
    reply_ = natsMsg_GetReply(raw);
    return nlohmann::json::parse(
        std::string(natsMsg_GetData(raw), static_cast<size_t>(natsMsg_GetDataLength(raw))));
  }

  /// Whether there was no other request.
  [[nodiscard]] bool silent() {
    natsMsg* raw = nullptr;
    const bool none = natsSubscription_NextMsg(&raw, subscription_.get(), 100) == NATS_TIMEOUT;
    natsMsg_Destroy(raw);
    return none;
  }

  /// Answers that the stream has this configuration now.
  void answer(const nlohmann::json& config) {
    const nlohmann::json info{{"config", config},
                              {"created", "2026-01-01T00:00:00Z"},
                              {"state", {{"messages", 0}, {"bytes", 0}, {"first_seq", 1}, {"last_seq", 0}}},
                              {"did_create", true}};
    client.send(reply_, info.dump());
  }

  Server server;
  Client client{server.url()};

 private:
  nats::Handle<natsSubscription, natsSubscription_Destroy> subscription_;
  std::string reply_;
};

}  // namespace natskv::test
