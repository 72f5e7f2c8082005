// What to do with a write that was not acknowledged. Pure: asks no server.
#pragma once

#include "kv/write/write.hpp"
#include "nats/check.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace natskv {

/// Where a write is.
enum class Stage : std::uint8_t {
  sent,      ///< its answer is awaited
  later,     ///< refused for now, safe to send again
  doubtful,  ///< to be compared with what the bucket has
};

struct InFlight {
  std::uint64_t number = 0;
  Write write;
  std::uint64_t floor = 0;                      ///< a revision of the bucket from before it was sent
  std::optional<std::uint64_t> condition = {};  ///< sent: the caller's, or natskv's own on a retry
  Stage stage = Stage::sent;
  bool refused = false;  ///< a create that the server refused: a marker may be in its way
  std::chrono::steady_clock::time_point again = {};          ///< Stage::later: when to send it
  std::chrono::steady_clock::time_point first_refused = {};  ///< since when that is tried
};

struct Verdict {
  enum class What : std::uint8_t {
    stored,  ///< at `revision`
    failed,  ///< `failure`; without one: the error
    later,
    look,   ///< compare it with what the bucket has
    again,  ///< send it, on the condition that the key is at `revision`
  };
  What what;
  std::uint64_t revision = 0;
  std::optional<Failure> failure = {};
};

/// The server did not store it. `starting`: it restarted a moment ago, and may not have loaded the bucket
/// yet.
Verdict after_refusal(const InFlight& write, const nats::Error& error, bool starting);

/// The key's latest revision, from the stream's leader; 0: none.
struct Latest {
  std::uint64_t revision = 0;
  bool live = false;  ///< not a marker
  bool same = false;  ///< operation and bytes are the write's
};
/// Its answer was lost, or it was refused because of a marker that may be in its way. The caller's
/// compare-and-set is only sent again if its condition still holds: equal bytes prove nothing about who wrote
/// them. `comparable`: writes go to the bucket itself, not to a mirror's origin.
Verdict after_loss(const std::string& bucket, const InFlight& write, const Latest& latest, bool comparable);

}  // namespace natskv
