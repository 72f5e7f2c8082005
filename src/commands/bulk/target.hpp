// The bucket that import and cp write to.
#pragma once

#include "base/pattern.hpp"
#include "commands/bulk/planner.hpp"
#include "kv/bucket.hpp"
#include "kv/read/snapshot.hpp"

#include <chrono>
#include <vector>

namespace natskv::commands {

/// What it allows, for Planner's rules.
void take_limits(Bucket& bucket, Rules& rules);
/// What it holds of the keys; `values`: to compare them.
Snapshot snapshot(Session& session, const std::string& bucket, const std::vector<Pattern>& patterns,
                  bool values);

/// A server's clock: its time when it said it, and what passed since.
class ServerClock {
 public:
  explicit ServerClock(Instant at) : at_(at), taken_(std::chrono::steady_clock::now()) {}
  /// `ts` of STREAM.INFO, which servers say that know per-key TTLs; this machine's time for others.
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
