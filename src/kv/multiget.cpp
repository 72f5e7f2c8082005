#include "kv/multiget.hpp"

#include "base/pattern.hpp"
#include "kv/explain.hpp"
#include "kv/message.hpp"
#include "kv/trace.hpp"
#include "output/text.hpp"

#include <algorithm>
#include <charconv>

namespace natskv {
namespace {

// Answers under way or waiting for an earlier one; few until it is known how large they are.
constexpr std::size_t window = 256, first_window = 8;
constexpr std::size_t most_bytes = std::size_t{8} << 20U;

std::shared_ptr<natsMsg> shared(natsMsg* message) {
  return {message, [](natsMsg* m) { natsMsg_Destroy(m); }};
}

}  // namespace

MultiGet::MultiGet(Bucket& bucket, bool consistent)
    : bucket_(bucket),
      window_(first_window),
      direct_(!consistent && bucket.direct()),
      pipeline_(bucket.session().connection(), bucket.session().retired(),
                bucket.session().settings().inbox_prefix, {.messages = window, .bytes = most_bytes},
                bucket.session().timeout()) {
  trace(pipeline_, bucket.session());
  bucket.session().lift_deadline();
}

// In bursts: a request for each answer would wake the server, and us, once a key.
void MultiGet::ask() {
  if (asked_.size() * 2 > window_) return;
  while (!wanted_.empty() && asked_.size() < window_ && pipeline_.room(0)) {
    const std::string subject = bucket_.place().read_prefix + wanted_.front();
    if (!reads_as_pattern(wanted_.front())) {
      pipeline_.send(
          next_, bucket_.session().api_subject("DIRECT.GET." + bucket_.place().stream + "." + subject), {});
    }
    asked_.push_back(std::move(wanted_.front()));
    wanted_.pop_front();
    ++next_;
  }
}

std::optional<Found> MultiGet::next() {
  Session& session = bucket_.session();
  if (!direct_) {
    // The leader's answers are JSON of base64: rare enough for one after the other, by the library.
    const std::string wanted = std::move(wanted_.front());
    wanted_.pop_front();
    return bucket_.entry(wanted, {}, true);
  }
  try {
    ask();
    if (reads_as_pattern(key())) ready_[first_] = bucket_.entry(key());
    while (!ready_.contains(first_)) {
      if (auto answer = pipeline_.next(milliseconds(100))) take(std::move(*answer));
      if (session.stop()) throw Stopped{};
      if (const auto refused = session.refused_reading()) throw nats::Error(NATS_NOT_PERMITTED, 0, *refused);
      ask();
    }
  } catch (const nats::Error& error) {
    throw explain(session, error, {.bucket = bucket_.name(), .key = key()});
  }
  auto found = std::move(ready_.extract(first_).mapped());
  ++first_;
  asked_.pop_front();
  return found;
}

void MultiGet::take(nats::Answer answer) {
  if (answer.status != NATS_OK) throw nats::Error(answer.status, 0, natsStatus_GetText(answer.status));
  const auto message = shared(answer.message.release());
  largest_ = std::max(largest_, static_cast<std::size_t>(natsMsg_GetDataLength(message.get())));
  window_ = std::clamp<std::size_t>(most_bytes / largest_, 1, std::min(window_ * 2, window));
  ready_[answer.id] = entry_of(message);
}

// ADR-31: the message itself, with its place in headers; an empty body with a Status where there is none.
std::optional<Found> MultiGet::entry_of(const std::shared_ptr<natsMsg>& message) {
  natsMsg* raw = message.get();
  const std::string_view subject = header(raw, "Nats-Subject");
  if (!header(raw, "Status").empty() || !subject.starts_with(bucket_.place().read_prefix))
    return std::nullopt;
  Entry entry;
  read_entry(raw, false, entry);
  entry.bucket = bucket_.name();
  entry.key = subject.substr(bucket_.place().read_prefix.size());
  const auto sequence = header(raw, "Nats-Sequence");
  std::from_chars(sequence.data(), sequence.data() + sequence.size(), entry.revision);
  entry.created = text::from_rfc3339(header(raw, "Nats-Time-Stamp")).value_or(Instant{});
  return Found{entry, message};
}

}  // namespace natskv
