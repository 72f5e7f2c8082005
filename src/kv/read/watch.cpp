#include "kv/read/watch.hpp"

#include "base/pattern.hpp"
#include "base/text.hpp"
#include "kv/admin/config.hpp"
#include "kv/explain.hpp"
#include "kv/read/watched.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {
namespace {

constexpr std::int64_t slice_ms = 80;    // between two looks at the connection
constexpr std::int64_t listing_ms = 45;  // between two looks at a listing that says nothing
constexpr std::int64_t flush_ms = 5;     // a pause this long and what was written goes out
constexpr std::int64_t again_ms = 50;    // before a consumer that delivered nothing of use is made anew

// The filter as JSON can hold it: wider where a token is not UTF-8.
std::string wider(const std::string& filter) {
  auto parts = tokens(filter);
  std::replace_if(
      parts.begin(), parts.end(), [](std::string_view part) { return !text::valid_utf8(part); }, "*");
  return fmt::format("{}", fmt::join(parts, "."));
}

// How many messages of that size may wait here in so many MiB, with what nats.c needs for each.
std::int64_t window(std::uint64_t bytes, std::uint64_t mib) {
  constexpr std::uint64_t overhead = 500;
  return static_cast<std::int64_t>(std::max<std::uint64_t>((mib << 20U) / (bytes + overhead), 2));
}

}  // namespace

EntryStream::EntryStream(Session& session, std::string bucket, Listing listing)
    : session_(session),
      bucket_(std::move(bucket)),
      listing_(std::move(listing)),
      pace_(listing_.most_waiting) {
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
  prefix_ = stream.prefix;
  const std::string narrowest = common(listing_.patterns);
  const std::string sayable = wider(narrowest);
  filter_ = prefix_ + sayable;
  // A key that holds * or > as it stands is a filter that lets others through, as one that is not UTF-8.
  filter_here_ = listing_.patterns.size() > 1 || sayable != narrowest ||
                 (listing_.patterns.size() == 1 && !listing_.patterns[0].wild &&
                  filter_.find_first_of("*>") != std::string::npos);
  names_known_ = stream.knows_names;
  created_ = stream.created;
  start_last_ = target_ = stream.last;
  // Headers only means a size header in each, which nats.c reads into a table: small values are cheaper.
  constexpr std::uint64_t small = 256;
  with_values_ = listing_.values || stream.bytes <= small * stream.messages;
  const auto average = with_values_ ? stream.bytes / std::max<std::uint64_t>(stream.messages, 1) : 0;
  look_every_ = std::clamp<std::uint64_t>((std::uint64_t{1} << 20U) / (average + 1), 1, 64);
  if (listing_.slow)
    window_ = window(average, 4);
  else
    narrow_ = window(average, 8);
  // Servers refuse such a stream's ordered consumers.
  window_needed_ = stream.most_unacknowledged > 0;
  if (window_needed_) {
    window_ = window_ > 0 ? std::min(window_, stream.most_unacknowledged) : stream.most_unacknowledged;
    narrow_ = 0;
  }
  subjects_ = stream.subjects;
  empty_ = stream.messages == 0;
  server_time_ = stream.time;
  old_server_ = stream.time.ns == 0;
  if (listing_.from && *listing_.from > stream.last + 1) {
    throw Failure(Exit::not_found,
                  fmt::format("bucket \"{}\" has no revision {} yet, the last one is {}", bucket_,
                              *listing_.from, stream.last),
                  {}, {bucket_, {}, *listing_.from});
  }
  if (listing_.from) last_ = *listing_.from - 1;
  if (!listing_.current && !listing_.from) last_ = stream.last;
}

void EntryStream::consume(Span wait) {
  const bool snapshot = !caught_up_ && listing_.current && !listing_.from && !listing_.history;
  consumer_.reset();
  received_ = 0;
  rounds_ = 0;
  silent_looks_ = 0;
  pace_.restart();
  // With one revision a key all messages are the latest of each, and an old server starts that at once.
  const bool latest = snapshot && history_limit_ > 1;
  // Before 2.10 a server that waits for an acknowledgement loses the latest message that was next
  // (getNextMsg).
  const bool unbounded = latest && old_server_;
  may_narrow_ = !unbounded;
  consumer_.emplace(session_,
                    Reading{.stream = "KV_" + bucket_,
                            .filter = filter_,
                            .values = with_values_,
                            .latest = latest,
                            .after = last_,
                            .window = unbounded ? 0 : window_,
                            .named = names_known_},
                    wait);
  if (window_ > 0 && consumer_->window() > 0) window_ = consumer_->window();
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

void EntryStream::end_if_stopped(natsStatus status) {
  if (!session_.stop()) return;
  if (idle_) idle_();
  throw explain(session_, nats::Error(status, 0, ""), {.bucket = bucket_});
}

void EntryStream::let_go() {
  consumer_.reset();
  let_go_ = true;
}

const Entry* EntryStream::step() {
  end_if_stopped(NATS_TIMEOUT);
  if (std::exchange(let_go_, false)) start_again(window_);
  if (narrow_ > 0 && may_narrow_ && received_ % look_every_ == 0 && received_ > 0 && !caught_up_ && consumer_)
    throttle();
  nats::Message message;
  natsStatus status = NATS_INVALID_SUBSCRIPTION;
  if (consumer_) {
    status = consumer_->next(message, caught_up_ ? 0 : flush_ms);
    if (status == NATS_OK) return take(std::move(message));
    if (idle_) idle_();
    if (status == NATS_TIMEOUT) status = consumer_->next(message, caught_up_ ? slice_ms : listing_ms);
    if (status == NATS_OK) return take(std::move(message));
  }
  end_if_stopped(status);
  quiet(status);
  return nullptr;
}

const Entry* EntryStream::take(nats::Message message) {
  Delivery delivery;
  const char* reply = natsMsg_GetReply(message.get());
  if (reply == nullptr || !replies_.read(reply, delivery)) return nullptr;
  if (delivery.order != received_ + 1) {  // something was lost on its way
    bound_silence();
    // The very first is asked for again slowly: the next consumer may do no better.
    if (received_ == 0) nats_Sleep(again_ms);
    broken_ = true;
    mend();
    return nullptr;
  }
  spent_.keep(std::exchange(held_, std::move(message)));
  ++received_;
  heard_ = true;
  empty_ = false;
  if (caught_up_ && listing_.live && consumer_->was_silent()) look_behind(delivery.sequence);
  const Entry* entry = show(delivery);
  const auto& start = consumer_->start();
  if (delivery.pending == 0 || received_ == start.pending + start.delivered) {
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

// Messages that wait are dropped and asked for again, from the last one that was taken. A window costs a
// tenth of the speed.
void EntryStream::throttle() {
  if (pace_.too_slow(received_, consumer_->waiting())) start_again(std::exchange(narrow_, 0));
}

void EntryStream::go_on_without_window() {
  if (window_needed_) {
    throw explain(session_,
                  nats::Error(NATS_NOT_PERMITTED, 0, "Permissions Violation for Publish to \"$JS.ACK.>\""),
                  {.bucket = bucket_});
  }
  start_again(0);
}

void EntryStream::start_again(std::int64_t window) {
  window_ = window;
  try {
    consume(session_.starting());
  } catch (const nats::Error& error) {
    if (!listing_.live) throw explain(session_, error, {.bucket = bucket_});
    broken_ = true;
  }
}

}  // namespace natskv
