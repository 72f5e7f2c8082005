// A server that answers every request as it is told to: for what no real one says.
#pragma once

#include "support/process.hpp"
#include "support/tcp.hpp"

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace natskv::test {

struct Request {
  std::string subject, reply, data;
};

/// Speaks enough of the protocol to hand each request with a reply subject to `answer`, which returns bytes
/// for the wire; \x02 among them is a tenth of a second in which nothing comes.
class Liar {
 public:
  using Answer = std::function<std::string(const Request&)>;
  explicit Liar(Answer answer) : answer_(std::move(answer)), thread_([this] { serve(); }) {}
  ~Liar();
  Liar(const Liar&) = delete;
  Liar& operator=(const Liar&) = delete;
  [[nodiscard]] std::string url() const { return listener_.url(); }

 private:
  using Subscribed = std::vector<std::pair<std::string, std::string>>;  // subject up to its *, number
  void serve();
  void talk(int fd);
  bool one(int fd, std::string& buffer, Subscribed& subscribed, bool& open);

  Listener listener_;
  Answer answer_;
  std::atomic<bool> ending_ = false;
  std::list<std::thread> talkers_;
  std::thread thread_;
};

/// To the subscription of that subject; `sid`: to another's, by sid_of().
std::string message(const std::string& to, std::string_view data, std::string_view reply = {},
                    std::string_view sid = {});
/// The number of whichever subscription the client has for this subject.
std::string sid_of(const std::string& subject);
/// `headers`: behind "NATS/1.0".
std::string with_headers(const std::string& to, std::string_view headers, std::string_view data,
                         std::string_view reply = {}, std::string_view sid = {});

/// STREAM.INFO of a bucket "b" of three keys.
inline constexpr std::string_view info =
    R"({"type":"io.nats.jetstream.api.v1.stream_info_response","config":{"name":"KV_b","subjects":["$KV.b.>"],)"
    R"("max_msgs_per_subject":5,"storage":"file","num_replicas":1,"allow_direct":true,"deny_delete":true,)"
    R"("allow_rollup_hdrs":true},"created":"2026-01-01T00:00:00Z","ts":"2026-01-01T00:00:00Z",)"
    R"("state":{"messages":3,"bytes":100,"first_seq":1,"last_seq":3,"consumer_count":0,"num_subjects":3}})";

/// The same on a server that answers for many keys at once.
std::string info_of_newer();

/// info for STREAM.INFO, else `otherwise`.
std::string or_info(const Request& request, const std::string& otherwise);

/// The command with a time-out that bounds its start, too.
std::vector<std::string> quick(std::vector<std::string> command);

/// Whose leaks are looked for, where they are at all.
enum class Leaks { all, not_those_of_the_library };
/// NATS_URL, and ASAN_OPTIONS for that.
std::map<std::string, std::optional<std::string>> environment(const std::string& url,
                                                              Leaks leaks = Leaks::all);

/// It ended by itself, with a status that SPEC 3 has for such a command on a server that lies (143 too where
/// it was `stopped`), and neither a sanitizer nor an exception of a library spoke.
void check_good_order(const std::vector<std::string>& command, const Result& result, bool stopped = false);

}  // namespace natskv::test
