#include "nats/pipeline.hpp"

#include "nats/check.hpp"

#include <algorithm>
#include <charconv>

namespace natskv::nats {

Pipeline::Pipeline(natsConnection* connection, const std::string& inbox_prefix, Limits limits, Span wait)
    : connection_(connection), limits_(limits), wait_(wait) {
  natsInbox* raw = nullptr;
  check(natsInbox_Create(&raw));
  const Inbox inbox(raw);
  inbox_ = raw;
  // natsInbox_Create knows nothing of the connection's own prefix.
  constexpr std::string_view standard = "_INBOX";
  if (!inbox_prefix.empty() && inbox_.starts_with(standard)) inbox_.replace(0, standard.size(), inbox_prefix);
  inbox_ += '.';
  natsSubscription* subscription = nullptr;
  check(natsConnection_SubscribeSync(&subscription, connection_, (inbox_ + "*").c_str()));
  subscription_.reset(subscription);
  check(natsSubscription_SetPendingLimits(subscription, -1, -1));
}

void Pipeline::send(std::uint64_t id, const std::string& subject, std::string_view body,
                    const Headers& headers) {
  const std::string reply = inbox_ + std::to_string(id);
  const int size = static_cast<int>(body.size());
  if (headers.empty()) {
    check(natsConnection_PublishRequest(connection_, subject.c_str(), reply.c_str(), body.data(), size));
  } else {
    natsMsg* raw = nullptr;
    check(natsMsg_Create(&raw, subject.c_str(), reply.c_str(), body.data(), size));
    const Message message(raw);
    for (const auto& [name, value] : headers) check(natsMsgHeader_Set(raw, name.c_str(), value.c_str()));
    check(natsConnection_PublishMsg(connection_, raw));
  }
  open_.emplace(id, Open{Clock::now(), body.size(), subject, observer_ ? headers : Headers{}});
  order_.push_back(id);
  bytes_ += body.size();
}

void Pipeline::tell(const Open& open, natsStatus status, natsMsg* answer) const {
  if (observer_)
    observer_({open.subject, open.headers, open.bytes, status, answer, Clock::now() - open.sent});
}

void Pipeline::close(std::unordered_map<std::uint64_t, Open>::iterator open) {
  bytes_ -= open->second.bytes;
  open_.erase(open);
}

std::optional<Answer> Pipeline::overdue() {
  while (!order_.empty()) {
    const auto open = open_.find(order_.front());
    if (open != open_.end() && Clock::now() - open->second.sent < std::chrono::nanoseconds(wait_.ns)) break;
    const auto id = order_.front();
    order_.pop_front();
    if (open == open_.end()) continue;
    tell(open->second, NATS_TIMEOUT, nullptr);
    close(open);
    return Answer{id, NATS_TIMEOUT, nullptr};
  }
  return std::nullopt;
}

std::optional<Answer> Pipeline::next(Span slice) {
  const auto until = Clock::now() + std::chrono::nanoseconds(slice.ns);
  while (true) {
    natsMsg* raw = nullptr;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    const natsStatus status =
        natsSubscription_NextMsg(&raw, subscription_.get(), std::max<std::int64_t>(left, 0));
    if (status != NATS_OK) {
      if (status != NATS_TIMEOUT) throw error(status);
      return overdue();
    }
    Message message(raw);
    const std::string_view subject = natsMsg_GetSubject(raw);
    std::uint64_t id = 0;
    if (subject.size() <= inbox_.size()) continue;
    std::from_chars(subject.data() + inbox_.size(), subject.data() + subject.size(), id);
    const auto open = open_.find(id);
    if (open == open_.end()) continue;  // answered after its time was up, or twice
    tell(open->second, NATS_OK, raw);
    close(open);
    while (!order_.empty() && !open_.contains(order_.front())) order_.pop_front();
    if (natsMsg_IsNoResponders(raw)) return Answer{id, NATS_NO_RESPONDERS, nullptr};
    return Answer{id, NATS_OK, std::move(message)};
  }
}

std::vector<std::uint64_t> Pipeline::abandon() {
  std::vector<std::uint64_t> ids;
  for (const auto id : order_) {
    const auto open = open_.find(id);
    if (open == open_.end()) continue;
    tell(open->second, NATS_CONNECTION_CLOSED, nullptr);
    ids.push_back(id);
  }
  open_.clear();
  order_.clear();
  bytes_ = 0;
  return ids;
}

std::optional<std::uint64_t> Pipeline::settle_subject(std::string_view subject) {
  for (const auto id : order_) {
    const auto open = open_.find(id);
    if (open == open_.end() || open->second.subject != subject) continue;
    tell(open->second, NATS_NOT_PERMITTED, nullptr);
    close(open);
    return id;
  }
  return std::nullopt;
}

}  // namespace natskv::nats
