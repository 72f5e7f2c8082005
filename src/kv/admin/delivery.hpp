// Whether what a consumer sends arrives: a listing and a watch need more than the right to make one.
#pragma once

#include "base/types.hpp"
#include "kv/session.hpp"

#include <string>

namespace natskv {

/// Makes a consumer of the bucket's stream that delivers to an inbox of ours, a message or a heartbeat, and
/// waits for one. false: it was made, and nothing came within `wait`. Throws nats::Error.
bool delivers(Session& session, const std::string& bucket, Span wait);

}  // namespace natskv
