// From nats.c's messages to entries; only for kv/.
#pragma once

#include "kv/entry.hpp"
#include "nats/handle.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// A header's value, or empty; points into the message, where a NUL follows it.
std::string_view header(natsMsg* message, const char* name);

/// The last one of that name: the server's own follows stored ones. A value that was republished has an
/// earlier stream's Nats-Sequence and others.
std::string_view last_header(natsMsg* message, const char* name);

/// What the answer to a direct get says about its message (ADR-31).
struct Stored {
  std::uint64_t sequence = 0;
  std::string_view subject;  ///< points into the message
  Instant time;
};
/// nullopt: an answer without a message, which has a Status. A stored value may also have a header Status.
std::optional<Stored> read_stored(natsMsg* message);

/// That message as an entry of the bucket whose keys' subjects begin with `prefix`; nullopt: it is none. The
/// bucket's name must outlive it.
std::optional<OwnedEntry> entry_of(std::shared_ptr<natsMsg> message, const Stored& stored,
                                   std::string_view bucket, std::string_view prefix);

/// The error when a server answers with something other than what was asked for.
inline constexpr const char* not_of_this_key = "the answer is not about this key";

/// The message in a STREAM.MSG.GET answer, which is JSON.
nats::Message read_stored(const nlohmann::ordered_json& document, Stored& stored);

/// What a JetStream delivery's reply subject says (natsMsg_GetMetaData allocates; this does not).
struct Delivery {
  std::uint64_t sequence = 0;  ///< stream sequence: the revision
  std::uint64_t order = 0;     ///< consumer sequence: 1 for the consumer's first message
  std::uint64_t pending = 0;   ///< messages that the consumer has left after this one
  Instant time;
  std::string_view consumer;  ///< its name; points into the subject
};
/// false for a reply subject that is not a JetStream delivery's.
bool read_reply(std::string_view reply, Delivery& delivery);

/// Reads many, most of them from one consumer: their common beginning is parsed once.
class Replies {
 public:
  /// As read_reply; `delivery.consumer` points into the subject.
  bool read(std::string_view reply, Delivery& delivery);

 private:
  std::string front_;  // of the last subject, up to the dot after the consumer's name
  std::size_t consumer_ = 0;
};

/// Value, size, operation, TTL and marker reason of a message; the views point into it.
void read_entry(natsMsg* message, bool headers_only, Entry& entry);

}  // namespace natskv
