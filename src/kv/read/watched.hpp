// What STREAM.INFO says of a bucket that is read; private to EntryStream.
#pragma once

#include "base/text.hpp"
#include "kv/address.hpp"
#include "kv/admin/config.hpp"
#include "kv/read/watch.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace natskv {

struct EntryStream::Stream {
  Stream(const std::string& bucket, const nlohmann::ordered_json& info)
      : genuine(is_bucket(bucket, info.at("config"))),
        knows_names(info.at("config").contains("allow_direct")),
        prefix(address_of(bucket, info.at("config"), {}).read_prefix),
        created(info.value("created", std::string())),
        history(info.at("config").value("max_msgs_per_subject", std::int64_t{0})),
        first(number(info.at("state"), "first_seq")),
        last(number(info.at("state"), "last_seq")),
        messages(number(info.at("state"), "messages")),
        subjects(number(info.at("state"), "num_subjects")),
        bytes(number(info.at("state"), "bytes")) {
    const auto& config = info.at("config");
    if (const auto limits = config.find("consumer_limits"); limits != config.end() && limits->is_object())
      most_unacknowledged = static_cast<std::int64_t>(number(*limits, "max_ack_pending"));
    if (const auto ts = info.find("ts"); ts != info.end() && ts->is_string()) {
      time = text::from_rfc3339(ts->get<std::string>()).value_or(Instant{});
    }
  }

  /// 0 where it is missing or of another kind.
  static std::uint64_t number(const nlohmann::ordered_json& object, const char* name) {
    const auto at = object.find(name);
    return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
  }

  bool genuine;        // a key-value bucket, not a stream of its name
  bool knows_names;    // the server is 2.9 or newer: consumers have names of our choice
  std::string prefix;  // of its keys' subjects
  std::string created;
  std::int64_t history;
  std::uint64_t first, last, messages, subjects, bytes;
  std::int64_t most_unacknowledged = 0;  // what the stream allows a consumer; 0: says nothing
  Instant time;
};

}  // namespace natskv
