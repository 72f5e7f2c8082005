// When a listing has shown everything, even though others write meanwhile. Asks no server: it says what to
// ask.
#pragma once

#include <cstdint>

namespace natskv {

/// While others write, no count of what is still to come can be trusted (it lags behind the store), and a key
/// that is rewritten before its turn comes later. So when a listing seems to be at its end it goes on to the
/// stream's current last revision, and then once more: a key that is still missing was rewritten ahead of the
/// listing every time.
class Ending {
 public:
  enum class Ask : std::uint8_t {
    more,      ///< nothing: read on
    stream,    ///< the stream's last revision, for stream_at()
    consumer,  ///< what the consumer has delivered and has left, for consumer_at() or heartbeat_at()
    restart,   ///< another consumer: this one's count is wrong
    end,
  };

  /// A consumer was created; before that the stream's last revision was `last`. `waiting`: how many messages
  /// it had then.
  Ask started(std::uint64_t last, std::uint64_t waiting);
  /// The same for another consumer that continues after what came. The bucket may have been recreated: if it
  /// has nothing, that is checked.
  Ask restarted(std::uint64_t last, std::uint64_t waiting);
  Ask restarted(std::uint64_t waiting) { return restarted(target_, waiting); }
  /// A message of the consumer came; `pending`: how many are to come, by the server's count.
  Ask delivered(std::uint64_t sequence, std::uint64_t pending);
  /// Nothing came for a while: there was no last message, or it was overwritten before it was sent.
  Ask silence() const { return ended_ ? Ask::end : Ask::consumer; }
  Ask stream_at(std::uint64_t last);
  Ask consumer_at(std::uint64_t delivered, std::uint64_t pending);
  /// For users without permission to ask about consumers: what the last heartbeat said, that is, how many
  /// messages had been delivered and up to which revision the stream had been searched.
  Ask heartbeat_at(std::uint64_t delivered, std::uint64_t looked_through);

  [[nodiscard]] bool ended() const { return ended_; }

 private:
  Ask end();
  Ask nothing_left();

  std::uint64_t taken_ = 0;     // the highest revision that came
  std::uint64_t target_ = 0;    // the stream's last revision at the last request
  std::uint64_t received_ = 0;  // messages of the current consumer
  int rounds_ = 0;              // how often the target had moved
  int looks_ = 0;               // checks of this consumer while nothing came
  bool ended_ = false;
};

}  // namespace natskv
