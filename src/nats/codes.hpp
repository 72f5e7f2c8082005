// JetStream API error codes (nats-server's errors.json), as far as natskv handles or explains them.
#pragma once

namespace natskv::nats::code {

enum Code : int {
  resources_exceeded = 10002,
  not_assigned = 10007,
  temporarily_unavailable = 10008,
  not_the_leader = 10009,
  consumer_not_found = 10014,
  too_many_streams = 10027,
  no_message_found = 10037,
  jetstream_not_enabled_for_account = 10039,
  message_too_large = 10054,
  name_in_use = 10058,
  stream_not_found = 10059,
  stream_not_match = 10060,
  wrong_last_sequence = 10071,
  replicas_not_supported = 10074,
  jetstream_not_enabled = 10076,
  stream_full = 10077,  ///< any limit of the stream; the text says which
  filter_not_a_subset = 10093,
  rollup_refused = 10111,
  stream_offline = 10118,
  consumer_offline = 10119,
  too_many_unacknowledged = 10121,
  wrong_last_sequence_constant = 10164,  ///< of a replicated stream; names no revision
  message_ttl_invalid = 10165,
  message_ttl_disabled = 10166,
  too_many_requests = 10167,
  batch_incomplete = 10176,  ///< the server dropped it: a new leader, or 10 s without a message
  stream_offline_because = 10194,
  too_many_batches = 10210,
};

}  // namespace natskv::nats::code
