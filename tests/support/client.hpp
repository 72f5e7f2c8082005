// Speaks to a server without natskv, so that tests can make what other clients make: foreign keys, markers,
// streams.
#pragma once

#include "nats/handle.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace natskv::test {

using Headers = std::map<std::string, std::string>;

/// What is stored under a subject.
struct Stored {
  std::uint64_t revision = 0;
  std::string data;
  Headers headers;
};

/// One connection. Everything throws std::runtime_error with the server's text; limits are seconds.
class Client {
 public:
  /// One URL or several, comma-separated; they may hold credentials.
  explicit Client(const std::string& url, double limit = 20);

  /// A request; the answer's data.
  std::string request(const std::string& subject, std::string_view data, const Headers& headers = {},
                      double limit = 20);
  /// The same to $JS.API.<subject>: JSON, as it comes ("error" is no exception).
  std::string api(const std::string& subject, std::string_view json = {}, double limit = 20);
  /// Publishes to a stream's subject and returns the sequence it got.
  std::uint64_t publish(const std::string& subject, std::string_view data, const Headers& headers = {});
  /// Publishes, awaiting nothing but the flush.
  void send(const std::string& subject, std::string_view data, const Headers& headers = {});

  /// A bucket as other clients make it: stream KV_<name>, `settings` (JSON object) over the usual
  /// configuration.
  void add_bucket(const std::string& name, std::string_view settings = "{}", double limit = 20);
  void delete_bucket(const std::string& name);
  /// Stores under $KV.<bucket>.<key>, whatever the key; headers as given (KV-Operation: DEL, Nats-TTL: 1s,
  /// ...).
  std::uint64_t put(const std::string& bucket, const std::string& key, std::string_view value,
                    const Headers& headers = {});
  /// The latest of $KV.<bucket>.<key>; revision 0 if there is none.
  Stored last(const std::string& bucket, const std::string& key);
  /// Number of messages in the bucket's stream, and its last sequence.
  std::uint64_t messages(const std::string& bucket);
  std::uint64_t last_revision(const std::string& bucket);

  natsConnection* connection() { return connection_.get(); }

 private:
  nats::Message message(const std::string& subject, const char* reply, std::string_view data,
                        const Headers& headers);
  nats::Connection connection_;
};

}  // namespace natskv::test
