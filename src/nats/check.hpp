// nats.c's statuses as exceptions. Knows no key-value.
#pragma once

#include "base/types.hpp"

#include <nats/nats.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace natskv::nats {

/// What nats.c or the server said. `code` is the JetStream API error code (10071, …) or 0. `text` is never
/// stale (the library keeps nats_GetLastError across later calls) and has no "(file.c:1): " prefix.
struct Error : std::runtime_error {
  Error(natsStatus s, int c, const std::string& text) : std::runtime_error(text), status(s), code(c) {}
  natsStatus status;
  int code;
  std::optional<Span> waited = {};  ///< of a time-out: for how long

  /// A lost compare-and-set, in whichever way the library reports it (10071, on replicated streams 10164).
  [[nodiscard]] bool conflict() const;
  /// Whether it says that the connection is gone, for now or for good; a time-out may mean that, too.
  [[nodiscard]] bool connection_lost() const;
  /// "wrong last sequence: 7" -> 7, the key's current revision, 0 of a key that does not exist; nullopt where
  /// the text has none.
  [[nodiscard]] std::optional<std::uint64_t> current_revision() const;
};

/// The error of a call that just returned `status` on this thread.
Error error(natsStatus status, int code = 0);
/// Like error(), for a request that was answered: NATS_PROTOCOL_ERROR where the library could not parse the
/// answer (its util.c reports that with a status that refusals have, too).
Error answer_error(natsStatus status, int code = 0);
/// Throws it unless OK.
inline void check(natsStatus status, int code = 0) {
  if (status != NATS_OK) throw error(status, code);
}
/// "(js.c:535): text" -> "text"
std::string without_prefix(const char* text);

}  // namespace natskv::nats
