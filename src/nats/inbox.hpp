// A reply subject of our own.
#pragma once

#include <string>

namespace natskv::nats {

/// A new one under the connection's prefix ("": nats.c's), without a dot at its end. Throws nats::Error.
std::string new_inbox(const std::string& prefix);

}  // namespace natskv::nats
