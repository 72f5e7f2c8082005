#include "kv/read/watch.hpp"

#include "kv/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace natskv {
namespace {

constexpr std::size_t most_waiting = std::size_t{8} << 20U;  // while the reader is busy

}  // namespace

Watch::Watch(Session& session, std::string bucket, WatchOptions options)
    : session_(session),
      bucket_(std::move(bucket)),
      options_(std::move(options)),
      feed_(session, bucket_, options_.read),
      pause_(Feed::first_pause) {
  session_.keep_reconnecting();
  const Feed::Starting starting(session_, bucket_);
  try {
    begin(feed_.look(session_.starting()));
  } catch (const nats::Error& error) {
    // The library reports a lost connection later than the failed call.
    const bool lost = (feed_.connection_lost() || error.connection_lost()) && !session_.stop();
    if (!lost || before_.created.empty()) throw explain(session_, error, {.bucket = bucket_});
    broken_ = true;  // it continues when the connection is restored
  }
}

void Watch::begin(const StreamState& stream) {
  if (options_.resume) {
    before_ = *options_.resume;
    before_.start = before_.revision;
    const auto outcome = compare(before_, stream);
    if (const auto* anew = std::get_if<StartAnew>(&outcome)) return start_anew(stream, *anew);
    options_.from = before_.revision + 1;
    return go_on(stream, std::get<GoOn>(outcome));
  }
  before_ = {.created = stream.created, .start = stream.last, .keys = stream.keys};
  if (options_.from && *options_.from > stream.last + 1) {
    throw Failure(Exit::not_found,
                  fmt::format("bucket \"{}\" has no revision {} yet, the last one is {}", bucket_,
                              *options_.from, stream.last),
                  {}, {bucket_, {}, *options_.from});
  }
  if (options_.from)
    before_.revision = *options_.from - 1;
  else if (!options_.current)
    before_.revision = stream.last;
  const bool latest = options_.current && !options_.from && !options_.read.history;
  start(stream, {.latest = latest, .after = before_.revision});
}

void Watch::start(const StreamState& stream, Feed::Start start) {
  started_ = Clock::now();
  feed_.start(stream, start, start.live ? session_.timeout() : session_.starting());
  broken_ = false;
  stream_ = stream;
  if (stream_.time.ns == 0) stream_.time = feed_.consumer()->start().created;
  const bool first = !feed_.heard();
  const auto ask =
      first ? ending_.started(stream.last, feed_.waiting()) : ending_.restarted(stream.last, feed_.waiting());
  if (feed_.waiting() == 0) {
    missed_.end();
    report_missed();
  }
  if (!caught_up_) follow(ask);
}

std::optional<Before> Watch::given() const {
  if (!caught_up_ && before_.revision == 0) return std::nullopt;
  // What there was at the start has come when the current entries have, also where the last ones were not
  // asked for.
  return Before{.created = before_.created,
                .revision = caught_up_ ? std::max(before_.revision, before_.start) : before_.revision};
}

std::optional<Before> Watch::passed() const {
  auto before = given();
  if (caught_up_) before->revision = std::max(before->revision, feed_.looked_through());
  return before;
}

void Watch::relieve() {
  if (feed_.consumer() == nullptr || feed_.consumer()->queued_bytes() <= most_waiting) return;
  feed_.let_go();
  broken_ = true;
}

Watch::Got Watch::wait(Clock::time_point until, std::span<pollfd> others) {
  while (true) {
    if (std::exchange(anew_, false)) return Got::anew;
    if (caught_up_ && !std::exchange(told_, true)) return Got::caught_up;
    try {
      if (const auto got = step(until, others)) return *got;
    } catch (const nats::Error& error) {
      if (error.status == NATS_NOT_PERMITTED || session_.stop())
        throw explain(session_, error, {.bucket = bucket_});
      broken_ = true;
    }
  }
}

std::optional<Watch::Got> Watch::step(Clock::time_point until, std::span<pollfd> others) {
  if (broken_) return retry(until, others);
  switch (feed_.next(caught_up_ ? Feed::longest_pause : pause_, until, others)) {
    case Feed::Heard::message:
      pause_ = Feed::first_pause;
      try {
        on_message();
      } catch (const nats::Error&) {
        // What it made us ask is asked again; it has come, and does not come a second time.
        if (feed_.entry() == nullptr) throw;
        broken_ = true;
      }
      return feed_.entry() != nullptr ? std::optional(Got::entry) : std::nullopt;
    case Feed::Heard::nothing:
      if (caught_up_)
        require_delivery();
      else
        on_silence();
      return Clock::now() >= until ? std::optional(Got::time) : std::nullopt;
    case Feed::Heard::restarted:
      if (!caught_up_) follow(ending_.restarted(feed_.waiting()));
      return std::nullopt;
    case Feed::Heard::broken:
      require_delivery();
      broken_ = true;
      return std::nullopt;
    case Feed::Heard::descriptor:
      return Got::descriptor;
    case Feed::Heard::ignored:
      return std::nullopt;
  }
  return std::nullopt;
}

void Watch::on_message() {
  const Delivery& delivery = feed_.delivery();
  const auto shown = std::exchange(before_.revision, feed_.last());
  before_.keys = std::max<std::uint64_t>(before_.keys, 1);
  // After a pause without heartbeats that ended: the servers may have had an outage of their own.
  if (caught_up_ && feed_.consumer()->heartbeat_missed()) {
    if (feed_.selection().all_keys())
      missed_.expect(shown, shown);
    else
      report_unseen(shown, delivery.sequence);
  }
  if (delivery.sequence > shown) missed_.saw(delivery.sequence);
  if (delivery.pending == 0 || delivery.order == feed_.waiting()) missed_.end();
  report_missed();
  const auto ask = ending_.delivered(delivery.sequence, delivery.pending);
  if (!caught_up_) follow(ask);
}

void Watch::on_silence() {
  pause_ = std::min<Clock::duration>(pause_ * 2, Feed::longest_pause);
  require_delivery();
  follow(ending_.silence());
}

void Watch::follow(Ending::Ask ask) {
  using Ask = Ending::Ask;
  while (ask == Ask::stream || ask == Ask::consumer || ask == Ask::restart) {
    if (ask == Ask::consumer) {
      ask = feed_.ask_consumer(ending_);
    } else if (ask == Ask::restart) {
      feed_.restart(session_.starting());
      ask = ending_.restarted(feed_.waiting());
    } else {
      const auto now = feed_.look(session_.timeout());
      // The bucket was recreated: rejoin() reports that and starts again.
      if (!std::holds_alternative<GoOn>(compare(before_, now))) broken_ = true;
      ask = broken_ ? Ask::more : ending_.stream_at(now.last);
    }
  }
  if (ask != Ask::end || caught_up_) return;
  caught_up_ = true;
  told_ = false;
  feed_.only_new();
}

}  // namespace natskv
