// What import, cp and diff read: lines, a bucket, files.
#pragma once

#include "base/failure.hpp"
#include "kv/entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace natskv::commands {

/// One thing to write. Views point into the source, valid until its next item.
struct Item {
  std::uint64_t number = 0;  ///< the number of its line, from 1
  std::string_view key;
  std::string_view value;  ///< empty for markers
  Operation operation = Operation::put;
  bool check = false;  ///< only `if_revision`, nothing is written
  std::optional<Span> ttl = {};
  bool never_expires = false;
  std::optional<Instant> created = {};
  std::optional<std::uint64_t> revision = {};     ///< in the bucket that it comes from
  std::optional<std::uint64_t> if_revision = {};  ///< the target key's revision must be this
  std::optional<Failure> wrong = {};  ///< the item is invalid, and its other members are meaningless
};

/// As a bucket's entry.
inline Entry entry_of(const Item& item) {
  Entry entry;
  entry.key = item.key;
  entry.value = Bytes{item.value};
  entry.operation = item.operation;
  entry.revision = item.revision.value_or(0);
  return entry;
}

/// Runs something on one of two servers, so that a failure says which. `place`: "" if there is only one.
template <class Act>
auto naming_server(const std::string& place, Act act) {
  try {
    return act();
  } catch (const Failure& failure) {
    if (place.empty()) throw;
    throw failure.saying(place + ": " + failure.what());
  }
}

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// nullptr at the end. Failure if it cannot be read any further.
  virtual const Item* next() = 0;
  /// Starts again from the beginning.
  virtual void rewind() = 0;
  /// Until that is taken back: values of the right size will do, their bytes are not looked at.
  virtual void sizes_only(bool) {}
  /// Whether a key may come more than once; the last one counts.
  [[nodiscard]] virtual bool repeats() const = 0;
  /// Whether messages should give Item::number: the number of a line.
  [[nodiscard]] virtual bool numbered() const { return false; }
  /// Its name for messages: "\"file.jsonl\"", "standard input".
  [[nodiscard]] virtual std::string shown() const = 0;

  /// "line 3: ", or "".
  [[nodiscard]] std::string where(std::uint64_t number) const {
    return numbered() && number > 0 ? "line " + std::to_string(number) + ": " : "";
  }
};

/// --prune with no input would delete every key.
inline Failure empty_input(const Source& source) {
  return usage(source.shown() + " is empty, and --prune would delete every key", "--allow-empty allows that");
}

}  // namespace natskv::commands
