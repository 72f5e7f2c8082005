// What the library and the server said, as the sentence a user reads. The only map from their errors to
// SPEC 3.
#pragma once

#include "base/failure.hpp"
#include "kv/session.hpp"
#include "nats/check.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace natskv {

/// What was being done when it failed.
struct Task {
  std::string bucket;
  std::string key = {};          ///< "": the bucket itself
  std::uint64_t revision = 0;    ///< asked for, or expected
  bool writes = false;           ///< sent and unanswered means: may have been stored (7)
  std::uint64_t value_size = 0;  ///< of the value being written
  bool creates = false;          ///< `create`: a conflict means that the key exists
};

/// "bucket "b"", "key "k" of bucket "b"".
std::string what_of(const Task& doing);
/// The JetStream API error code, by its text where kvStore_* lost it; 0: none that is known.
int code_of(const nats::Error& error);

/// What is known beside the error.
struct Circumstances {
  std::string servers;               ///< as they are shown
  Span timeout;                      ///< how long an answer may take, or the command where its time is up
  bool time_is_up = false;           ///< the command's
  bool changed = false;              ///< something was written before
  std::optional<nats::Error> ended;  ///< why the connection was closed for good
};
Circumstances circumstances(Session& session);

/// The sentence for an error. Asks nobody.
Failure sentence(const Circumstances& now, const nats::Error& error, const Task& doing);
/// What the server says when it is asked once more (STREAM.INFO): a missing bucket is told from a missing
/// JetStream, a limit gets its number; and why credentials were refused. nullopt: the error stands.
std::optional<Failure> second_look(Session& session, const nats::Error& error, const Task& doing);
/// The error of a call that failed, step by step: Stopped is thrown where a signal, not the server, ended it;
/// a refusal is blamed; then the second look, then the sentence.
Failure explain(Session& session, const nats::Error& error, const Task& doing);

/// "maximum control line exceeded": keys of some 4,000 bytes and more, by the server's configuration.
bool says_line_too_long(std::string_view text);
inline constexpr std::size_t least_too_long = 4000;
Failure too_long(const std::string& bucket, const std::string& key);
Failure no_bucket(const std::string& bucket);
/// A stream of a bucket's name that is none: never touched.
Failure no_key_value(const std::string& bucket);
Failure needs_cluster(const std::string& bucket);
Failure no_key(const std::string& bucket, const std::string& key);
/// Why this key can't be purged: the server takes it for a pattern, and what it matches would go along, or,
/// where it is to be erased (STREAM.PURGE), JSON can't name it. nullopt: it can.
std::optional<Failure> not_purged(const std::string& bucket, const std::string& key, bool erase);
/// A key that no request in JSON can name; other clients write such. `otherwise`: what did not happen to it.
Failure not_utf8(const std::string& bucket, const std::string& key, std::string_view otherwise);
/// A lost compare-and-set. `current`: the key's revision, 0 where it does not exist; nullopt: not known.
Failure conflict(const Task& doing, std::optional<std::uint64_t> current);
/// SPEC rule 3: a key that was written behind the listing it would have gone by.
Failure written_meanwhile(const std::string& bucket, std::string_view key, std::uint64_t revision);
/// Whether it says that there was no room for the write: a limit of the bucket or the account ("the bucket is
/// full"). Then a purge marker finds none, either.
bool no_room(const Failure& failure);
/// `whose`: the server, the bucket. A size of 0 is not known.
Failure over_limit(const Task& doing, std::string_view whose, std::uint64_t limit, std::string hint);
/// A value that the server would refuse anyway, found before it is sent.
void check_size(Session& session, const Task& doing);

}  // namespace natskv
