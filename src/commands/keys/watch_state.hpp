// What watch --state keeps in its file, and how a start uses it. Pure.
#pragma once

#include "base/pattern.hpp"
#include "kv/read/outage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::commands {

struct WatchState {
  std::string bucket;
  std::string created;  ///< of the bucket's stream, in the server's words
  std::vector<std::string> patterns;
  std::uint64_t revision = 0;  ///< everything up to it was handled
  friend bool operator==(const WatchState&, const WatchState&) = default;
};

/// One line of JSON.
std::string to_json(const WatchState& state);
/// nullopt if the text is not such an object: truncated, or another file.
std::optional<WatchState> parse_watch_state(std::string_view text);

/// `patterns` as a state names them: sorted; "literal KEY" if KEY reads as a PATTERN, "base64 …" if it is not
/// UTF-8.
std::vector<std::string> named(const std::vector<Pattern>& patterns);

/// Where a watch begins.
struct Beginning {
  std::optional<Before> resume = {};  ///< nullopt: from the current values
  std::string because = {};           ///< why not where FILE says, for a note; or empty
};
/// Throws Failure(usage) if the state belongs to other patterns. Whether the bucket is the same one is
/// checked with the server (kv/read/outage).
Beginning beginning(const WatchState& state, const std::string& bucket, const std::vector<Pattern>& patterns,
                    const std::string& shown_file);

}  // namespace natskv::commands
