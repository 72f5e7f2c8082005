// Errors of the library and the server as sentences for users, each with its exit status. What makes them
// needs no server (kv/sentence.cpp) or asks it a second time (kv/explain.cpp).
#pragma once

#include "base/failure.hpp"
#include "kv/session.hpp"
#include "nats/check.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// What was being done when an error came.
struct Task {
  std::string bucket;
  std::string key = {};          ///< "": the bucket itself
  std::uint64_t revision = 0;    ///< asked for, or expected
  bool writes = false;           ///< no answer means: may have been stored (7)
  std::uint64_t value_size = 0;  ///< of the value being written
  bool creates = false;          ///< `create`: a conflict means that the key exists
};

/// "bucket "b"", "key "k" of bucket "b"".
std::string what_of(const Task& doing);
/// The JetStream API error code, derived from the text where kvStore_* lost it; 0: none known.
int code_of(const nats::Error& error);

/// What is known besides the error.
struct Circumstances {
  std::string servers;               ///< as shown to users
  Span timeout;                      ///< how long an answer may take, or the command where its time is up
  bool time_is_up = false;           ///< for the whole command
  bool changed = false;              ///< something was written before
  std::optional<nats::Error> ended;  ///< why the connection was closed for good
};
Circumstances circumstances(Session& session);

/// The sentence for an error. Asks no server.
Failure sentence(const Circumstances& now, const nats::Error& error, const Task& doing);
/// What the server says when asked again (STREAM.INFO): tells a missing bucket from missing JetStream, gives
/// a limit its number, or says why credentials were refused. nullopt: nothing new.
std::optional<Failure> second_look(Session& session, const nats::Error& error, const Task& doing);
/// Explains a failed call, step by step: throws Stopped where a signal ended it; attributes it to a refusal;
/// then asks the server again; then makes the sentence.
Failure explain(Session& session, const nats::Error& error, const Task& doing);

/// "maximum control line exceeded": keys of some 4,000 bytes and more, by the server's configuration.
bool says_line_too_long(std::string_view text);
inline constexpr std::size_t least_too_long = 4000;
Failure too_long(const std::string& bucket, const std::string& key);
Failure no_bucket(const std::string& bucket);
/// The same, with the name of one that is spelled nearly so, if the server has it and tells.
Failure no_bucket(Session& session, const std::string& bucket);
/// A stream with a bucket's name that is not a bucket: never touched.
Failure no_key_value(const std::string& bucket);
Failure needs_cluster(const std::string& bucket);
Failure no_key(const std::string& bucket, const std::string& key);
/// The server takes the key for a pattern, so that its purge (or a write that drops its history) would remove
/// other keys.
Failure would_purge_others(const std::string& bucket, const std::string& key, bool purges);
/// Why this key cannot be purged: the server takes it for a pattern and would purge what it matches, or
/// (`erase`: with STREAM.PURGE) JSON cannot name it. nullopt: it can be purged.
std::optional<Failure> not_purged(const std::string& bucket, const std::string& key, bool erase);
/// A key that no JSON request can name; other clients write such keys. `otherwise`: what was not done.
Failure not_utf8(const std::string& bucket, const std::string& key, std::string_view otherwise);
/// A lost compare-and-set. `current`: the key's revision, 0 where it does not exist; nullopt: not known.
Failure conflict(const Task& doing, std::optional<std::uint64_t> current);
/// A key that was written after it was listed for removal.
Failure written_meanwhile(const std::string& bucket, std::string_view key, std::uint64_t revision);
/// Whether there was no room for the write: a limit of the bucket or the account ("the bucket is full"). Then
/// there is no room for a purge marker, either.
bool no_room(const Failure& failure);
/// `whose`: the server's or the bucket's limit. A size of 0 means unknown.
Failure over_limit(const Task& doing, std::string_view whose, std::uint64_t limit, std::string hint);
/// A value that the server would refuse anyway, found before it is sent.
void check_size(Session& session, const Task& doing);

}  // namespace natskv
