// Many writes in flight: markers of a delete by pattern, purges of compact, an import's lines. Each result comes back
// with the number its write was given.
#pragma once

#include "base/failure.hpp"
#include "kv/bucket.hpp"
#include "nats/pipeline.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

namespace natskv {

/// One write. `erase`: removes the key's revisions up to and with `expected`, leaving no marker.
struct Write {
  std::string key;
  std::string value;
  Operation operation = Operation::put;
  bool erase = false;
  std::optional<std::uint64_t> expected;  ///< the latest revision the key must have (0: none at all)
  std::optional<Span> ttl;
  bool never_expires = false;  ///< Nats-TTL: never
};

/// What became of it: a revision, or the failure that `report` shows.
struct Settled {
  std::uint64_t number = 0;
  std::string key;
  Operation operation = Operation::put;
  bool erased = false;                ///< an erase
  std::uint64_t expected = 0;         ///< the write's own condition, 0 without one
  std::uint64_t revision = 0;         ///< of the write; for an erase: how many values went
  std::optional<Failure> failure;
};

class Writer {
 public:
  /// `settled` is called from push() and finish(), on the calling thread, once a write.
  Writer(Bucket& bucket, std::function<void(const Settled&)> settled, nats::Pipeline::Limits limits = {});

  /// Sends, or waits for room first. Two writes of one key are never in flight together. Throws Failure where the
  /// connection or a permission ends the whole; what was in flight is then settled as unknown.
  void push(std::uint64_t number, Write write);
  /// Waits for what is in flight.
  void finish();
  [[nodiscard]] std::size_t in_flight() const { return pipeline_.in_flight(); }

 private:
  void settle(Span slice);
  void settle_one(nats::Answer answer);
  void settle_violations();
  void give_up();
  void close(std::uint64_t number, std::uint64_t revision, std::optional<Failure> failure);

  Bucket& bucket_;
  std::function<void(const Settled&)> settled_;
  nats::Pipeline pipeline_;
  std::unordered_map<std::uint64_t, Write> writes_;
  std::unordered_map<std::string_view, std::uint64_t> keys_;  // views into writes_
  int violations_ = 0;
};

}  // namespace natskv
