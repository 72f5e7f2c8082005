// One line of an import: a JSON object, an entry as in natskv-output(7).
#pragma once

#include "base/types.hpp"
#include "kv/entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// What a line says. Its strings are reused from line to line.
struct EntryLine {
  std::string key;
  std::string value;  ///< empty for markers
  Operation operation = Operation::put;
  bool check = false;  ///< `operation` CHECK: `if_revision` alone, nothing is written
  std::optional<std::uint64_t> revision;
  std::optional<std::uint64_t> if_revision;  ///< the key's latest revision must be this; 0: no live value
  std::optional<Instant> created;
  std::optional<Span> ttl;
};

class EntryParser {
 public:
  /// Fills `line`. Failure(usage) that says what is wrong and never quotes a value: not a JSON object, a key
  /// that no client can write, not exactly one of `value` and `value_base64`, a wrong type.
  void parse(std::string_view text, EntryLine& line);
  /// The first unknown member, or "".
  [[nodiscard]] const std::string& unknown() const { return unknown_; }

 private:
  std::string unknown_;
};

}  // namespace natskv
