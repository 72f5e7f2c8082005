// Messages that were read, freed a hundred at a time.
#pragma once

#include "nats/handle.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace natskv::nats {

/// nats.c hands each freed message to a thread (natsGC_collect), which it wakes every time: a third of the
/// reader's time in a long listing. Freed together they cost one wake-up.
class MessageBin {
 public:
  /// Takes ownership; may be null.
  void keep(Message message) {
    if (!message) return;
    bytes_ += static_cast<std::size_t>(natsMsg_GetDataLength(message.get()));
    messages_.push_back(std::move(message));
    if (messages_.size() < most && bytes_ < most_bytes) return;
    messages_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t most = 128, most_bytes = std::size_t{128} << 10U;
  std::vector<Message> messages_;
  std::size_t bytes_ = 0;
};

}  // namespace natskv::nats
