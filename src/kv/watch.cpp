#include "kv/watch.hpp"

#include "base/pattern.hpp"
#include "kv/config.hpp"
#include "kv/explain.hpp"
#include "output/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {
namespace {

constexpr std::int64_t slice_ms = 80;    // between two looks at the connection
constexpr std::int64_t listing_ms = 45;  // between two looks at a listing that says nothing
constexpr std::int64_t flush_ms = 5;     // a pause this long and what was written goes out
constexpr int stuck_looks = 20;          // so many in a row, and the server's count is wrong
constexpr int stream_not_found = 10059;  // JetStream API error codes
constexpr int consumer_not_found = 10014;

std::uint64_t number(const nlohmann::ordered_json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

// How many messages of that size may wait here: 4 MiB of them, with what nats.c needs for each.
std::int64_t window(std::uint64_t bytes) {
  constexpr std::uint64_t room = std::uint64_t{4} << 20U, overhead = 500;
  return static_cast<std::int64_t>(std::max<std::uint64_t>(room / (bytes + overhead), 2));
}

}  // namespace

struct EntryStream::Stream {
  Stream(const std::string& bucket, const nlohmann::ordered_json& info)
      : genuine(is_bucket(bucket, info.at("config"))),
        created(info.value("created", std::string())),
        history(info.at("config").value("max_msgs_per_subject", std::int64_t{0})),
        first(number(info.at("state"), "first_seq")),
        last(number(info.at("state"), "last_seq")),
        messages(number(info.at("state"), "messages")),
        subjects(number(info.at("state"), "num_subjects")),
        bytes(number(info.at("state"), "bytes")) {
    const auto& config = info.at("config");
    if (const auto mirror = config.find("mirror"); mirror != config.end() && mirror->is_object()) {
      const auto stream = mirror->value("name", std::string());
      if (stream.starts_with("KV_")) origin = stream.substr(3);
    }
    if (const auto limits = config.find("consumer_limits"); limits != config.end() && limits->is_object())
      most_unacknowledged = static_cast<std::int64_t>(number(*limits, "max_ack_pending"));
    if (const auto ts = info.find("ts"); ts != info.end() && ts->is_string()) {
      time = text::from_rfc3339(ts->get<std::string>()).value_or(Instant{});
    }
  }

  bool genuine;  // a key-value bucket, not a stream of its name
  std::string created, origin;
  std::int64_t history;
  std::uint64_t first, last, messages, subjects, bytes;
  std::int64_t most_unacknowledged = 0;  // what the stream allows a consumer; 0: says nothing
  Instant time;
};

EntryStream::EntryStream(Session& session, std::string bucket, Listing listing)
    : session_(session), bucket_(std::move(bucket)), listing_(std::move(listing)) {
  if (listing_.live) session_.keep_reconnecting();
  const auto waiting = session_.notices().waiting(fmt::format("reading bucket \"{}\" …", bucket_));
  session_.connection();
  session_.arm_deadline(session_.starting());
  // While it starts, a violation ends the waiting at once; from then on it is looked at, for neither a watch
  // nor the writes behind a listing may lose the connection to one refused key.
  const bool fail_fast = session_.link().fail_fast;
  session_.link().fail_fast = true;
  open();
  session_.link().fail_fast = fail_fast && !listing_.live;
  session_.lift_deadline();
}

EntryStream::~EntryStream() = default;

void EntryStream::open() {
  // Looked at before the requests: what happens after that is trouble of its own.
  disconnects_ = session_.link().disconnects;
  missed_heartbeats_ = session_.link().missed_heartbeats;
  try {
    start_from(Stream(bucket_, session_.api("STREAM.INFO.KV_" + bucket_, {}, session_.starting())));
    consume(session_.starting());
  } catch (const nats::Error& error) {
    // The library tells of a lost connection later than the call that it ended.
    const bool lost =
        (session_.link().disconnects != disconnects_ || error.connection_lost()) && !session_.stop();
    if (!listing_.live || !lost || created_.empty()) throw explain(session_, error, {.bucket = bucket_});
    consumer_.reset();
    return;  // a watch that lost its connection while starting goes on when it is back
  }
  total_ = consumer_->start().pending + consumer_->start().delivered;
  if (server_time_.ns == 0) server_time_ = consumer_->start().created;
}

void EntryStream::start_from(const Stream& stream) {
  if (!stream.genuine) throw no_key_value(bucket_);
  history_limit_ = stream.history;
  prefix_ = fmt::format("$KV.{}.", stream.origin.empty() ? bucket_ : stream.origin);
  filter_ = prefix_ + common(listing_.patterns);
  // A key that holds * or > as it stands is a filter that lets others through.
  filter_here_ =
      listing_.patterns.size() > 1 || (listing_.patterns.size() == 1 && !listing_.patterns[0].wild &&
                                       filter_.find_first_of("*>") != std::string::npos);
  created_ = stream.created;
  start_last_ = target_ = stream.last;
  // Headers only means a size header in each, which nats.c reads into a table: small values are cheaper.
  constexpr std::uint64_t small = 256;
  with_values_ = listing_.values || stream.bytes <= small * stream.messages;
  if (listing_.slow)
    window_ = window(with_values_ ? stream.bytes / std::max<std::uint64_t>(stream.messages, 1) : 0);
  // Servers refuse such a stream's ordered consumers.
  if (const auto most = stream.most_unacknowledged; most > 0)
    window_ = window_ > 0 ? std::min(window_, most) : most;
  subjects_ = stream.subjects;
  empty_ = stream.messages == 0;
  server_time_ = stream.time;
  if (listing_.from && *listing_.from > stream.last + 1) {
    throw Failure(Exit::not_found,
                  fmt::format("bucket \"{}\" has no revision {} yet, the last one is {}", bucket_,
                              *listing_.from, stream.last),
                  {}, {bucket_, {}, *listing_.from});
  }
  if (listing_.from) last_ = *listing_.from - 1;
  if (!listing_.current && !listing_.from) last_ = stream.last;
}

// After an outage. What was shown must still be true of this stream, and what is lost is said.
void EntryStream::go_on_from(const Stream& stream) {
  const bool anew = stream.created != created_ || stream.last < last_;
  // Keys that leave no marker behind: only a purge of everything takes them all (or an expiry).
  const std::uint64_t had = std::max(subjects_, std::uint64_t{empty_ ? 0U : 1U});
  const bool emptied =
      !anew && had > 0 && stream.first > last_ && (stream.subjects < had || stream.last - last_ < had);
  history_limit_ = stream.history;
  subjects_ = stream.subjects;
  empty_ = stream.messages == 0;
  target_ = stream.last;
  if (anew) {
    session_.notices().warn(
        fmt::format("bucket \"{}\" was made anew; starting from its current values", bucket_));
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
  if (filter_ == prefix_ + ">" && !filter_here_)
    missed_.expect(shown, stream.last);
  else
    unseen_ = shown;
}

// With a filter, revisions that do not come may be other keys'. But a key whose kept revisions come and are
// fewer than the bucket keeps of each has lost none.
void EntryStream::report_unseen() {
  const auto shown = std::exchange(unseen_, std::nullopt);
  const auto& start = consumer_->start();
  if (!shown || target_ <= *shown ||
      start.pending + start.delivered < static_cast<std::uint64_t>(history_limit_))
    return;
  session_.notices().warn(
      fmt::format("bucket \"{}\": of the revisions {} to {} those that it no longer keeps were missed",
                  bucket_, *shown + 1, target_));
}

void EntryStream::consume(Span wait) {
  const bool snapshot = !caught_up_ && listing_.current && !listing_.from && !listing_.history;
  consumer_.reset();
  received_ = 0;
  rounds_ = 0;
  silent_looks_ = 0;
  // With one revision a key all messages are the latest of each, and an old server starts that at once.
  consumer_.emplace(session_,
                    Reading{.stream = "KV_" + bucket_,
                            .filter = filter_,
                            .values = with_values_,
                            .latest = snapshot && history_limit_ > 1,
                            .after = last_,
                            .window = window_},
                    wait);
  if (consumer_->start().pending == 0 && consumer_->start().delivered == 0) {
    caught_up_ = true;
    missed_.end();
    report_missed();
  }
}

const Entry* EntryStream::next_current() {
  while (!caught_up_) {
    if (const Entry* entry = step()) return entry;
  }
  return nullptr;
}

const Entry* EntryStream::next() {
  while (true) {
    if (const Entry* entry = step()) return entry;
  }
}

const Entry* EntryStream::step() {
  nats::Message message;
  natsStatus status = NATS_INVALID_SUBSCRIPTION;
  if (consumer_) {
    status = consumer_->next(message, caught_up_ ? 0 : flush_ms);
    if (status == NATS_OK) return take(std::move(message));
    if (idle_) idle_();
    if (status == NATS_TIMEOUT) status = consumer_->next(message, caught_up_ ? slice_ms : listing_ms);
    if (status == NATS_OK) return take(std::move(message));
  }
  if (session_.stop()) throw explain(session_, nats::Error(status, 0, ""), {.bucket = bucket_});
  quiet(status);
  return nullptr;
}

const Entry* EntryStream::take(nats::Message message) {
  Delivery delivery;
  const char* reply = natsMsg_GetReply(message.get());
  if (reply == nullptr || !read_reply(reply, delivery)) return nullptr;
  if (delivery.consumer != consumer_->start().name) {
    broken_ = true;
    mend();
    return nullptr;
  }
  held_ = std::move(message);
  ++received_;
  heard_ = true;
  empty_ = false;
  const Entry* entry = show(delivery);
  if (delivery.pending == 0) {
    missed_.end();
    report_missed();
  }
  if (!caught_up_ && (delivery.sequence >= target_ || (rounds_ == 0 && delivery.pending == 0)))
    look_for_the_end();
  return entry;
}

// While others write, no count of what is pending can be trusted (it lags behind the store), and a key that
// is rewritten before its turn comes again later. So we go on to what is the stream's last revision now, and
// once more to what it is then: a key that is still missing was rewritten in front of us every time.
void EntryStream::look_for_the_end() {
  constexpr int rounds_enough = 10;
  try {
    const Stream stream(bucket_, session_.api("STREAM.INFO.KV_" + bucket_, {}, session_.timeout()));
    if (last_ >= stream.last || ++rounds_ > rounds_enough) {
      caught_up_ = true;
    } else if (stream.last == std::exchange(target_, stream.last)) {
      ask_what_is_left();  // the last revisions are no longer kept, or not of our keys
    }
  } catch (const nats::Error& error) {
    if (!listing_.live) throw explain(session_, error, {.bucket = bucket_});
    broken_ = true;
  }
}

const Entry* EntryStream::show(const Delivery& delivery) {
  if (delivery.sequence <= last_) return nullptr;  // seen before the consumer was made anew
  missed_.saw(delivery.sequence);
  report_missed();
  last_ = delivery.sequence;
  std::string_view subject = natsMsg_GetSubject(held_.get());
  if (!subject.starts_with(prefix_)) return nullptr;
  subject.remove_prefix(prefix_.size());
  if (filter_here_ && std::none_of(listing_.patterns.begin(), listing_.patterns.end(),
                                   [&](const auto& pattern) { return means(pattern, subject); })) {
    return nullptr;
  }
  read_entry(held_.get(), !with_values_, entry_);
  if (!listing_.values) entry_.value = {};
  entry_.bucket = bucket_;
  entry_.key = subject;
  entry_.revision = delivery.sequence;
  entry_.created = delivery.time;
  entry_.delta = delivery.pending;
  return &entry_;
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
    nats_Sleep(slice_ms / 4);
  }
  if (in_trouble()) {
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
    if (state.name != consumer_->start().name) {
      broken_ = true;
    } else if (state.pending == 0) {
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
  return broken_ || !consumer_ || link.disconnects != disconnects_ ||
         link.missed_heartbeats != missed_heartbeats_;
}

// Looks at the bucket again and goes on behind the last revision that was taken. A watch tries for ever, or
// as long as max_disconnect allows.
void EntryStream::mend() {
  Link& link = session_.link();
  const int disconnects = link.disconnects;
  const int missed_heartbeats = link.missed_heartbeats;
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
  missed_heartbeats_ = missed_heartbeats;
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
