// What STREAM.INFO says about a bucket's stream, as far as reading needs it.
#pragma once

#include "base/types.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace natskv {

struct StreamState {
  bool is_bucket = false;    ///< false: another stream with a bucket's name
  bool since_2_9 = false;    ///< the server lets clients name consumers
  bool since_2_10 = false;   ///< the server reports its time
  std::string prefix = {};   ///< of its keys' subjects
  std::string created = {};  ///< changes when the bucket is recreated
  std::int64_t history = 0;
  std::uint64_t first = 0, last = 0;  ///< revisions
  std::uint64_t messages = 0, bytes = 0;
  std::uint64_t keys = 0;        ///< including those whose latest entry is a marker
  std::int64_t max_unacked = 0;  ///< what the stream allows a consumer; 0: not set
  Span ttl = {};                 ///< of all keys; 0: none
  bool key_ttl = false;          ///< single entries may have a time to live
  bool mirror = false;
  Instant time = {};  ///< the server's; 0 before 2.10
};

/// Throws what nlohmann::json throws if it is not an answer to STREAM.INFO.
StreamState read_stream_state(const std::string& bucket, const nlohmann::ordered_json& info);

}  // namespace natskv
