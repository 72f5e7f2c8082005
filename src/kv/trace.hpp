// --trace: one line an operation. Values and secrets are never part of it.
#pragma once

#include "base/stop.hpp"
#include "kv/session.hpp"
#include "nats/check.hpp"
#include "nats/requests.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace natskv {

/// A request. `function`: the function of nats.c that makes it, with its documented subject; "" for our own
/// requests.
struct Asked {
  std::string subject;
  std::string_view function = {};
  std::size_t bytes = 0;
  std::string headers = {};  ///< those that are set, "Name: value, …"
  bool writes = false;
};

/// "Name: value, …"
std::string joined(const nats::Headers& headers);

/// Lives from before the call to its result. Meanwhile a Stop can say what was being waited for, and a call
/// inside nats.c ends at once if it is refused or a Stop comes.
class Asking {
 public:
  Asking(Session& session, Asked asked);
  ~Asking();

  /// The answer itself, a revision, or how it failed.
  void answered(natsMsg* message);
  void revision(std::uint64_t number);
  void ended(natsStatus status, int code = 0);
  void failed(const nats::Error& error);

 private:
  void say(const std::string& result);

  Session& session_;
  Asked asked_;
  std::chrono::steady_clock::time_point started_;
  std::optional<nats::Wire::Closing> closing_;
};

/// A call inside nats.c that asks the server. `revision`: where the call puts it.
template <class Call>
natsStatus traced(Session& session, Asked asked, const std::uint64_t* revision, Call&& call) {
  Asking asking(session, std::move(asked));
  const natsStatus status = call();
  if (status == NATS_OK && revision != nullptr)
    asking.revision(*revision);
  else
    asking.ended(status);
  return status;
}

/// Traces these requests, if --trace is on.
void trace(nats::Requests& requests, Session& session);

}  // namespace natskv
