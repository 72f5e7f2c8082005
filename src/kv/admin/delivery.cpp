#include "kv/admin/delivery.hpp"

#include "nats/check.hpp"
#include "nats/handle.hpp"
#include "nats/inbox.hpp"

#include <nlohmann/json.hpp>

namespace natskv {

bool delivers(Session& session, const std::string& bucket, Span wait) {
  natsConnection* const connection = session.connection();
  const std::string inbox = nats::new_inbox(session.settings().inbox_prefix);
  natsSubscription* raw = nullptr;
  nats::check(natsConnection_SubscribeSync(&raw, connection, inbox.c_str()));
  const nats::Subscription subscription(raw, {&session.retired()});
  const nlohmann::ordered_json config{{"deliver_subject", inbox},   {"deliver_policy", "last"},
                                      {"ack_policy", "none"},       {"headers_only", true},
                                      {"replay_policy", "instant"}, {"idle_heartbeat", milliseconds(200).ns},
                                      {"mem_storage", true},        {"num_replicas", 1}};
  const std::string stream = "KV_" + bucket;
  session.api("CONSUMER.CREATE." + stream,
              nlohmann::ordered_json{{"stream_name", stream}, {"config", config}}.dump());
  natsMsg* message = nullptr;
  const natsStatus status = natsSubscription_NextMsg(&message, raw, wait.ms());
  const nats::Message owned(message);
  if (status == NATS_TIMEOUT) return false;
  nats::check(status);
  return true;
}

}  // namespace natskv
