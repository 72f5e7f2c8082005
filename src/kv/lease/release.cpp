#include "kv/lease/lease.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace natskv::lease {
namespace {

using namespace std::chrono_literals;

}  // namespace

// A purge marker: an expiring delete marker would bring an older lease back, or cause a second event.
std::string Lease::release(Meanwhile& meanwhile) {
  const Time until =
      std::min(schedule_.ends_at, BootClock::now() + std::chrono::nanoseconds(session_.timeout().ns));
  std::string why = "no answer";
  while (BootClock::now() < until) {
    auto all = nats::Headers{{"Nats-Expected-Last-Subject-Sequence", std::to_string(revision_)},
                             {"Nats-Rollup", "sub"},
                             {"KV-Operation", "PURGE"}};
    if (terms_.per_key) all.emplace_back("Nats-TTL", "60s");
    const WriteOutcome outcome = outcome_of(line_.ask(at_.write, {}, all, patience(), meanwhile));
    if (outcome.kind == WriteOutcome::Kind::stored) return {};
    if (outcome.kind == WriteOutcome::Kind::failed) {
      if (outcome.error->code == nats::code::stream_full && purge_stream(meanwhile)) return {};
      why = explained(*outcome.error).what();
      break;
    }
    if (outcome.kind == WriteOutcome::Kind::refused || outcome.kind == WriteOutcome::Kind::unanswered) {
      const Looked looked = look(meanwhile);
      const bool known = looked.kind == JsonAnswer::Kind::answered || looked.kind == JsonAnswer::Kind::absent;
      if (known && (!looked.sight.live || looked.sight.holder != holder_)) {
        // A marker of ours whose answer was lost, or it was no longer ours.
        return {};
      }
      if (known) revision_ = looked.sight.revision;
    }
    const Time soon = std::min(until, BootClock::now() + 100ms);
    while (BootClock::now() < soon) line_.idle(soon, meanwhile);
  }
  const auto left = std::chrono::ceil<std::chrono::seconds>(schedule_.ends_at - BootClock::now()).count();
  if (left <= 0) return fmt::format("the lock on {} was not released ({}); it has expired", named(), why);
  return fmt::format("the lock on {} was not released ({}); it expires in {}s at most", named(), why, left);
}

// In a full bucket a marker does not fit: purge without one.
bool Lease::purge_stream(Meanwhile& meanwhile) {
  const nlohmann::ordered_json body{{"filter", at_.read}, {"seq", revision_ + 1}};
  const auto answer = json_answer_of(
      line_.ask(session_.api_subject("STREAM.PURGE." + at_.stream), body.dump(), {}, patience(), meanwhile),
      0);
  return answer.kind == JsonAnswer::Kind::answered;
}

}  // namespace natskv::lease
