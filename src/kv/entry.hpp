// One revision of a key, as read from the stream: headers are interpreted here and nowhere else.
#pragma once

#include "base/types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace natskv {

enum class Operation : std::uint8_t { put, del, purge };

/// PUT, DEL, PURGE.
std::string_view name_of(Operation operation);

/// The views point into the reader's message: valid until its next entry.
struct Entry {
  std::string_view bucket;
  std::string_view key;
  Bytes value;                         ///< empty for markers, and where only headers were asked for
  std::uint64_t size = 0;              ///< of the value, even if it was not sent
  std::uint64_t revision = 0;          ///< stream sequence
  std::optional<std::uint64_t> delta;  ///< in a listing: how many of its messages follow
  Instant created;
  Operation operation = Operation::put;
  Span ttl;                        ///< Nats-TTL header; 0: none
  bool never_expires = false;      ///< Nats-TTL: never
  bool rollup = false;             ///< Nats-Rollup: the key's older revisions were removed with this one
  std::string_view marker_reason;  ///< Nats-Marker-Reason of a marker that the server wrote

  [[nodiscard]] bool marker() const { return operation != Operation::put; }
};

/// An Entry that owns what its views point to.
struct OwnedEntry {
  Entry entry;
  std::shared_ptr<const void> owner;
};
OwnedEntry copy_of(const Entry& entry);

}  // namespace natskv
