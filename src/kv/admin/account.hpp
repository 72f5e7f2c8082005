// How much of JetStream an account uses, and its limits.
#pragma once

#include "base/types.hpp"
#include "kv/session.hpp"

#include <cstdint>
#include <string>

namespace natskv {

struct AccountUse {
  Size storage, max_storage, memory, max_memory;  ///< limits of -1: none
  std::int64_t streams = 0, max_streams = -1;
  std::string domain;
};

/// The user has no permission to ask, which reading and writing keys does not need.
struct NotAllowedToAsk {
  std::string why;
};

/// Throws NotAllowedToAsk. Failure: not_allowed where JetStream is not enabled for the account, unreachable
/// where there is none.
AccountUse account_use(Session& session);

}  // namespace natskv
