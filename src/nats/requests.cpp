#include "nats/requests.hpp"

#include "base/parse.hpp"
#include "nats/check.hpp"
#include "nats/inbox.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace natskv::nats {
namespace {

// nats.c's flusher sleeps for a millisecond before it sends. With this few in flight their answers are
// awaited, and a PING sends them at once; with more the flusher's larger packets are better.
constexpr std::size_t few = 32;
constexpr std::int64_t most_hurry_ms = 2;
constexpr std::chrono::milliseconds late{10};  // from one thread of nats.c's to another

// A value may be stored with a header Status: what has a sequence (ADR-31) is a message whatever its status.
bool has_status(natsMsg* message) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, "Status", &value) == NATS_OK &&
         natsMsgHeader_Get(message, "Nats-Sequence", &value) != NATS_OK;
}

}  // namespace

Requests::Requests(natsConnection* connection, Wire& wire, const std::string& inbox_prefix, Limits limits,
                   Span wait)
    : connection_(connection), limits_(limits), wait_(wait), mailbox_(wire) {
  inbox_ = new_inbox(inbox_prefix) + '.';
  reply_ = inbox_;
  mailbox_.subscribe(connection_, inbox_ + "*");
  mailbox_.hear_refusals(false);
}

Message message_of(const std::string& subject, std::string_view body, const Headers& headers,
                   const char* reply) {
  natsMsg* raw = nullptr;
  check(natsMsg_Create(&raw, subject.c_str(), reply, body.data(), static_cast<int>(body.size())));
  Message message(raw);
  for (const auto& [name, value] : headers) check(natsMsgHeader_Set(raw, name.c_str(), value.c_str()));
  return message;
}

void Requests::publish(const std::string& subject, const char* reply, std::string_view body,
                       const Headers& headers) {
  if (headers.empty() && reply != nullptr)
    return check(natsConnection_PublishRequest(connection_, subject.c_str(), reply, body.data(),
                                               static_cast<int>(body.size())));
  check(natsConnection_PublishMsg(connection_, message_of(subject, body, headers, reply).get()));
}

void Requests::send(std::uint64_t id, std::string subject, std::string_view body, const Headers& headers,
                    bool many) {
  if (inbox_refused_) throw Error(NATS_NOT_PERMITTED, 0, *inbox_refused_);
  reply_.resize(inbox_.size());
  std::array<char, 20> digits{};
  reply_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), id).ptr);
  mailbox_.hear_refusals(true);
  publish(subject, reply_.c_str(), body, headers);
  if (open_.empty()) first_ = id;
  while (id_of(open_.size()) < id) open_.emplace_back();
  const auto now = Clock::now();
  open_.push_back({true, many, now, now, body.size(), std::move(subject), observer_ ? headers : Headers{}});
  ++count_;
  ++unhurried_;
  bytes_ += body.size();
}

void Requests::tell(const PendingRequest& open, natsStatus status, natsMsg* answer) const {
  if (observer_)
    observer_({open.subject, open.headers, open.bytes, status, answer, Clock::now() - open.sent});
}

Requests::PendingRequest* Requests::find(std::uint64_t id) {
  if (id < first_ || id - first_ >= open_.size()) return nullptr;
  PendingRequest& open = open_[id - first_];
  return open.waits ? &open : nullptr;
}

std::optional<std::uint64_t> Requests::id_in(std::string_view reply) const {
  if (!reply.starts_with(inbox_)) return std::nullopt;
  return parse::whole<std::uint64_t>(reply.substr(inbox_.size()));
}

// The reference is not valid after this.
void Requests::close(PendingRequest& open) {
  open.waits = false;
  --count_;
  bytes_ -= open.bytes;
  if (count_ == 0) mailbox_.hear_refusals(false);
  drop_answered();
}

void Requests::drop_answered() {
  while (!open_.empty() && !open_.front().waits) {
    open_.pop_front();
    ++first_;
  }
}

void Requests::settle(std::uint64_t id, natsStatus status, const std::string& text) {
  PendingRequest& open = *find(id);
  tell(open, status, nullptr);
  settled_.push_back({.id = id, .status = status, .text = text});
  close(open);
}

void Requests::settle_all(natsStatus status, const std::string& text, std::uint64_t before) {
  const std::uint64_t end = std::min(id_of(open_.size()), before);
  for (std::uint64_t id = first_; id < end; ++id) {
    if (find(id) != nullptr) settle(id, status, text);
  }
}

// Another thread reports the loss than the answers: answers that came before it may still be queued.
void Requests::lose(natsStatus status) {
  lost_ = {.status = status, .due = Clock::now() + late, .before = id_of(open_.size())};
}

// The oldest one on that subject: the server refuses in the order it was asked.
void Requests::refused(const Words& words) {
  const Refusal& refusal = words.refusal;
  if (!refusal.publish) {
    if (!refusal.concerns(inbox_ + "*")) return;
    inbox_refused_ = words.text;
    return settle_all(NATS_NOT_PERMITTED, words.text, id_of(open_.size()));
  }
  if (refusal.reply) {
    if (const auto id = id_in(refusal.subject); id && find(*id) != nullptr)
      settle(*id, NATS_NOT_PERMITTED, words.text);
    return;
  }
  const auto at = std::find_if(open_.begin(), open_.end(), [&](const PendingRequest& open) {
    return open.waits && refusal.concerns(open.subject);
  });
  if (at != open_.end())
    settle(id_of(static_cast<std::size_t>(at - open_.begin())), NATS_NOT_PERMITTED, words.text);
}

std::optional<Answer> Requests::overdue() {
  if (open_.empty() || Clock::now() - open_.front().heard < std::chrono::nanoseconds(wait_.ns))
    return std::nullopt;
  const auto id = first_;
  tell(open_.front(), NATS_TIMEOUT, nullptr);
  close(open_.front());
  return Answer{.id = id, .status = NATS_TIMEOUT};
}

void Requests::hurry() {
  if (std::exchange(unhurried_, 0) > 0 && count_ <= few)
    (void)natsConnection_FlushTimeout(connection_, most_hurry_ms);
}

std::optional<Answer> Requests::next(Clock::time_point until, std::span<pollfd> others) {
  while (true) {
    if (lost_ && Clock::now() >= lost_->due) {
      settle_all(lost_->status, natsStatus_GetText(lost_->status), lost_->before);
      lost_.reset();
    }
    if (!settled_.empty()) {
      Answer answer = std::move(settled_.front());
      settled_.pop_front();
      return answer;
    }
    auto end = until;
    if (until != Clock::time_point{}) {
      hurry();
      if (!open_.empty()) end = std::min(end, open_.front().heard + std::chrono::nanoseconds(wait_.ns));
      if (lost_) end = std::min(end, lost_->due);
    }
    Event event;
    switch (mailbox_.wait(event, end, others)) {
      case Waited::event:
        if (auto answer = take(event)) return answer;
        continue;
      case Waited::time:
        if (auto answer = overdue()) return answer;
        if (end == until) return std::nullopt;
        continue;
      case Waited::descriptor:
        return std::nullopt;
    }
  }
}

std::optional<Answer> Requests::take(Event& event) {
  switch (event.kind) {
    case Event::Kind::message:
      return answered(std::move(event.message));
    case Event::Kind::refusal:
      refused(*event.words);
      break;
    case Event::Kind::lost:
      lose(NATS_CONNECTION_DISCONNECTED);
      break;
    case Event::Kind::closed:
      lose(NATS_CONNECTION_CLOSED);
      break;
    case Event::Kind::error:
    case Event::Kind::back:
      break;
  }
  return std::nullopt;
}

std::optional<Answer> Requests::answered(Message message) {
  natsMsg* const raw = message.get();
  const auto id = id_in(natsMsg_GetSubject(raw));
  PendingRequest* const open = id ? find(*id) : nullptr;
  if (open == nullptr) return std::nullopt;  // answered after its time was up, or twice
  const bool status = has_status(raw);
  if (open->many && !status) {
    open->heard = Clock::now();
    return Answer{.id = *id, .message = std::move(message)};
  }
  tell(*open, NATS_OK, raw);
  close(*open);
  if (status && natsMsg_IsNoResponders(raw)) return Answer{.id = *id, .status = NATS_NO_RESPONDERS};
  return Answer{.id = *id, .message = std::move(message)};
}

std::vector<std::uint64_t> Requests::abandon() {
  std::vector<std::uint64_t> ids;
  for (const auto& answer : std::exchange(settled_, {})) ids.push_back(answer.id);
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (!open_[i].waits) continue;
    tell(open_[i], NATS_CONNECTION_CLOSED, nullptr);
    ids.push_back(id_of(i));
  }
  open_.clear();
  count_ = 0;
  bytes_ = 0;
  return ids;
}

}  // namespace natskv::nats
