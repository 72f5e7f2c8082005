#include "kv/read/entry_reader.hpp"

#include <algorithm>

namespace natskv {

bool EntryReader::read_delivery(natsMsg* message, Delivery& delivery) {
  const char* reply = natsMsg_GetReply(message);
  return reply != nullptr && replies_.read(reply, delivery);
}

const Entry* EntryReader::read(const Delivery& delivery) {
  const auto key = selection_.key_of(natsMsg_GetSubject(held_.get()));
  if (!key) return nullptr;
  read_entry(held_.get(), !sent_, entry_);
  if (!values_) entry_.value = {};
  entry_.bucket = bucket_;
  entry_.key = *key;
  entry_.revision = delivery.sequence;
  entry_.created = delivery.time;
  // The server counts what the filter lets through, which may be more than was asked for.
  if (left_ && *left_ > 0) --*left_;
  entry_.delta = selection_.exact() ? delivery.pending : left_;
  if (entry_.delta) entry_.delta = std::min(*entry_.delta, delivery.pending);
  return &entry_;
}

}  // namespace natskv
