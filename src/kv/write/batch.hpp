// One atomic batch (ADR-50, nats-server 2.12): all of its writes are stored, or none.
#pragma once

#include "base/failure.hpp"
#include "kv/bucket.hpp"
#include "kv/write/writer.hpp"
#include "nats/requests.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace natskv {

/// Refuses a bucket that does not support batches before anything is sent.
void require_atomic(Bucket& bucket);

class AtomicBatch {
 public:
  static constexpr std::uint64_t max_writes = 1000;  ///< the server's limit

  /// The condition that another key is at a revision; it is sent with a write that has no condition of its
  /// own.
  struct Check {
    std::string key;
    std::uint64_t revision = 0;
  };
  enum class Kind {
    stored,    ///< all of it
    conflict,  ///< a condition did not hold: nothing
    again,     ///< nothing was stored, for a temporary reason
    failed     ///< `failure`: nothing was stored or, with Exit::unknown, all or nothing
  };
  struct Outcome {
    Kind kind = Kind::failed;
    std::uint64_t first = 0, last = 0;  ///< revisions
    std::optional<Failure> failure = {};
  };

  /// How many of the writes ask for an answer. `some`: as many as the flow needs; then a batch that the
  /// server dropped because of one write is `again`, where `all` has the reason.
  enum class Answers { some, all };
  /// `count`: how many writes it will have.
  AtomicBatch(Bucket& bucket, std::uint64_t count, Answers answers);

  /// The next write; the last one commits. False: the batch has already failed, finish() says why. Throws
  /// Stopped before the last one; then nothing is stored.
  bool push(const Write& write, const std::optional<Check>& check);
  /// Waits for the outcome. If the answer is lost it is looked up by the batch's id, which is stored with the
  /// last key. Throws Stopped, with what may have happened, if interrupted.
  Outcome finish();

 private:
  bool await(Span slice);
  bool asks(std::size_t bytes);
  void take(nats::Answer& answer);
  Outcome look_up();
  [[nodiscard]] Outcome nothing_stored(const nats::Error& error) const;

  Bucket& bucket_;
  std::uint64_t count_, sent_ = 0, answered_ = 0;
  bool asks_all_;
  std::uint64_t unanswered_ = 0;  // bytes, with a hundred for each write, since the last that asked
  std::string id_, last_key_;
  nats::Requests requests_;
  std::optional<nats::Error> refused_;  // the server's first error that says why
  bool lost_ = false;                   // an answer did not come
  std::optional<Outcome> committed_;
};

}  // namespace natskv
