#include "kv/read/entry_reader.hpp"

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
  // Of what the filter lets through: where that is more than was asked for, nobody knows how many are ours.
  entry_.delta = selection_.exact() ? std::optional(delivery.pending) : std::nullopt;
  return &entry_;
}

}  // namespace natskv
