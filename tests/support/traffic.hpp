// Many messages at once, and writers that never stop.
#pragma once

#include "nats/check.hpp"
#include "support/client.hpp"

#include <atomic>
#include <string>
#include <string_view>
#include <thread>

namespace natskv::test {

/// PREFIX0 … PREFIX<count-1>, each once, without an answer each; returns when the bucket holds them.
inline void fill(Client& client, const std::string& bucket, const std::string& prefix, int count,
                 std::string_view value) {
  for (int i = 0; i < count; ++i) {
    const std::string subject = "$KV." + bucket + "." + prefix + std::to_string(i);
    nats::check(natsConnection_Publish(client.connection(), subject.c_str(), value.data(),
                                       static_cast<int>(value.size())));
    if (i % 1000 == 999) client.put(bucket, prefix + std::to_string(i), value);
  }
  if (count > 0) client.put(bucket, prefix + std::to_string(count - 1), value);
}

/// Rewrites PREFIX0 … PREFIX<count-1> over and over as fast as the server takes it, until it goes.
class Writers {
 public:
  Writers(const std::string& url, std::string bucket, std::string prefix, int count)
      : client_(url), bucket_(std::move(bucket)), prefix_(std::move(prefix)), count_(count) {
    thread_ = std::thread([this] { write(); });
  }
  ~Writers() { stop(); }
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  /// Messages written so far.
  [[nodiscard]] long written() const { return written_; }
  void stop() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void write() {
    try {
      for (int round = 0; !ending_; ++round) {
        for (int i = 0; i < count_ && !ending_; ++i) {
          const std::string key = prefix_ + std::to_string(i);
          const std::string value = std::to_string(round);
          // An acknowledged one now and then, so that the server is never drowned.
          if (i % 100 == 99)
            client_.put(bucket_, key, value);
          else
            natsConnection_PublishString(client_.connection(), ("$KV." + bucket_ + "." + key).c_str(),
                                         value.c_str());
          ++written_;
        }
      }
    } catch (const std::exception&) {  // the server went: so do we
    }
  }

  Client client_;
  std::string bucket_, prefix_;
  int count_;
  std::atomic<bool> ending_ = false;
  std::atomic<long> written_ = 0;
  std::thread thread_;
};

}  // namespace natskv::test
