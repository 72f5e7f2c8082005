// The results of many writes, for a command's summary.
#pragma once

#include "app/invocation.hpp"
#include "kv/write/writer.hpp"

#include <cstdint>
#include <string>

namespace natskv::commands {

struct Tally {
  std::string bucket;
  bool puts = true;    ///< the command may write values: JSON has `put` and `unchanged`, even if 0
  bool would = false;  ///< nothing was changed
  std::uint64_t put = 0, unchanged = 0, deleted = 0, conflicts = 0, failed = 0, unknown = 0;
  std::uint64_t expired = 0;               ///< not written, as their time to live is over
  std::uint64_t replaced = 0;              ///< lines that replaced an earlier one for the same key
  std::uint64_t revisions = 0;             ///< compact: how many were dropped
  std::uint64_t first_unacknowledged = 0;  ///< the first line that was not acknowledged; 0: none
  std::uint64_t first_revision = 0, last_revision = 0;  ///< of an atomic import

  void add(const WriteResult& settled);
  void add(const Failure& failure);
  [[nodiscard]] std::uint64_t done() const { return put + unchanged + deleted + expired; }
  /// Whether every write was acknowledged.
  [[nodiscard]] bool clean() const { return conflicts + failed + unknown == 0; }
  void not_acknowledged(std::uint64_t line);
  /// "put 3, deleted 1", only what is not zero; "nothing to do".
  [[nodiscard]] std::string text() const;
};

/// With -j or -o jsonl an object on stdout or, if that has a list, {"summary":…} on stderr; else a note:
/// `text`.
void say_summary(Invocation& natskv, const Tally& tally, const std::string& text, bool listed = false);
/// The same with Tally::text().
void say_summary(Invocation& natskv, const Tally& tally, bool listed = false);

}  // namespace natskv::commands
