#include "kv/read/listing.hpp"

#include "kv/explain.hpp"
#include "nats/codes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace natskv {

void require_same(const std::string& bucket, const Before& before, const StreamState& now) {
  const auto outcome = compare(before, now);
  const auto* anew = std::get_if<StartAnew>(&outcome);
  if (anew == nullptr) return;
  throw Failure(
      Exit::failure,
      anew->why == StartAnew::Why::recreated
          ? fmt::format("bucket \"{}\" was recreated while it was being read", bucket)
          : fmt::format("bucket \"{}\": its last revision went back from {} to {} while it was being read",
                        bucket, before.revision, now.last),
      "run the command again", {bucket});
}

Listing::Listing(Session& session, std::string bucket, ReadOptions options)
    : session_(session),
      bucket_(std::move(bucket)),
      history_(options.history),
      feed_(session, bucket_, std::move(options)),
      pause_(Feed::first_pause) {
  const Feed::Starting starting(session_, bucket_);
  try {
    stream_ = feed_.look(session_.starting());
    server_time_ = stream_.time;
    feed_.start(stream_, {.latest = !history_}, session_.starting());
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = bucket_});
  }
  total_ = feed_.waiting();
  if (server_time_.ns == 0) server_time_ = feed_.consumer()->start().created;
  (void)ending_.started(stream_.last, total_);
}

const Entry* Listing::next() {
  while (!ending_.ended()) {
    try {
      step();
    } catch (const nats::Error& error) {
      throw explain(session_, error, {.bucket = bucket_});
    }
    if (const Entry* entry = feed_.entry()) return entry;
  }
  return nullptr;
}

void Listing::step() {
  switch (feed_.next(pause_)) {
    case Feed::Heard::message:
      silent_ = false;
      pause_ = Feed::first_pause;
      return follow(ending_.delivered(feed_.delivery().sequence, feed_.delivery().pending));
    case Feed::Heard::nothing:
      pause_ = std::min<Feed::Clock::duration>(pause_ * 2, Feed::longest_pause);
      bound_silence();
      return follow(ending_.silence());
    case Feed::Heard::restarted:
      return follow(ending_.restarted(feed_.waiting()));
    case Feed::Heard::broken:
      bound_silence();
      return rejoin();
    case Feed::Heard::ignored:
    case Feed::Heard::descriptor:
      return bound_silence();
  }
}

void Listing::follow(Ending::Ask ask) {
  while (ask != Ending::Ask::more && ask != Ending::Ask::end) {
    switch (ask) {
      case Ending::Ask::stream:
        ask = ask_stream();
        break;
      case Ending::Ask::consumer:
        ask = ask_consumer();
        break;
      default:
        feed_.restart(session_.starting());
        ask = ending_.restarted(feed_.waiting());
    }
  }
}

Ending::Ask Listing::ask_stream() {
  const auto now = feed_.look(session_.timeout());
  require_same(bucket_, {.created = stream_.created, .revision = feed_.last()}, now);
  return ending_.stream_at(now.last);
}

Ending::Ask Listing::ask_consumer() {
  bound_silence();
  try {
    return feed_.ask_consumer(ending_);
  } catch (const nats::Error& error) {
    if (error.code != nats::code::consumer_not_found) throw;
  }
  rejoin();
  return Ending::Ask::more;
}

// Reads the bucket's state again and continues after the last revision that came.
void Listing::rejoin() {
  const auto now = feed_.look(session_.timeout());
  require_same(bucket_, {.created = stream_.created, .revision = feed_.last()}, now);
  feed_.start(now, {.latest = !history_, .after = feed_.last()}, session_.starting());
  follow(ending_.restarted(now.last, feed_.waiting()));
}

// A listing that gets no messages ends, however often another consumer is created meanwhile (missing
// heartbeats, a wrong count).
void Listing::bound_silence() {
  const auto now = Feed::Clock::now();
  if (!std::exchange(silent_, true)) silent_since_ = now;
  if (now - silent_since_ <= std::chrono::nanoseconds(session_.starting().ns)) return;
  if (!feed_.heard()) throw feed_.nothing_delivered();
  throw nats::Error(NATS_TIMEOUT, 0, "");
}

}  // namespace natskv
