// From a consumer's messages to the entries that were asked for.
#pragma once

#include "kv/entry.hpp"
#include "kv/message.hpp"
#include "kv/read/selection.hpp"
#include "nats/handle.hpp"
#include "nats/message_bin.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace natskv {

class EntryReader {
 public:
  /// `values`: whether entries have them.
  EntryReader(std::string bucket, bool values) : bucket_(std::move(bucket)), values_(values) {}

  /// `sent`: messages come with their values.
  void select(Selection selection, bool sent) {
    selection_ = std::move(selection);
    sent_ = sent;
  }
  [[nodiscard]] const Selection& selection() const { return selection_; }

  /// How many messages that were asked for are to come, where the filter lets others through.
  void expect(std::optional<std::uint64_t> left) { left_ = left; }

  /// false for a message that is not a JetStream delivery.
  bool read_delivery(natsMsg* message, Delivery& delivery);
  /// Keeps the message until the next one.
  void keep(nats::Message message) { spent_.keep(std::exchange(held_, std::move(message))); }
  /// The entry of the message that is kept; null: it was not asked for. Valid until the next message.
  const Entry* read(const Delivery& delivery);

 private:
  std::string bucket_;
  bool values_, sent_ = true;
  Selection selection_;
  std::optional<std::uint64_t> left_;
  Replies replies_;
  nats::Message held_;
  nats::MessageBin spent_;
  Entry entry_;
};

}  // namespace natskv
