// What an account uses of JetStream, and how much it may.
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

/// What could not be asked, and why: reading and writing keys does not need it.
struct NotAllowedToAsk {
  std::string why;
};

/// Throws NotAllowedToAsk. Failure: not_allowed where JetStream is not enabled for the account, unreachable
/// where there is none.
AccountUse account_use(Session& session);

}  // namespace natskv
