// The bucket that import and cp write to.
#pragma once

#include "base/pattern.hpp"
#include "commands/bulk/planner.hpp"
#include "kv/bucket.hpp"
#include "kv/read/snapshot.hpp"

#include <chrono>
#include <vector>

namespace natskv::commands {

/// What the bucket allows, for Planner's rules.
void take_limits(Bucket& bucket, Rules& rules);
/// The state of its keys; `values`: with values, to compare them.
Snapshot snapshot(Session& session, const std::string& bucket, const std::vector<Pattern>& patterns,
                  bool values);

/// A server's clock: the time that it reported, plus what has passed since.
class ServerClock {
 public:
  explicit ServerClock(Instant at) : at_(at), taken_(std::chrono::steady_clock::now()) {}
  /// `ts` of STREAM.INFO, which servers with per-key TTLs report; this machine's time for others.
  explicit ServerClock(const nlohmann::ordered_json& info);
  [[nodiscard]] Instant now() const {
    const auto passed = std::chrono::steady_clock::now() - taken_;
    return Instant{at_.ns + std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count()};
  }

 private:
  Instant at_;
  std::chrono::steady_clock::time_point taken_;
};

}  // namespace natskv::commands
