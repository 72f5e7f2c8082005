// What a Watch does when nothing comes any more: is the connection up, does the bucket exist, what was
// missed?
#include "base/text.hpp"
#include "kv/explain.hpp"
#include "kv/read/watch.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace natskv {
// Reads the bucket's state again and continues after the last revision that came. Tries forever, or as long
// as max_disconnect allows.
void Watch::rejoin() {
  const std::string where = config::shown(session_.settings().servers);
  if (feed_.connection_lost()) report_loss(fmt::format("connection to {} lost, trying to reconnect", where));
  // For good: for example, the server refuses the credentials.
  if (session_.wire().closed())
    throw explain(session_, nats::Error(NATS_CONNECTION_CLOSED, 0, ""), {.bucket = bucket_});
  if (natsConnection_Status(session_.connection()) != NATS_CONN_STATUS_CONNECTED) return give_up_in_time();
  try {
    const auto now = feed_.look(patience());
    const auto outcome = compare(before_, now);
    if (const auto* anew = std::get_if<StartAnew>(&outcome))
      start_anew(now, *anew);
    else
      go_on(now, std::get<GoOn>(outcome));
  } catch (const nats::Error& error) {
    if (session_.stop() || error.status == NATS_NOT_PERMITTED)
      throw explain(session_, error, {.bucket = bucket_});
    if (error.code == nats::code::stream_not_found)
      throw Failure(Exit::not_found, fmt::format("bucket \"{}\" was deleted", bucket_), {}, {bucket_});
    broken_ = true;
    report_loss(fmt::format("no answer from {}, trying again", where));
    return give_up_in_time();
  }
  if (std::exchange(away_since_, std::nullopt)) session_.notices().warn("connection restored");
}

// Waiting for the connection, or the server's answer.
std::optional<Watch::Got> Watch::retry(Clock::time_point until, std::span<pollfd> others) {
  constexpr int pause_ms = 80;
  rejoin();
  if (!broken_) return std::nullopt;
  std::vector<pollfd> fds(others.begin(), others.end());
  fds.push_back({session_.stop().descriptor(), POLLIN, 0});
  const bool ready = ::poll(fds.data(), fds.size(), pause_ms) > 0;
  if (session_.stop()) throw explain(session_, nats::Error(NATS_TIMEOUT, 0, ""), {.bucket = bucket_});
  std::copy_n(fds.begin(), others.size(), others.begin());
  if (ready) return Got::descriptor;
  return Clock::now() >= until ? std::optional(Got::time) : std::nullopt;
}

void Watch::go_on(const StreamState& now, const GoOn& on) {
  if (on.emptied) {
    session_.notices().warn(fmt::format(
        "bucket \"{}\" was emptied, nothing shown so far is left; starting from its current values",
        bucket_));
  }
  before_.keys = now.keys;
  const bool latest = !caught_up_ && !options_.read.history && !options_.from && options_.current;
  // Only each key's latest revision had to be shown so far.
  const bool may_miss = !latest;
  const bool all_keys = Selection(options_.read.patterns, now.prefix).all_keys();
  if (may_miss && all_keys) missed_.expect(on.after, now.last);
  start(now, {.latest = latest, .after = before_.revision, .live = caught_up_});
  if (may_miss && !all_keys) report_unseen(on.after, now.last);
}

void Watch::start_anew(const StreamState& now, StartAnew why) {
  const std::string what = why.why == StartAnew::Why::recreated
                               ? fmt::format("bucket \"{}\" was recreated", bucket_)
                               : fmt::format("bucket \"{}\": its last revision is now {}, but {} was shown",
                                             bucket_, now.last, before_.revision);
  session_.notices().warn(what + "; starting from its current values");
  before_ = {.created = now.created, .start = now.last, .keys = now.keys};
  missed_ = {};
  caught_up_ = false;
  anew_ = true;
  options_.current = true;
  options_.from.reset();
  start(now, {.latest = !options_.read.history});
}

void Watch::report_loss(std::string_view why) {
  if (away_since_) return;
  away_since_ = Clock::now();
  session_.notices().warn(why);
}

void Watch::give_up_in_time() const {
  if (!away_since_ || !options_.max_disconnect) return;
  if (Clock::now() - *away_since_ <= std::chrono::nanoseconds(options_.max_disconnect->ns)) return;
  throw Failure(
      Exit::unreachable,
      fmt::format("bucket \"{}\": no connection for {}", bucket_, text::human_span(*options_.max_disconnect)),
      {}, {bucket_});
}

// The server creates consumers that never deliver, not even a heartbeat: for another account, for example.
void Watch::require_delivery() {
  if (feed_.heard() || feed_.connection_lost() || away_since_) return unheard_since_.reset();
  const auto now = Clock::now();
  if (!unheard_since_) unheard_since_ = now;
  const auto patience =
      std::max<Clock::duration>(std::chrono::nanoseconds(session_.starting().ns), Feed::least_patience);
  if (now - *unheard_since_ > patience) throw feed_.nothing_delivered();
}

// The time-out for one answer meanwhile: short, as the request is repeated, and never far beyond
// max_disconnect.
Span Watch::patience() const {
  Span wait = std::min(session_.timeout(), seconds(2));
  if (away_since_ && options_.max_disconnect) {
    const std::chrono::nanoseconds gone = Clock::now() - *away_since_;
    wait = std::min(wait, std::max(Span{options_.max_disconnect->ns - gone.count()}, milliseconds(10)));
  }
  return wait;
}

void Watch::report_missed() {
  if (const auto text = missed_.report())
    session_.notices().warn(fmt::format("bucket \"{}\": {}", bucket_, *text));
}

// With a filter, revisions that do not come may be other keys', and a key that was purged, compacted or
// expired leaves no trace: only if the bucket still has all of them is it certain that none of ours was lost.
void Watch::report_unseen(std::uint64_t after, std::uint64_t upto) {
  if (upto <= after || all_kept_after(after)) return;
  session_.notices().warn(
      fmt::format("bucket \"{}\": those of the revisions {} to {} that are no longer kept were missed",
                  bucket_, after + 1, upto));
}

// In this order, a write in between makes natskv report too much, never too little.
bool Watch::all_kept_after(std::uint64_t revision) {
  try {
    const auto kept = feed_.count_after(revision, patience());
    return feed_.look(patience()).last <= revision + kept;
  } catch (const nats::Error&) {
    return false;  // unknown (the bucket allows no more consumers, the connection was lost again)
  }
}

}  // namespace natskv
