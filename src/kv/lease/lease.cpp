#include "kv/lease/lease.hpp"

#include "base/random.hpp"
#include "kv/explain.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv::lease {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// How often a key is checked if no events come.
constexpr nanoseconds look_every = 10s;
// An expiry may be up to a third of a second late.
constexpr nanoseconds expiry_delay = 350ms;

std::string whole_seconds(Span span) { return fmt::format("{}s", span.ns / seconds(1).ns); }

}  // namespace

Lease::Lease(Session& session, Claim claim)
    : session_(session),
      claim_(std::move(claim)),
      bucket_(session, claim_.bucket),
      line_((session.keep_reconnecting(), session)) {
  const auto& config = bucket_.info().at("config");
  // A server that supports them says so in each bucket's metadata.
  const auto metadata = config.find("metadata");
  const bool knows_key_ttl = metadata != config.end() && metadata->contains("_nats.level");
  terms_ = terms_of(claim_.bucket, config, claim_.wish, knows_key_ttl);
  for (const auto& warning : terms_.warnings) session.notices().warn(warning);
  at_.stream = bucket_.place().stream;
  at_.read = bucket_.place().read_prefix + claim_.key;
  at_.write = bucket_.place().write_prefix + claim_.key;
  bucket_ttl_ = Span{config.value("max_age", std::int64_t{0})};
  session.lift_deadline();
  new_holder();
}

std::string Lease::named() const {
  return fmt::format("key \"{}\" in bucket \"{}\"", claim_.key, claim_.bucket);
}

void Lease::new_holder() {
  holder_ = random_hex(16);
  first_sent_.reset();
}

// A renewal without an answer is retried before the lease ends.
nanoseconds Lease::patience() const {
  return std::clamp<nanoseconds>(nanoseconds(terms_.lease.ns / 6), 300ms,
                                 std::max<nanoseconds>(nanoseconds(session_.timeout().ns), 300ms));
}

Failure Lease::explained(const nats::Error& error) {
  return explain(session_, error, {.bucket = claim_.bucket, .key = claim_.key, .writes = false});
}

// Every entry is as long as the one before: a full bucket takes a renewal, but none that is a digit longer.
nats::Headers Lease::headers(std::uint64_t expected) const {
  nats::Headers all{{"Nats-Expected-Last-Subject-Sequence", fmt::format("{:020}", expected)}};
  if (terms_.rollup) all.emplace_back("Nats-Rollup", "sub");
  return all;
}

WriteOutcome Lease::put(std::uint64_t expected, Meanwhile& meanwhile) {
  auto all = headers(expected);
  all.emplace_back(holder_header, holder_);
  if (terms_.per_key) all.emplace_back("Nats-TTL", whole_seconds(terms_.lease));
  return outcome_of(line_.ask(at_.write, claim_.text, all, patience(), meanwhile));
}

Lease::Looked Lease::look(Meanwhile& meanwhile) {
  const nlohmann::ordered_json body{{"last_by_subj", at_.read}};
  const auto answer = json_answer_of(
      line_.ask(session_.api_subject("STREAM.MSG.GET." + at_.stream), body.dump(), {}, patience(), meanwhile),
      nats::code::no_message_found);
  if (answer.kind != JsonAnswer::Kind::answered) return {.kind = answer.kind, .error = answer.error};
  try {
    return {.kind = answer.kind, .sight = sight_of(answer.json->at("message"))};
  } catch (const nlohmann::json::exception&) {
    return {};
  }
}

Taking Lease::hold(std::uint64_t revision, Time sent) {
  token_ = revision;
  loss_.reset();
  renewed(revision, sent);
  if (BootClock::now() < schedule_.stop_at) return Taking::taken;
  new_holder();
  look_again_ = true;
  return Taking::late;
}

void Lease::start_over() {
  new_holder();
  loss_.reset();
  trouble_.reset();
  look_again_ = true;
}

Taking Lease::take(Meanwhile& meanwhile) {
  constexpr int most_tries = 10;
  for (int tries = 0; tries < most_tries; ++tries) {
    const Looked looked = look(meanwhile);
    if (looked.kind == JsonAnswer::Kind::failed) throw explained(*looked.error);
    if (looked.kind == JsonAnswer::Kind::unanswered) return Taking::unanswered;
    const Sight& now = looked.sight;
    if (now.revision != sight_.revision || seen_ == Time{}) seen_ = BootClock::now();
    sight_ = now;
    look_again_ = false;
    if (now.live && now.holder == holder_ && first_sent_) return hold(now.revision, *first_sent_);
    if (now.live) return Taking::held;
    const Time sent = BootClock::now();
    const WriteOutcome outcome = put(now.revision, meanwhile);
    switch (outcome.kind) {
      case WriteOutcome::Kind::stored:
        return hold(outcome.revision, sent);
      case WriteOutcome::Kind::refused:
        // Unless an earlier write was stored, no entry has the random word, and it is not used again.
        if (!first_sent_) new_holder();
        break;
      case WriteOutcome::Kind::unanswered:
        if (!first_sent_) first_sent_ = sent;
        return Taking::unanswered;
      case WriteOutcome::Kind::not_sent:
        // No leader, or no stream: the settings will tell.
        if (check_settings(meanwhile) == Renewal::lost) throw Failure(*loss_);
        return Taking::unanswered;
      case WriteOutcome::Kind::failed:
        throw explained(*outcome.error);
    }
  }
  return Taking::unanswered;
}

std::optional<Span> Lease::left() const {
  const std::int64_t ttl = sight_.ttl.ns > 0 && bucket_ttl_.ns > 0 ? std::min(sight_.ttl.ns, bucket_ttl_.ns)
                                                                   : std::max(sight_.ttl.ns, bucket_ttl_.ns);
  if (ttl == 0) return std::nullopt;
  return Span{std::max<std::int64_t>(ttl - (BootClock::now() - seen_).count(), 0)};
}

std::optional<Time> Lease::maybe_taken_until() const {
  if (!first_sent_) return std::nullopt;
  return *first_sent_ + nanoseconds(terms_.lease.ns);
}

void Lease::wait(Time until, Meanwhile& meanwhile) {
  if (line_.connected() && !line_.watching()) {
    line_.watch(at_.stream, at_.read, meanwhile);
    // The next check finds what happened before the watch began.
    if (line_.watching()) return;
  }
  Time next = BootClock::now() + look_every;
  if (const auto rest = left(); rest && !look_again_)
    next = std::min(next, BootClock::now() + nanoseconds(rest->ns) + expiry_delay);
  if (look_again_) next = BootClock::now() + 200ms;
  look_again_ = true;
  next = std::min(next, until);
  const int returns = session_.wire().returns();
  while (BootClock::now() < next && !line_.idle(next, meanwhile)) {
    if (session_.wire().returns() != returns) return;
  }
}

void Lease::renewed(std::uint64_t revision, Time sent) {
  revision_ = revision;
  schedule_ = lease::schedule(sent, terms_);
  renew_at_ = schedule_.renew_at;
  unanswered_since_.reset();
  trouble_.reset();
}

Renewal Lease::lost(Exit exit, const std::string& why) {
  loss_ = Failure(exit, why, {}, {claim_.bucket, claim_.key, 0});
  return Renewal::lost;
}

Failure Lease::loss() const {
  if (loss_) return *loss_;
  return {trouble_ ? trouble_->exit() : Exit::unreachable,
          fmt::format("lost the lock on {}: {}", named(),
                      trouble_ ? trouble_->what() : "it could not be renewed in time"),
          {},
          {claim_.bucket, claim_.key, 0}};
}

Renewal Lease::renew(Meanwhile& meanwhile) {
  const Time sent = BootClock::now();
  const WriteOutcome outcome = put(revision_, meanwhile);
  renew_at_ = BootClock::now() + std::clamp<nanoseconds>(nanoseconds(terms_.lease.ns / 30), 100ms, 1s);
  switch (outcome.kind) {
    case WriteOutcome::Kind::stored:
      renewed(outcome.revision, sent);
      if (BootClock::now() < schedule_.renew_at && check_settings(meanwhile) == Renewal::lost)
        return Renewal::lost;
      return Renewal::renewed;
    case WriteOutcome::Kind::refused:
      return refused(meanwhile);
    case WriteOutcome::Kind::not_sent:
      return line_.connected() ? check_settings(meanwhile) : Renewal::later;
    case WriteOutcome::Kind::unanswered:
      if (!unanswered_since_) unanswered_since_ = sent;
      return Renewal::later;
    case WriteOutcome::Kind::failed:
      trouble_ = explained(*outcome.error);
      return Renewal::later;
  }
  return Renewal::later;
}

// The conflict may be with an earlier renewal whose answer was lost.
Renewal Lease::refused(Meanwhile& meanwhile) {
  const Looked looked = look(meanwhile);
  if (looked.kind == JsonAnswer::Kind::unanswered || looked.kind == JsonAnswer::Kind::failed)
    return Renewal::later;
  if (looked.sight.live && looked.sight.holder == holder_) {
    renew_at_ = BootClock::now();
    if (looked.sight.revision > revision_ && unanswered_since_) {
      renewed(looked.sight.revision, *unanswered_since_);
      return Renewal::renewed;
    }
    return Renewal::later;
  }
  return lost(Exit::conflict, fmt::format("lost the lock on {}: {}", named(),
                                          looked.sight.live ? "another client has taken it"
                                                            : "it has expired or was deleted"));
}

// Checks the settings, and whether the bucket exists. No answer proves nothing.
Renewal Lease::check_settings(Meanwhile& meanwhile) {
  const auto answer = json_answer_of(
      line_.ask(session_.api_subject("STREAM.INFO." + at_.stream), {}, {}, patience(), meanwhile),
      nats::code::stream_not_found);
  if (answer.kind == JsonAnswer::Kind::absent)
    return lost(Exit::not_found, fmt::format("bucket \"{}\" was removed", claim_.bucket));
  if (answer.kind != JsonAnswer::Kind::answered) return Renewal::later;
  const auto config = answer.json->find("config");
  if (config == answer.json->end()) return Renewal::later;
  if (!keep(*config, terms_)) {
    return lost(Exit::conflict, fmt::format("the settings of bucket \"{}\" no longer keep a lock of {}",
                                            claim_.bucket, whole_seconds(terms_.lease)));
  }
  terms_.rollup = config->value("max_msgs_per_subject", std::int64_t{1}) != 1;
  return Renewal::later;
}

}  // namespace natskv::lease
