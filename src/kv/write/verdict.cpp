#include "kv/write/verdict.hpp"

#include "nats/codes.hpp"

#include <fmt/format.h>

namespace natskv {

Verdict after_refusal(const InFlight& write, const nats::Error& error, bool starting) {
  if (error.code == nats::code::too_many_requests || (starting && error.status == NATS_NO_RESPONDERS))
    return {Verdict::What::later};
  const bool own_condition = write.condition && !write.write.expected;
  if (error.conflict() && (own_condition || (write.write.creates && !write.write.erase)))
    return {Verdict::What::look};
  return {Verdict::What::failed};
}

Verdict after_loss(const std::string& bucket, const InFlight& write, const Latest& latest, bool comparable) {
  const Write& asked = write.write;
  const About about{bucket, asked.key, latest.revision};
  const std::string what = fmt::format("key \"{}\" of bucket \"{}\"", asked.key, bucket);
  const auto failed = [&](Exit exit, const std::string& text) {
    return Verdict{Verdict::What::failed, 0, Failure(exit, what + text, {}, about)};
  };
  const Verdict returns{Verdict::What::failed, 0, older_would_return(bucket, asked.key, latest.revision)};
  const Verdict again{Verdict::What::again, latest.revision};
  if (write.refused) {
    if (!latest.live) return again;
    if (asked.over_nothing) return returns;
    return {Verdict::What::failed, 0,
            conflict({.bucket = bucket, .key = asked.key, .writes = true, .creates = true}, latest.revision)};
  }
  if (!comparable || asked.erase)
    return failed(Exit::unknown, ": the connection was lost; the write may have been stored");
  if (asked.expected && !asked.over_nothing) {
    const bool as_before = latest.revision == *write.condition ||
                           (asked.creates && latest.revision <= write.floor && !latest.live);
    if (as_before) return again;
    return failed(Exit::unknown,
                  fmt::format(": the connection was lost; it is at revision {}, which may be this write",
                              latest.revision));
  }
  if (latest.revision <= write.floor) return asked.over_nothing && latest.live ? returns : again;
  if (latest.same) return {Verdict::What::stored, latest.revision};
  return failed(
      Exit::conflict,
      fmt::format(": another client wrote it while the connection was lost; it is now at revision {} (this "
                  "write may have been stored before)",
                  latest.revision));
}

}  // namespace natskv
