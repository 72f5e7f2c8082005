#include "kv/read/feed.hpp"

#include "kv/explain.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace natskv {
namespace {

constexpr std::chrono::milliseconds flush{5};  // output is flushed after a pause this long
constexpr std::int64_t again_ms = 50;  // before another consumer, if this one delivered nothing useful

// The stop descriptor, and those that the caller waits for.
class Beside {
 public:
  Beside(const Stop& stop, std::span<const pollfd> others) : count_(std::min(others.size(), most) + 1) {
    fds_[0] = {stop.descriptor(), POLLIN, 0};
    std::copy_n(others.begin(), count_ - 1, fds_.begin() + 1);
  }
  std::span<pollfd> all() { return {fds_.data(), count_}; }
  /// Whether one of the caller's is ready; the caller's own array says which.
  bool tell(std::span<pollfd> others) const {
    std::copy_n(fds_.begin() + 1, count_ - 1, others.begin());
    return std::any_of(others.begin(), others.end(), [](const pollfd& fd) { return fd.revents != 0; });
  }

 private:
  static constexpr std::size_t most = 7;  // one less than a mailbox takes
  std::array<pollfd, most + 1> fds_{};
  std::size_t count_;
};

}  // namespace

Feed::Feed(Session& session, std::string bucket, ReadOptions options)
    : session_(session),
      bucket_(std::move(bucket)),
      options_(std::move(options)),
      reader_(bucket_, options_.values) {}

Feed::Starting::Starting(Session& session, const std::string& bucket)
    : session_(session), waiting_(session.notices().waiting(fmt::format("reading bucket \"{}\" …", bucket))) {
  session_.connection();
  session_.arm_deadline(session_.starting());
}

Feed::Starting::~Starting() { session_.lift_deadline(); }

StreamState Feed::look(Span wait) {
  losses_.at_look = session_.wire().losses();  // losses from now on count separately
  auto stream = read_stream_state(bucket_, session_.api("STREAM.INFO.KV_" + bucket_, {}, wait));
  if (!stream.is_bucket) throw no_key_value(bucket_);
  return stream;
}

void Feed::start(const StreamState& stream, Start start, Span wait) {
  named_ = stream.since_2_9;
  old_server_ = !stream.since_2_10;
  if (!window_) {
    // "Headers only" adds a size header to each message, which nats.c parses into a table: small values are
    // cheaper.
    constexpr std::uint64_t small = 256;
    with_values_ = options_.values || stream.bytes <= small * stream.messages;
    window_.emplace(stream, options_.slow, options_.most_waiting, with_values_);
  }
  reader_.select(Selection(options_.patterns, stream.prefix), with_values_);
  // With one revision per key every message is the latest, and an old server starts "all" at once.
  latest_ = start.latest && stream.history > 1;
  live_ = start.live;
  last_ = std::max(start.after, options_.after);
  restart(wait);
  losses_.at_start = losses_.at_look;
}

ConsumerSpec Feed::spec(std::uint64_t after, bool latest) const {
  return {.stream = "KV_" + bucket_,
          .filter = reader_.selection().filter(),
          .values = with_values_,
          .latest = latest,
          .after = after,
          // Before 2.10 a server that waits for an acknowledgement skips the latest message that was next
          // (getNextMsg).
          .window = latest && old_server_ ? 0 : window_->size(),
          .named = named_};
}

void Feed::restart(Span wait) {
  heard_ = heard();
  consumer_.reset();
  received_ = 0;
  window_->restart();
  consumer_.emplace(session_, spec(last_, latest_), wait);
  reader_.expect(options_.deltas && !selection().exact() ? count_asked_for(wait) : std::nullopt);
  if (consumer_->window() == 0) return;
  if (consumer_->window() < window_->size()) ack_limit_ = consumer_->window();
  window_->lower_to(consumer_->window());
}

Ending::Ask Feed::ask_consumer(Ending& ending) {
  try {
    if (may_ask_consumer_) {
      const auto state = consumer_->state(session_.timeout());
      return ending.consumer_at(state.delivered, state.pending);
    }
  } catch (const nats::Error& error) {
    if (error.status != NATS_NOT_PERMITTED) throw;
    may_ask_consumer_ = false;
  }
  return ending.heartbeat_at(consumer_->heartbeat().delivered, consumer_->heartbeat().looked_through);
}

void Feed::only_new() {
  latest_ = false;
  live_ = true;
}

std::uint64_t Feed::count_after(std::uint64_t revision, Span wait) {
  ConsumerSpec all = spec(revision, false);
  all.filter = reader_.selection().prefix() + ">";
  all.values = false;
  all.window = 0;
  return natskv::count_messages(session_, std::move(all), wait);
}

// nullopt where the server, or a limit of the account, refuses it: the listing itself may go on.
std::optional<std::uint64_t> Feed::count_asked_for(Span wait) {
  const auto filters = selection().counted();
  if (filters.empty()) return std::nullopt;
  ConsumerSpec part = spec(last_, latest_);
  part.values = false;
  part.window = 0;
  std::int64_t sum = 0;
  try {
    for (const auto& [filter, times] : filters) {
      part.filter = filter;
      sum += times * static_cast<std::int64_t>(natskv::count_messages(session_, part, wait));
    }
  } catch (const nats::Error& error) {
    if (error.code == 0 && error.status != NATS_NOT_PERMITTED) throw;
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(std::max<std::int64_t>(sum, 0));
}

Failure Feed::nothing_delivered() {
  return {
      Exit::unreachable,
      fmt::format("bucket \"{}\": the server answers, but nothing that it delivers arrives", bucket_),
      "an account that imports JetStream needs an inbox that the exporting account can reach: --inbox-prefix",
      {bucket_}};
}

std::uint64_t Feed::looked_through() const {
  if (!consumer_ || consumer_->heartbeat().delivered != received_) return 0;
  return consumer_->heartbeat().looked_through;
}

void Feed::end_if_stopped() {
  if (!session_.stop()) return;
  if (idle_) idle_();
  throw explain(session_, nats::Error(NATS_TIMEOUT, 0, ""), {.bucket = bucket_});
}

Feed::Heard Feed::next(Clock::duration pause, Clock::time_point until, std::span<pollfd> others) {
  end_if_stopped();
  entry_ = nullptr;
  if (!consumer_) {
    restart(session_.starting());
    return Heard::restarted;
  }
  // Queued messages are dropped and requested again.
  if (!live_ && !(latest_ && old_server_) && window_->look_at(received_) &&
      window_->too_slow(received_, consumer_->queued_bytes())) {
    restart(session_.starting());
    return Heard::restarted;
  }
  nats::Message message;
  auto heard = consumer_->next(message, {});
  if (heard == Consumer::Heard::message) return take(std::move(message));
  Beside beside(session_.stop(), others);
  if (!live_) heard = consumer_->next(message, Clock::now() + flush, beside.all());
  if (heard == Consumer::Heard::nothing && !consumer_->lost()) {
    if (idle_) idle_();
    heard = consumer_->next(message, std::min(until, Clock::now() + pause), beside.all());
  }
  if (heard == Consumer::Heard::message) return take(std::move(message));
  end_if_stopped();
  if (heard == Consumer::Heard::descriptor && beside.tell(others)) return Heard::descriptor;
  return ended();
}

// Nothing came: is the connection up, is reading allowed, does the consumer exist?
Feed::Heard Feed::ended() {
  if (const auto refused = session_.wire().reading_refused())
    throw explain(session_, nats::Error(NATS_NOT_PERMITTED, 0, *refused), {.bucket = bucket_});
  if (session_.wire().closed())
    throw explain(session_, nats::Error(NATS_CONNECTION_CLOSED, 0, ""), {.bucket = bucket_});
  if (consumer_->window() > 0 && consumer_->unable_to_acknowledge()) {
    if (window_->required())
      throw explain(session_,
                    nats::Error(NATS_NOT_PERMITTED, 0, "Permissions Violation for Publish to \"$JS.ACK.>\""),
                    {.bucket = bucket_});
    window_->give_up();
    restart(session_.starting());
    return Heard::restarted;
  }
  return connection_lost() || consumer_->lost() || consumer_->silent() ? Heard::broken : Heard::nothing;
}

Feed::Heard Feed::take(nats::Message message) {
  if (!reader_.read_delivery(message.get(), delivery_)) return Heard::ignored;
  if (delivery_.order != received_ + 1) {  // a message was lost
    // If even the first delivery is out of order, pause before retrying: the next consumer may fail the same
    // way.
    if (received_ == 0) nats_Sleep(again_ms);
    return Heard::broken;
  }
  ++received_;
  reader_.keep(std::move(message));
  if (delivery_.sequence <= last_) return Heard::message;  // already came from an earlier consumer
  last_ = delivery_.sequence;
  entry_ = reader_.read(delivery_);
  return Heard::message;
}

Delivered try_watching(Session& session, const std::string& bucket, std::vector<Pattern> patterns) {
  constexpr std::chrono::milliseconds step{100};
  Feed feed(session, bucket, {.patterns = std::move(patterns), .values = false, .slow = true});
  try {
    {
      const Feed::Starting starting(session, bucket);
      const auto stream = feed.look(session.starting());
      feed.start(stream, {.after = stream.last, .live = true}, session.starting());
    }
    const auto until = Feed::Clock::now() + Feed::least_patience;
    while (!feed.heard() && Feed::Clock::now() < until) (void)feed.next(step);
  } catch (const nats::Error& error) {
    throw explain(session, error, {.bucket = bucket});
  }
  if (!feed.heard()) throw feed.nothing_delivered();
  return {feed.ack_limit()};
}

}  // namespace natskv
