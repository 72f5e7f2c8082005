// A reply subject of our own.
#pragma once

#include "base/random.hpp"

#include <string>

namespace natskv::nats {

/// A new one under the connection's prefix ("": nats.c's), without a dot at its end. natsInbox_Create does
/// not heed the prefix.
inline std::string new_inbox(const std::string& prefix) {
  return (prefix.empty() ? "_INBOX" : prefix) + "." + random_hex(11);
}

}  // namespace natskv::nats
