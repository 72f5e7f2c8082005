// What became of the writes of an import or a cp, for its summary.
#pragma once

#include "app/natskv.hpp"
#include "kv/write/writer.hpp"

#include <cstdint>
#include <string>

namespace natskv::commands {

struct Tally {
  std::uint64_t put = 0, unchanged = 0, deleted = 0, conflicts = 0, failed = 0, unknown = 0;
  std::uint64_t duplicates = 0, expired = 0;

  /// Counts a write; a failure is reported, `where` before its message ("line 3: ").
  void add(Natskv& natskv, const Settled& settled, const std::string& where);
  /// Counts and reports a failure.
  void add(Natskv& natskv, const Failure& failure, const std::string& where);
  [[nodiscard]] std::uint64_t done() const { return put + unchanged + deleted + expired; }
  /// Whether every write was acknowledged.
  [[nodiscard]] bool clean() const { return conflicts + failed + unknown == 0; }
  /// "put 3, unchanged 0, …"; what is rare only where it occurred.
  [[nodiscard]] std::string text() const;
};

}  // namespace natskv::commands
