// What an outage means for what a reader has shown. Pure.
#pragma once

#include "kv/read/stream_state.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace natskv {

/// What a reader knew before. `created` and `revision` can be kept in a file for the next start (watch
/// --state).
struct Before {
  std::string created = {};    ///< of the stream
  std::uint64_t revision = 0;  ///< the last that was shown
  std::uint64_t start =
      0;  ///< the stream's last when reading started: what no longer existed then was not missed
  std::uint64_t keys = 0;  ///< how many the stream held; 0: not known
};

/// What was shown is still valid: continue after it.
struct GoOn {
  std::uint64_t after = 0;  ///< of the revisions after this one, those no longer kept were missed
  bool emptied = false;     ///< all keys were removed without markers
};

/// What was shown belongs to another bucket, or was lost by its server: show everything again.
struct StartAnew {
  enum class Why : std::uint8_t { recreated, rewound } why = Why::recreated;
};

using AfterOutage = std::variant<GoOn, StartAnew>;
AfterOutage compare(const Before& before, const StreamState& now);

}  // namespace natskv
