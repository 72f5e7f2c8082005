// Many writes of one command, to their end or to a Ctrl-C. The only place where commands use kv's Writer.
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
  /// What became of a write; it adds a failure to the others.
  using Each = std::function<void(const WriteResult&, Failures&)>;

  /// `patient`: a lost connection is waited for (Writer::Loss::survives).
  Writes(Invocation& natskv, Bucket& bucket, Each each, nats::Requests::Limits window = {},
         bool patient = false);

  /// Runs `work`, which calls push(), and waits for what is in flight. Where a Stop or a failure ended the
  /// work, it waits 400 ms at most: what has no answer by then is unknown. Then says what failed, and calls
  /// `after` for a summary; on every way out, but not when stdout's reader went away. False: the work was cut
  /// short, for every further write would have failed.
  bool run(const std::function<void()>& work, const std::function<void()>& after = {});
  /// Only within `work`. Ends it where every further write would fail.
  void push(std::uint64_t number, Write write);
  /// Takes in what was answered; never waits.
  void poll();
  void wait_for(std::string_view key);
  void finish();
  /// A failure of what was not even sent.
  void failed(const Failure& failure, const std::string& where) { failures_.add(failure, where); }

 private:
  struct Hopeless {};
  /// Tells what became of writes.
  void tell();
  Each each_;
  Failures failures_;
  Writer writer_;
};

}  // namespace natskv::commands
