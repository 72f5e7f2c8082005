#include "kv/consumer.hpp"

#include "kv/trace.hpp"

#include <algorithm>

namespace natskv {
namespace {

// Silence is noticed after two to four of them, also that of a deleted bucket's consumer.
constexpr std::int64_t heartbeat_ns = 1'000'000'000;

void choose_start(jsConsumerConfig& config, const Reading& reading) {
  if (reading.latest) {
    config.DeliverPolicy = js_DeliverLastPerSubject;
  } else if (reading.after > 0) {
    // Never DeliverNew: nats.c 3.4 replays everything when such a consumer is reset before its first message.
    config.DeliverPolicy = js_DeliverByStartSequence;
    config.OptStartSeq = reading.after + 1;
  } else {
    config.DeliverPolicy = js_DeliverAll;
  }
}

// As an ordered consumer but for the acknowledgements, one of which stands for all before it. Nothing is
// delivered twice.
void choose_window(jsSubOptions& options, std::int64_t window) {
  options.Ordered = window == 0;
  if (window == 0) return;
  options.ManualAck = true;
  options.Config.AckPolicy = js_AckAll;
  options.Config.MaxAckPending = window;
  options.Config.AckWait = std::int64_t{22} * 3600 * 1'000'000'000;
  options.Config.MaxDeliver = 1;
  options.Config.FlowControl = true;
  options.Config.MemoryStorage = true;
  options.Config.Replicas = 1;
}

}  // namespace

Consumer::Consumer(Session& session, const Reading& reading, Span wait)
    : subscription_(nullptr, nats::Retire{&session.retired()}), window_(reading.window) {
  // On a busy machine nats.c may make it anew, with all revisions, before its name can be asked for.
  for (int tries = 10; tries > 0; --tries) {
    subscribe(session, reading, wait);
    session.retired().free_all();
    // The server's flow control bounds what waits here; a limit of ours would drop messages.
    nats::check(natsSubscription_SetPendingLimits(subscription_.get(), -1, -1));
    // A connection that is lost now is noticed by this running out only (nats.c does not end requests).
    start_ = state(std::min(wait, session.timeout()));
    if (!reading.latest || start_.latest) return;
  }
  throw nats::Error(NATS_TIMEOUT, 0, natsStatus_GetText(NATS_TIMEOUT));
}

void Consumer::subscribe(Session& session, const Reading& reading, Span wait) {
  jsSubOptions options;
  nats::check(jsSubOptions_Init(&options));
  options.Stream = reading.stream.c_str();
  choose_window(options, window_);
  options.Config.Heartbeat = heartbeat_ns;
  options.Config.HeadersOnly = !reading.values;
  choose_start(options.Config, reading);
  jsOptions bounds;
  nats::check(jsOptions_Init(&bounds));
  bounds.Wait = wait.ms();
  natsSubscription* raw = nullptr;
  jsErrCode code{};
  jsCtx* js = session.jetstream();
  Asking asking(session, {.subject = session.api_subject("CONSUMER.CREATE." + std::string(options.Stream)) +
                                     " for " + reading.filter,
                          .function = "js_SubscribeSync"});
  const auto status = js_SubscribeSync(&raw, js, reading.filter.c_str(), &bounds, &options, &code);
  asking.ended(status, static_cast<int>(code));
  subscription_.reset(raw);
  nats::check(status, static_cast<int>(code));
}

natsStatus Consumer::next(nats::Message& message, std::int64_t wait_ms) {
  natsMsg* raw = nullptr;
  const auto status = natsSubscription_NextMsg(&raw, subscription_.get(), wait_ms);
  if (status != NATS_OK) return status;
  message.reset(raw);
  if (window_ > 0 && ++unacknowledged_ * 4 >= window_) {
    unacknowledged_ = 0;
    return natsMsg_Ack(raw, nullptr);
  }
  return status;
}

std::size_t Consumer::waiting() const {
  constexpr std::size_t overhead = 320;  // of nats.c for a message: itself, its subject and reply
  int messages = 0;
  int bytes = 0;
  if (natsSubscription_GetPending(subscription_.get(), &messages, &bytes) != NATS_OK) return 0;
  return static_cast<std::size_t>(bytes) + static_cast<std::size_t>(messages) * overhead;
}

Consumer::State Consumer::state(Span wait) {
  jsConsumerInfo* info = nullptr;
  jsErrCode code{};
  jsOptions bounds;
  nats::check(jsOptions_Init(&bounds));
  bounds.Wait = wait.ms();
  const auto status = natsSubscription_GetConsumerInfo(&info, subscription_.get(), &bounds, &code);
  nats::check(status, static_cast<int>(code));
  State state{.pending = info->NumPending,
              .delivered = info->Delivered.Consumer,
              .created = Instant{info->Created},
              .name = info->Name == nullptr ? "" : info->Name,
              .latest = info->Config != nullptr && info->Config->DeliverPolicy == js_DeliverLastPerSubject};
  jsConsumerInfo_Destroy(info);
  return state;
}

}  // namespace natskv
