// What an EntryStream does when nothing comes: is that all, is the connection there, is the bucket?
#include "base/text.hpp"
#include "kv/admin/config.hpp"
#include "kv/explain.hpp"
#include "kv/read/watch.hpp"
#include "kv/read/watched.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {
namespace {

constexpr int pause_ms = 20;             // after a call that ended for another reason than its time
constexpr int stuck_looks = 20;          // so many in a row, and the server's count is wrong
constexpr int stream_not_found = 10059;  // JetStream API error codes
constexpr int consumer_not_found = 10014;

}  // namespace

// After an outage. What was shown must still be true of this stream, and what is lost is said.
void EntryStream::go_on_from(const Stream& stream) {
  const bool anew = stream.created != created_;
  const bool rewound = !anew && stream.last < last_;
  // Keys that leave no marker behind: only a purge of everything takes them all (or an expiry).
  const std::uint64_t had = std::max(subjects_, std::uint64_t{empty_ ? 0U : 1U});
  const bool emptied = !anew && !rewound && had > 0 && stream.first > last_ &&
                       (stream.subjects < had || stream.last - last_ < had);
  history_limit_ = stream.history;
  subjects_ = stream.subjects;
  empty_ = stream.messages == 0;
  target_ = stream.last;
  if (anew || rewound) {
    const std::string what = anew ? fmt::format("bucket \"{}\" was made anew", bucket_)
                                  : fmt::format("bucket \"{}\": its last revision is {} now, {} was shown",
                                                bucket_, stream.last, last_);
    session_.notices().warn(what + "; starting from its current values");
    created_ = stream.created;
    last_ = start_last_ = 0;
    missed_ = {};
    caught_up_ = false;
    listing_.current = true;
    listing_.from.reset();
    return;
  }
  if (emptied) {
    session_.notices().warn(fmt::format(
        "bucket \"{}\" was emptied, nothing shown so far is left; starting from its current values",
        bucket_));
  }
  if (!caught_up_ && !listing_.history && !listing_.from) return;
  // What was gone before we started was never to be shown.
  const std::uint64_t shown = std::max(last_, std::min(start_last_, stream.last));
  if (of_all_keys())
    missed_.expect(shown, stream.last);
  else
    unseen_ = shown;
}

// With a filter, revisions that do not come may be other keys', and a key that was purged, compacted or
// expired leaves no trace of what it had: only a bucket that kept all of them is known to have lost none of
// ours.
void EntryStream::report_unseen() {
  const auto shown = std::exchange(unseen_, std::nullopt);
  if (!shown || target_ <= *shown || all_are_kept_behind(*shown)) return;
  session_.notices().warn(
      fmt::format("bucket \"{}\": of the revisions {} to {} those that it no longer keeps were missed",
                  bucket_, *shown + 1, target_));
}

// Behind a pause without heartbeats that ended by itself: the servers may have had an outage of their own.
void EntryStream::look_behind(std::uint64_t next) {
  if (of_all_keys()) return missed_.expect(last_, last_);
  unseen_ = last_;
  target_ = next;
  report_unseen();
}

// Looked at in this order, a write in between makes us say too much, never too little.
bool EntryStream::all_are_kept_behind(std::uint64_t revision) {
  try {
    const auto kept = count_behind(session_,
                                   {.stream = "KV_" + bucket_,
                                    .filter = prefix_ + ">",
                                    .values = false,
                                    .after = revision,
                                    .named = names_known_},
                                   patience());
    const Stream stream(bucket_, session_.api("STREAM.INFO.KV_" + bucket_, {}, patience()));
    return stream.last <= revision + kept;
  } catch (const nats::Error&) {
    return false;  // not to be known (the bucket takes no more consumers, the connection went again)
  }
}

// Nothing came for a while: is the connection there, is the bucket, was that all?
void EntryStream::quiet(natsStatus status) {
  if (const auto refused = session_.refused_reading()) {
    throw explain(session_, nats::Error(NATS_NOT_PERMITTED, 0, *refused), {.bucket = bucket_});
  }
  if (!listing_.live && status != NATS_TIMEOUT) {
    throw explain(session_, nats::error(status), {.bucket = bucket_});
  }
  if (session_.link().closed) {
    throw explain(session_, nats::Error(NATS_CONNECTION_CLOSED, 0, ""), {.bucket = bucket_});
  }
  if (status != NATS_TIMEOUT) {
    broken_ = true;
    nats_Sleep(pause_ms);
  }
  if (window_ > 0 && session_.link().acks_refused) {
    go_on_without_window();
  } else if (in_trouble()) {
    bound_silence();
    mend();
  } else if (!caught_up_) {
    ask_what_is_left();
  }
}

// However often its consumer is made anew meanwhile (heartbeats that do not come, a count that is wrong): a
// listing to which no message comes ends. One made for another account, say, never reaches us.
void EntryStream::bound_silence() {
  if (std::exchange(heard_, false)) {
    silent_since_ = Clock::now();
    silent_looks_ = 0;
  }
  if (!listing_.live && Clock::now() - silent_since_ > std::chrono::nanoseconds(session_.starting().ns)) {
    throw explain(session_, nats::Error(NATS_TIMEOUT, 0, ""), {.bucket = bucket_});
  }
}

// Ends a listing that has no last message to end it: there was none, or it was overwritten on its way.
void EntryStream::ask_what_is_left() {
  bound_silence();
  try {
    const auto state = consumer_->state(session_.timeout());
    if (state.delivered > received_) return;
    if (state.pending == 0) {
      // Whoever writes meanwhile may have moved a key out of the count for a moment.
      if (rounds_ == 0 || ++silent_looks_ > 1) caught_up_ = true;
    } else if (++silent_looks_ >= stuck_looks) {
      consume(session_.starting());
    }
  } catch (const nats::Error& error) {
    broken_ = true;
    if (!listing_.live && error.code != consumer_not_found)
      throw explain(session_, error, {.bucket = bucket_});
  }
}

bool EntryStream::in_trouble() const {
  const Link& link = session_.link();
  return broken_ || !consumer_ || link.disconnects != disconnects_ || consumer_->lost() ||
         consumer_->silent();
}

// Looks at the bucket again and goes on behind the last revision that was taken. A watch tries for ever, or
// as long as max_disconnect allows.
void EntryStream::mend() {
  Link& link = session_.link();
  const int disconnects = link.disconnects;
  const std::string where = config::shown(session_.settings().servers);
  if (disconnects != disconnects_) away(fmt::format("connection to {} lost, trying to reconnect", where));
  if (listing_.live && natsConnection_Status(session_.connection()) != NATS_CONN_STATUS_CONNECTED)
    return give_up_in_time();
  try {
    go_on_from(Stream(bucket_, session_.api("STREAM.INFO.KV_" + bucket_, {}, patience())));
    consume(caught_up_ ? session_.timeout() : session_.starting());
    report_unseen();
  } catch (const nats::Error& error) {
    if (!listing_.live || session_.stop()) throw explain(session_, error, {.bucket = bucket_});
    if (error.code == stream_not_found) {
      throw Failure(Exit::not_found, fmt::format("bucket \"{}\" was deleted", bucket_), {}, {bucket_, {}, 0});
    }
    broken_ = true;
    away(fmt::format("no answer from {}, trying again", where));
    return give_up_in_time();
  }
  if (std::exchange(away_, false)) session_.notices().warn("connected again");
  broken_ = false;
  disconnects_ = disconnects;
}

void EntryStream::away(std::string_view why) {
  if (std::exchange(away_, true)) return;
  away_since_ = Clock::now();
  session_.notices().warn(why);
}

void EntryStream::give_up_in_time() {
  if (!away_ || !listing_.max_disconnect) return;
  if (Clock::now() - away_since_ <= std::chrono::nanoseconds(listing_.max_disconnect->ns)) return;
  throw Failure(
      Exit::unreachable,
      fmt::format("bucket \"{}\": no connection for {}", bucket_, text::human_span(*listing_.max_disconnect)),
      {}, {bucket_, {}, 0});
}

// For one answer while things are unwell: short, as it is asked again, and never far beyond max_disconnect.
Span EntryStream::patience() {
  if (!listing_.live) return session_.timeout();
  Span wait = std::min(session_.timeout(), seconds(2));
  if (away_ && listing_.max_disconnect) {
    const std::chrono::nanoseconds gone = Clock::now() - away_since_;
    wait = std::min(wait, std::max(Span{listing_.max_disconnect->ns - gone.count()}, milliseconds(10)));
  }
  return wait;
}

void EntryStream::report_missed() {
  if (const auto text = missed_.report())
    session_.notices().warn(fmt::format("bucket \"{}\": {}", bucket_, *text));
}

}  // namespace natskv
