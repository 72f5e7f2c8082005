// What the server's answers mean for a lock. Pure: no connection, no clock.
#pragma once

#include "base/types.hpp"
#include "nats/check.hpp"
#include "nats/requests.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace natskv::lease {

/// The outcome of a write.
struct WriteOutcome {
  enum class Kind {
    stored,      ///< at `revision`
    refused,     ///< its condition did not hold
    not_sent,    ///< it reached no server: no connection, no responders
    unanswered,  ///< it may have been stored, or be stored later
    failed       ///< `error`: definite
  };
  Kind kind = Kind::not_sent;
  std::uint64_t revision = 0;
  std::optional<nats::Error> error = {};
};
WriteOutcome outcome_of(const std::optional<nats::Answer>& answer);

/// A request that the server answers with JSON.
struct JsonAnswer {
  enum class Kind { answered, absent, unanswered, failed };
  Kind kind = Kind::unanswered;
  std::shared_ptr<const nlohmann::ordered_json> json = {};
  std::optional<nats::Error> error = {};
};
/// `absent`: the server's code for "there is none".
JsonAnswer json_answer_of(const std::optional<nats::Answer>& answer, int absent);

/// What the stream's leader has under KEY.
struct Sight {
  std::uint64_t revision = 0;  ///< of the last message, even a marker; 0: there is none
  bool live = false;
  std::string holder = {};  ///< Natskv-Holder
  std::string text = {};    ///< the value, where there is a holder
  Span ttl;                 ///< Nats-TTL; 0: none
  Instant created;
};
/// `message`: of a STREAM.MSG.GET answer.
Sight sight_of(const nlohmann::ordered_json& message);

inline constexpr const char* holder_header = "Natskv-Holder";

}  // namespace natskv::lease
