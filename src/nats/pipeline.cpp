#include "nats/pipeline.hpp"

#include "nats/check.hpp"
#include "nats/inbox.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace natskv::nats {
namespace {

// A value may be stored with a header Status: what has a sequence (ADR-31) is a message, whatever that says.
bool has_status(natsMsg* message) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, "Status", &value) == NATS_OK &&
         natsMsgHeader_Get(message, "Nats-Sequence", &value) != NATS_OK;
}

}  // namespace

Pipeline::Pipeline(natsConnection* connection, Retired& retired, const std::string& inbox_prefix,
                   Limits limits, Span wait)
    : connection_(connection), limits_(limits), wait_(wait), subscription_(nullptr, Retire{&retired}) {
  inbox_ = new_inbox(inbox_prefix) + '.';
  reply_ = inbox_;
  natsSubscription* subscription = nullptr;
  check(natsConnection_SubscribeSync(&subscription, connection_, (inbox_ + "*").c_str()));
  subscription_.reset(subscription);
  check(natsSubscription_SetPendingLimits(subscription, -1, -1));
}

void Pipeline::send(std::uint64_t id, std::string subject, std::string_view body, const Headers& headers,
                    bool many) {
  reply_.resize(inbox_.size());
  std::array<char, 20> digits{};
  reply_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), id).ptr);
  const int size = static_cast<int>(body.size());
  if (headers.empty()) {
    check(natsConnection_PublishRequest(connection_, subject.c_str(), reply_.c_str(), body.data(), size));
  } else {
    natsMsg* raw = nullptr;
    check(natsMsg_Create(&raw, subject.c_str(), reply_.c_str(), body.data(), size));
    const Message message(raw);
    for (const auto& [name, value] : headers) check(natsMsgHeader_Set(raw, name.c_str(), value.c_str()));
    check(natsConnection_PublishMsg(connection_, raw));
  }
  if (open_.empty()) first_ = id;
  while (id_of(open_.size()) < id) open_.emplace_back();
  const auto now = Clock::now();
  open_.push_back({true, many, now, now, body.size(), std::move(subject), observer_ ? headers : Headers{}});
  ++count_;
  bytes_ += body.size();
}

void Pipeline::tell(const Open& open, natsStatus status, natsMsg* answer) const {
  if (observer_)
    observer_({open.subject, open.headers, open.bytes, status, answer, Clock::now() - open.sent});
}

Pipeline::Open* Pipeline::find(std::uint64_t id) {
  if (id < first_ || id - first_ >= open_.size()) return nullptr;
  Open& open = open_[id - first_];
  return open.waits ? &open : nullptr;
}

// The reference is not valid behind this.
void Pipeline::close(Open& open) {
  open.waits = false;
  --count_;
  bytes_ -= open.bytes;
  drop_answered();
}

void Pipeline::drop_answered() {
  while (!open_.empty() && !open_.front().waits) {
    open_.pop_front();
    ++first_;
  }
}

std::optional<Answer> Pipeline::overdue() {
  if (open_.empty() || Clock::now() - open_.front().heard < std::chrono::nanoseconds(wait_.ns))
    return std::nullopt;
  const auto id = first_;
  tell(open_.front(), NATS_TIMEOUT, nullptr);
  close(open_.front());
  return Answer{.id = id, .status = NATS_TIMEOUT};
}

std::optional<Answer> Pipeline::next(Span slice) {
  const auto until = slice.ns > 0 ? Clock::now() + std::chrono::nanoseconds(slice.ns) : Clock::time_point{};
  auto left = slice.ms();
  while (true) {
    natsMsg* raw = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&raw, subscription_.get(), left);
    if (status != NATS_OK) {
      if (status != NATS_TIMEOUT) throw error(status);
      return overdue();
    }
    Message message(raw);
    const std::string_view subject = natsMsg_GetSubject(raw);
    std::uint64_t id = 0;
    Open* open = nullptr;
    if (subject.size() > inbox_.size()) {
      std::from_chars(subject.data() + inbox_.size(), subject.data() + subject.size(), id);
      open = find(id);
    }
    if (open == nullptr) {  // answered after its time was up, or twice
      if (left > 0) {
        const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        left = std::max<std::int64_t>(rest, 0);
      }
      continue;
    }
    const bool refused = has_status(raw);
    if (open->many && !refused) {
      open->heard = Clock::now();
      return Answer{.id = id, .message = std::move(message)};
    }
    tell(*open, NATS_OK, raw);
    close(*open);
    if (refused && natsMsg_IsNoResponders(raw)) return Answer{.id = id, .status = NATS_NO_RESPONDERS};
    return Answer{.id = id, .message = std::move(message)};
  }
}

std::vector<std::uint64_t> Pipeline::abandon() {
  std::vector<std::uint64_t> ids;
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

std::optional<std::uint64_t> Pipeline::settle_subject(std::string_view subject) {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (!open_[i].waits || open_[i].subject != subject) continue;
    const auto id = id_of(i);
    tell(open_[i], NATS_NOT_PERMITTED, nullptr);
    close(open_[i]);
    return id;
  }
  return std::nullopt;
}

}  // namespace natskv::nats
