#include "kv/watch.hpp"

#include "base/pattern.hpp"
#include "kv/config.hpp"
#include "kv/explain.hpp"
#include "kv/trace.hpp"
#include "output/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace natskv {
namespace {

constexpr std::int64_t slice_ms = 200;
constexpr std::int64_t heartbeat_ns = 2'000'000'000;

std::uint64_t number(const nlohmann::ordered_json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

}  // namespace

EntryStream::EntryStream(Session& session, std::string bucket, Listing listing)
    : session_(session), bucket_(std::move(bucket)), listing_(std::move(listing)) {
  if (listing_.live) session_.keep_reconnecting();
  session_.connection();
  session_.arm_deadline(session_.starting());
  // While it starts, a violation ends the waiting at once; from then on it is looked at, for neither a watch
  // nor the writes behind a listing may lose the connection to one refused key.
  const bool fail_fast = session_.link().fail_fast;
  session_.link().fail_fast = !listing_.live;
  open();
  session_.link().fail_fast = fail_fast && !listing_.live;
  session_.lift_deadline();
  last_sign_ = Clock::now();
}

EntryStream::~EntryStream() = default;

void EntryStream::open() {
  Link& link = session_.link();
  // Looked at before the request: what happens after it is trouble of its own.
  disconnects_ = link.disconnects;
  reconnects_ = link.reconnects;
  missed_heartbeats_ = link.missed_heartbeats;
  try {
    read_stream(session_.api("STREAM.INFO.KV_" + bucket_, {}, session_.starting()));
    subscribe();
  } catch (const nats::Error& error) {
    throw explain(session_, error, {.bucket = bucket_});
  }
}

void EntryStream::read_stream(const nlohmann::ordered_json& info) {
  const auto& config = info.at("config");
  if (!is_bucket(bucket_, config)) throw no_key_value(bucket_);
  const auto& state = info.at("state");
  const std::uint64_t last = number(state, "last_seq");
  const auto created = info.value("created", std::string());
  history_limit_ = config.value("max_msgs_per_subject", std::int64_t{0});
  if (history_limit_ < 1) throw no_key_value(bucket_);
  if (prefix_.empty()) {
    std::string origin = bucket_;
    if (const auto mirror = config.find("mirror"); mirror != config.end() && mirror->is_object()) {
      const auto stream = mirror->value("name", std::string());
      if (stream.starts_with("KV_")) origin = stream.substr(3);
    }
    prefix_ = fmt::format("$KV.{}.", origin);
    filter_ = prefix_ + common(listing_.patterns);
    // A key that holds * or > as it stands is a filter that lets others through.
    filter_here_ =
        listing_.patterns.size() > 1 || (listing_.patterns.size() == 1 && !listing_.patterns[0].wild &&
                                         filter_.find_first_of("*>") != std::string::npos);
    created_ = created;
    start_last_ = last;
    if (const auto ts = info.find("ts"); ts != info.end() && ts->is_string()) {
      server_time_ = text::from_rfc3339(ts->get<std::string>()).value_or(Instant{});
    }
    if (listing_.from && *listing_.from > last + 1) {
      throw Failure(Exit::not_found,
                    fmt::format("bucket \"{}\" has no revision {} yet, the last one is {}", bucket_,
                                *listing_.from, last),
                    {}, {bucket_, {}, *listing_.from});
    }
    if (listing_.from) last_ = *listing_.from - 1;
    if (!listing_.current && !listing_.from) last_ = last;
    return;
  }
  if (created != created_ || last < last_) {
    session_.notices().warn(
        fmt::format("bucket \"{}\" was made anew; starting from its current values", bucket_));
    created_ = created;
    last_ = 0;
    caught_up_ = false;
    listing_.current = true;
    listing_.from.reset();
    return;
  }
  const std::uint64_t first = number(state, "first_seq");
  if (number(state, "messages") == 0 && last > 0 && last_ > 0 && first > last) {
    session_.notices().warn(fmt::format("bucket \"{}\" was emptied", bucket_));
  }
  gap_first_ = gap_last_ = 0;
  gap_from_ = last_ + 1;
  gap_upto_ = last;
  if (listing_.patterns.empty() || gap_from_ > last || in_snapshot_) return;
  // With a filter the missing ones can't be told from other keys' revisions.
  if (first > gap_from_ || number(state, "num_deleted") > 0) {
    session_.notices().warn(
        fmt::format("bucket \"{}\": of the revisions {} to {} those that it no longer keeps were missed",
                    bucket_, gap_from_, last));
  }
  gap_upto_ = 0;
}

void EntryStream::subscribe() {
  subscription_.reset();
  in_snapshot_ = !caught_up_ && listing_.current && !listing_.from && !listing_.history;
  jsSubOptions options;
  nats::check(jsSubOptions_Init(&options));
  const std::string stream = "KV_" + bucket_;
  options.Stream = stream.c_str();
  options.Ordered = true;
  options.Config.Heartbeat = heartbeat_ns;
  options.Config.HeadersOnly = !listing_.values;
  options.Config.InactiveThreshold = 30'000'000'000;
  if (in_snapshot_ && history_limit_ > 1) {
    options.Config.DeliverPolicy = js_DeliverLastPerSubject;
  } else if (last_ > 0) {
    // Never DeliverNew: nats.c 3.4 replays everything when such a consumer is reset before its first message.
    options.Config.DeliverPolicy = js_DeliverByStartSequence;
    options.Config.OptStartSeq = last_ + 1;
  } else {
    // With one revision a key this is the same as the last of each, and the old server starts it at once.
    options.Config.DeliverPolicy = js_DeliverAll;
  }
  jsOptions wait;
  nats::check(jsOptions_Init(&wait));
  wait.Wait = (caught_up_ ? session_.timeout() : session_.starting()).ms();
  natsSubscription* raw = nullptr;
  jsErrCode code{};
  jsCtx* js = session_.jetstream();
  Asking asking(session_, {.subject = session_.api_subject("CONSUMER.CREATE." + stream) + " for " + filter_,
                           .function = "js_SubscribeSync"});
  const auto status = js_SubscribeSync(&raw, js, filter_.c_str(), &wait, &options, &code);
  asking.ended(status, static_cast<int>(code));
  subscription_.reset(raw);
  nats::check(status, static_cast<int>(code));
  nats::check(natsSubscription_SetPendingLimits(raw, -1, -1));
  received_ = 0;
  check_caught_up();
}

// What the consumer still holds: an empty start, the server's clock, and a count that lost its last message
// (overwritten while it was on its way).
void EntryStream::check_caught_up() {
  jsConsumerInfo* info = nullptr;
  jsErrCode code{};
  jsOptions wait;
  nats::check(jsOptions_Init(&wait));
  wait.Wait = session_.timeout().ms();
  const auto status = natsSubscription_GetConsumerInfo(&info, subscription_.get(), &wait, &code);
  if (status != NATS_OK) {
    if (listing_.live) return;  // a reset is under way; heartbeats watch over it
    throw explain(session_, nats::error(status, static_cast<int>(code)), {.bucket = bucket_});
  }
  if (total_ == 0) total_ = info->NumPending + info->Delivered.Consumer;
  if (server_time_.ns == 0) server_time_ = Instant{info->Created};
  int waiting = 0;
  natsSubscription_GetPending(subscription_.get(), &waiting, nullptr);
  if (info->NumPending == 0 && waiting == 0 && info->Delivered.Consumer <= received_) caught_up_ = true;
  jsConsumerInfo_Destroy(info);
}

const Entry* EntryStream::next_current() {
  while (!caught_up_) {
    if (auto message = receive()) {
      if (const Entry* entry = take(std::move(message))) return entry;
    } else if (!caught_up_ && !away_) {
      check_silence();
    }
  }
  return nullptr;
}

const Entry* EntryStream::next() {
  while (true) {
    if (auto message = receive()) {
      if (const Entry* entry = take(std::move(message))) return entry;
    }
  }
}

nats::Message EntryStream::receive() {
  natsMsg* raw = nullptr;
  natsStatus status = NATS_TIMEOUT;
  if (subscription_) {
    status = natsSubscription_NextMsg(&raw, subscription_.get(), caught_up_ ? 0 : 5);
    if (status == NATS_OK) return nats::Message(raw);
    if (idle_) idle_();
    if (!caught_up_ || status == NATS_TIMEOUT) {
      status = natsSubscription_NextMsg(&raw, subscription_.get(), slice_ms);
    }
    if (status == NATS_OK) return nats::Message(raw);
  }
  if (session_.stop()) throw explain(session_, nats::Error(status, 0, ""), {.bucket = bucket_});
  idle_slice();
  if (status != NATS_TIMEOUT) {
    // Nothing to wait in: the connection is down or the subscription gone.
    if (!listing_.live) throw explain(session_, nats::error(status), {.bucket = bucket_});
    nats_Sleep(slice_ms / 4);
  }
  return {};
}

const Entry* EntryStream::take(nats::Message message) {
  Delivery delivery;
  const char* reply = natsMsg_GetReply(message.get());
  if (reply == nullptr || !read_reply(reply, delivery)) return nullptr;
  held_ = std::move(message);
  ++received_;
  pending_ = delivery.pending;
  if (!listing_.live || !caught_up_) last_sign_ = Clock::now();
  if (delivery.pending == 0) caught_up_ = true;
  if (delivery.sequence <= last_) return nullptr;  // seen before the subscription was made anew
  if (gap_upto_ != 0) report_missed(delivery.sequence);
  last_ = delivery.sequence;
  std::string_view subject = natsMsg_GetSubject(held_.get());
  if (!subject.starts_with(prefix_)) return nullptr;
  subject.remove_prefix(prefix_.size());
  if (filter_here_ && std::none_of(listing_.patterns.begin(), listing_.patterns.end(),
                                   [&](const auto& pattern) { return means(pattern, subject); })) {
    return nullptr;
  }
  read_entry(held_.get(), !listing_.values, entry_);
  entry_.bucket = bucket_;
  entry_.key = subject;
  entry_.revision = delivery.sequence;
  entry_.created = delivery.time;
  entry_.delta = delivery.pending;
  return &entry_;
}

// Between two events: is the connection there, is the bucket, did we stop?
void EntryStream::idle_slice() {
  Link& link = session_.link();
  if (const auto refused = session_.refused_reading()) {
    throw explain(session_, nats::Error(NATS_NOT_PERMITTED, 0, *refused), {.bucket = bucket_});
  }
  if (!listing_.live) {
    if (link.missed_heartbeats != missed_heartbeats_) check_silence();
    return;
  }
  if (link.closed) throw explain(session_, nats::Error(NATS_CONNECTION_CLOSED, 0, ""), {.bucket = bucket_});
  if (link.disconnects != disconnects_ && !away_) away();
  if (away_ && listing_.max_disconnect &&
      Clock::now() - away_since_ > std::chrono::nanoseconds(listing_.max_disconnect->ns)) {
    throw Failure(
        Exit::unreachable,
        fmt::format("bucket \"{}\": no connection for {} ms", bucket_, listing_.max_disconnect->ms()), {},
        {bucket_, {}, 0});
  }
  const bool back = away_ && link.reconnects != reconnects_;
  const bool silent = !away_ && link.missed_heartbeats != missed_heartbeats_;
  if (back || silent || (!away_ && !subscription_)) after_trouble();
}

void EntryStream::away() {
  away_ = true;
  away_since_ = Clock::now();
  session_.notices().warn(
      fmt::format("connection to {} lost, trying to reconnect", config::shown(session_.settings().servers)));
}

void EntryStream::after_trouble() {
  try {
    const int disconnects = session_.link().disconnects;
    const int reconnects = session_.link().reconnects;
    read_stream(session_.api("STREAM.INFO.KV_" + bucket_, {}, std::min(session_.timeout(), seconds(2))));
    subscribe();
    if (away_) session_.notices().warn("connected again");
    away_ = false;
    disconnects_ = disconnects;
    reconnects_ = reconnects;
    missed_heartbeats_ = session_.link().missed_heartbeats;
  } catch (const nats::Error& error) {
    constexpr int stream_not_found = 10059;
    if (error.code == stream_not_found) {
      throw Failure(Exit::not_found, fmt::format("bucket \"{}\" was deleted", bucket_), {}, {bucket_, {}, 0});
    }
    subscription_.reset();  // tried again after the next slice
    if (session_.stop()) throw explain(session_, error, {.bucket = bucket_});
  } catch (const nlohmann::json::exception&) {
    subscription_.reset();
  }
}

// A listing that says nothing for as long as the timeout: the server is asked what is left.
void EntryStream::check_silence() {
  const auto silent = Clock::now() - last_sign_;
  if (silent > std::chrono::nanoseconds(session_.starting().ns)) {
    throw explain(session_, nats::Error(NATS_TIMEOUT, 0, ""), {.bucket = bucket_});
  }
  // A slice without a message is rare in a listing: what is left is worth a request.
  if (subscription_) check_caught_up();
}

// After a reconnect: revisions up to gap_upto_ that were not delivered are no longer kept.
void EntryStream::report_missed(std::uint64_t sequence) {
  const std::uint64_t end = std::min(sequence - 1, gap_upto_);
  if (end > last_ && !in_snapshot_) {
    session_.notices().warn(
        end == last_ + 1
            ? fmt::format("bucket \"{}\": revision {} is no longer kept and was missed", bucket_, end)
            : fmt::format("bucket \"{}\": revisions {} to {} are no longer kept and were missed", bucket_,
                          last_ + 1, end));
  }
  if (sequence >= gap_upto_) gap_upto_ = 0;
}

}  // namespace natskv
