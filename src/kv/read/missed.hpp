// What an outage cost: revisions that were written meanwhile and are no longer kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace natskv {

class Missed {
 public:
  /// After an outage: of the revisions above `shown` up to `upto`, and after it until end(), those that are
  /// not seen are gone.
  void expect(std::uint64_t shown, std::uint64_t upto);
  /// One that came. They come in order.
  void saw(std::uint64_t revision) {
    if (expecting_) count(revision);
  }
  /// What was there when the reading went on has come: no more up to `upto` will.
  void end();
  /// Once all are seen or known to be gone, and there were such: "revisions 4 to 9 are no longer kept and
  /// were missed". Only once.
  std::optional<std::string> report();

 private:
  void count(std::uint64_t revision);

  bool expecting_ = false;
  std::uint64_t seen_ = 0, upto_ = 0;
  std::uint64_t first_ = 0, last_ = 0, count_ = 0;
};

}  // namespace natskv
