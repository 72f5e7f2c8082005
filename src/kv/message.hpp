// From nats.c's messages to entries: what only kv/ needs to see.
#pragma once

#include "kv/entry.hpp"
#include "nats/handle.hpp"

#include <cstdint>
#include <string_view>

namespace natskv {

/// What a JetStream delivery says of itself in its reply subject (natsMsg_GetMetaData allocates; this does
/// not).
struct Delivery {
  std::uint64_t sequence = 0;  ///< stream sequence: the revision
  std::uint64_t pending = 0;   ///< messages of this reading behind this one
  Instant time;
  std::string_view consumer;  ///< its name; points into the subject
};
/// false for a reply that is no JetStream delivery.
bool read_reply(std::string_view reply, Delivery& delivery);

/// Value, size, operation, TTL and marker reason of a message; the views point into it.
void read_entry(natsMsg* message, bool headers_only, Entry& entry);

}  // namespace natskv
