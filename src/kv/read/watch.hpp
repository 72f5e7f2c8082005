// One reading for whatever lists or watches: watch, keys, ls, history, export, patterns.
#pragma once

#include "base/pattern.hpp"
#include "kv/entry.hpp"
#include "kv/message.hpp"
#include "kv/read/consumer.hpp"
#include "kv/read/missed.hpp"
#include "kv/read/pace.hpp"
#include "kv/session.hpp"
#include "nats/handle.hpp"
#include "nats/spent.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace natskv {

/// What is read.
struct Listing {
  std::vector<Pattern> patterns = {};      ///< keys or PATTERNs; none: all keys
  bool history = false;                    ///< every kept revision, not only the latest of a key
  bool values = true;                      ///< false: no values (Entry::size is still right)
  bool current = true;                     ///< false: only what comes after the start
  std::optional<std::uint64_t> from = {};  ///< from this revision on, kept ones, then changes
  bool slow = false;                       ///< what is read is worked on: read with a window from the start
  /// Bytes of messages that may wait here while the reader keeps pace, before the rest is read with a window.
  /// Small ones take three times as much in nats.c.
  std::size_t most_waiting = std::size_t{7} << 20U;
  bool live = false;                        ///< goes on behind a lost connection; next() is used
  std::optional<Span> max_disconnect = {};  ///< live: give up (5) after being away so long
};

class EntryStream {
 public:
  /// Subscribes. Failure: not_found where the bucket is missing or `from` lies beyond last+1.
  /// The session must not have connected yet where `live` is wanted.
  EntryStream(Session& session, std::string bucket, Listing listing);
  ~EntryStream();
  EntryStream(const EntryStream&) = delete;
  EntryStream& operator=(const EntryStream&) = delete;

  /// The next of the current entries, or nullptr when all were given. Valid until the next call.
  const Entry* next_current();
  /// The next entry, current or new; waits for it. Throws Stopped on a signal.
  const Entry* next();
  /// Whether every current entry was given.
  [[nodiscard]] bool caught_up() const { return caught_up_; }

  /// How many messages the first part holds, by the server's count; an upper bound.
  [[nodiscard]] std::uint64_t total() const { return total_; }
  /// The stream's last revision when the reading started.
  [[nodiscard]] std::uint64_t last_revision() const { return start_last_; }
  /// The server's clock when the reading started: `ts` of STREAM.INFO, else `created` of our own consumer.
  [[nodiscard]] Instant server_time() const { return server_time_; }
  /// Lets go of the consumer until the next entry is asked for, which is the one behind the last: nothing is
  /// read beside what is done meanwhile.
  void let_go();
  /// Called before a wait, so that what was written so far reaches the reader.
  void on_idle(std::function<void()> idle) { idle_ = std::move(idle); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Stream;  // what STREAM.INFO says

  void open();
  void start_from(const Stream& stream);
  void go_on_from(const Stream& stream);
  void consume(Span wait);
  const Entry* step();                       // one delivery, or a slice of time without one
  const Entry* take(nats::Message message);  // null: not for us
  const Entry* show(const Delivery& delivery);
  void end_if_stopped(natsStatus status);
  void quiet(natsStatus status);
  void throttle();
  void go_on_without_window();
  void start_again(std::int64_t window);
  void look_for_the_end();
  void ask_what_is_left();
  void bound_silence();
  [[nodiscard]] bool in_trouble() const;
  void mend();
  void away(std::string_view why);
  void give_up_in_time();
  void report_missed();
  void report_unseen();
  void look_behind(std::uint64_t next);
  [[nodiscard]] bool of_all_keys() const { return filter_ == prefix_ + ">" && !filter_here_; }
  bool all_are_kept_behind(std::uint64_t revision);
  Span patience();

  Session& session_;
  std::string bucket_;
  Listing listing_;
  std::string prefix_;  // "$KV.<bucket or origin>."
  std::string filter_;  // the common subject
  bool filter_here_ = false;
  bool with_values_ = true;     // as the server is asked
  std::int64_t window_ = 0;     // the most messages that wait here; 0: the server's flow control
  std::int64_t narrow_ = 0;     // what it becomes when too many do; 0: it may not
  bool window_needed_ = false;  // the stream takes no other consumer

  bool old_server_ = false;  // before 2.10
  bool names_known_ = true;  // the server is 2.9 or newer
  bool may_narrow_ = true;
  Pace pace_;
  std::uint64_t look_every_ = 64;  // so many messages; a MiB of them at most

  std::optional<Consumer> consumer_;
  nats::Message held_;
  nats::Spent spent_;
  Replies replies_;
  Entry entry_;
  std::uint64_t total_ = 0, start_last_ = 0;
  std::uint64_t last_ = 0;      // the last revision that was taken
  std::uint64_t received_ = 0;  // messages of the consumer at hand
  std::uint64_t target_ = 0;    // the stream's last revision when last looked at
  int rounds_ = 0;              // how often that was found to have grown
  int silent_looks_ = 0;
  std::int64_t history_limit_ = 1;
  std::string created_;         // the stream's, to notice a bucket made anew
  std::uint64_t subjects_ = 0;  // keys and markers when last looked at
  bool empty_ = true;           // nothing was there and nothing came
  Instant server_time_;
  bool caught_up_ = false;
  bool let_go_ = false;

  int disconnects_ = 0;  // of the Link, as far as they were dealt with
  bool broken_ = false;  // the consumer at hand does not deliver what we want
  bool away_ = false;
  bool heard_ = true;  // something came since silent_since_
  Clock::time_point away_since_{}, silent_since_{};
  Missed missed_;
  std::optional<std::uint64_t> unseen_;  // last_ before an outage, under a filter
  std::function<void()> idle_;
};

}  // namespace natskv
