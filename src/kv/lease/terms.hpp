// How long a lock lasts and what its writes carry, from the bucket's settings. Pure: asks no server.
#pragma once

#include "base/boot_clock.hpp"
#include "base/types.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace natskv::lease {

using Time = BootClock::time_point;

/// What the user asked for.
struct Wish {
  std::optional<Span> lease = {};  ///< --ttl
  std::optional<Span> grace = {};  ///< --grace
};

struct Terms {
  Span lease;
  Span grace;            ///< from SIGTERM to SIGKILL, at the end of the lease
  bool per_key = false;  ///< each write has a Nats-TTL; else the bucket's own TTL is the lease
  bool rollup = false;   ///< the bucket keeps a history: no older revision may come back
  std::vector<std::string> warnings = {};
};

/// The shortest and the longest lease.
inline constexpr Span shortest = seconds(2), longest = seconds(3600);

/// `config`: of STREAM.INFO. `knows_key_ttl`: the server is 2.11 or newer. Throws Failure: 1 if the bucket
/// cannot keep a lock, with the command that changes that; usage if --grace is above a third of the lease.
Terms terms_of(const std::string& bucket, const nlohmann::ordered_json& config, const Wish& wish,
               bool knows_key_ttl);

/// Whether the settings still allow a lease with these terms.
bool keep(const nlohmann::ordered_json& config, const Terms& terms);

/// What is due when, counted from before the write was sent.
struct Schedule {
  Time renew_at, stop_at, kill_at, ends_at;
};
Schedule schedule(Time sent, const Terms& terms);

}  // namespace natskv::lease
