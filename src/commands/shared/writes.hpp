// Many writes of one command, until they end or Ctrl-C comes. The only place where commands use kv's Writer.
#pragma once

#include "commands/shared/failures.hpp"
#include "kv/write/writer.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace natskv::commands {

class Writes {
 public:
  /// Handles the result of a write, and adds a failure to the others.
  using Each = std::function<void(const WriteResult&, Failures&)>;

  /// `patient`: waits for a lost connection to be restored (Writer::Loss::survives).
  Writes(Invocation& natskv, Bucket& bucket, Each each, nats::Requests::Limits window = {},
         bool patient = false);

  /// Runs `work`, which calls push(), and waits for what is in flight. If a Stop or a failure ended the work,
  /// it waits at most 400 ms: what has no answer by then is unknown. Then it reports failures, and calls
  /// `after` for a summary, however the work ended, except when stdout's reader went away. False: the work
  /// was cut short, because every further write would have failed.
  bool run(const std::function<void()>& work, const std::function<void()>& after = {});
  /// Only within `work`. Ends it if every further write would fail.
  void push(std::uint64_t number, Write write);
  /// Reads answers; never waits.
  void poll();
  void wait_for(std::string_view key);
  void finish();
  /// A failure of something that was not sent.
  void failed(const Failure& failure, const std::string& where) { failures_.add(failure, where); }

 private:
  struct Hopeless {};
  /// Handles the results of writes.
  void tell();
  Each each_;
  Failures failures_;
  Writer writer_;
};

}  // namespace natskv::commands
