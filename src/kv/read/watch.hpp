// A bucket's current entries and every later change, across lost connections: watch, wait, run --restart.
#pragma once

#include "kv/read/ending.hpp"
#include "kv/read/feed.hpp"
#include "kv/read/missed.hpp"
#include "kv/read/outage.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace natskv {

struct WatchOptions {
  ReadOptions read = {};
  bool current = true;                      ///< false: only changes after the start
  std::optional<std::uint64_t> from = {};   ///< the kept revisions from this one on, then changes
  std::optional<Before> resume = {};        ///< continues after what was shown before, as after an outage
  std::optional<Span> max_disconnect = {};  ///< gives up (5) after being disconnected for this long
};

class Watch {
 public:
  using Clock = Feed::Clock;

  /// Starts reading. Failure: not_found if the bucket is missing or `from` is above last+1.
  Watch(Session& session, std::string bucket, WatchOptions options);

  enum class Got : std::uint8_t {
    entry,       ///< see entry()
    caught_up,   ///< every current entry was given
    anew,        ///< the bucket was recreated, or its server lost writes: its current entries follow
    time,        ///< until then there was nothing
    descriptor,  ///< one of `others` is ready: a child's pidfd, say; seven at most
  };
  /// What comes next, waiting until then. Failure: the bucket was deleted, reading is refused, or the
  /// connection was lost for too long. Throws Stopped on a signal.
  Got wait(Clock::time_point until, std::span<pollfd> others = {});
  /// Valid until the next call.
  [[nodiscard]] const Entry* entry() const { return feed_.entry(); }

  [[nodiscard]] const std::string& bucket() const { return bucket_; }
  [[nodiscard]] bool caught_up() const { return caught_up_; }
  /// Every entry up to this revision was given: what `resume` continues from. nullopt: none was given yet,
  /// and the current ones are still to come.
  [[nodiscard]] std::optional<Before> given() const;
  /// The same, further where the server has since looked at revisions that were not asked for.
  [[nodiscard]] std::optional<Before> passed() const;
  /// To be called now and then by a reader that works on an entry for long: when too much waits here it is
  /// dropped, and asked for again by the next wait.
  void relieve();

  /// The stream as it was when reading started last, also after an outage, with its server's time, and when
  /// that was here.
  [[nodiscard]] const StreamState& stream() const { return stream_; }
  [[nodiscard]] Clock::time_point started() const { return started_; }
  /// Whether the connection, or the server's answer, is waited for.
  [[nodiscard]] bool away() const { return away_since_.has_value(); }

  /// Called before a wait, so that what was written so far reaches the reader.
  void on_idle(std::function<void()> idle) { feed_.on_idle(std::move(idle)); }

 private:
  void begin(const StreamState& stream);
  void start(const StreamState& stream, Feed::Start start);
  std::optional<Got> step(Clock::time_point until, std::span<pollfd> others);
  std::optional<Got> retry(Clock::time_point until, std::span<pollfd> others);
  void on_message();
  void on_silence();
  void follow(Ending::Ask ask);
  void rejoin();
  void go_on(const StreamState& now, const GoOn& on);
  void start_anew(const StreamState& now, StartAnew why);
  void report_loss(std::string_view why);
  void give_up_in_time() const;
  void require_delivery();
  void report_missed();
  void report_unseen(std::uint64_t after, std::uint64_t upto);
  bool all_kept_after(std::uint64_t revision);
  Span patience() const;

  Session& session_;
  std::string bucket_;
  WatchOptions options_;
  Feed feed_;
  Ending ending_;
  StreamState stream_;
  Clock::time_point started_;
  Before before_;
  Missed missed_;
  bool caught_up_ = false, told_ = false;  // told_: the caller knows
  bool anew_ = false;                      // to be told
  bool broken_ = false;                    // the current consumer does not deliver what is needed
  Clock::duration pause_;                  // until it is checked what is left
  std::optional<Clock::time_point> away_since_, unheard_since_;
};

}  // namespace natskv
