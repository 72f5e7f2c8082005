// What an outage cost: revisions that were written meanwhile and no longer exist.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace natskv {

class Missed {
 public:
  /// After an outage: of the revisions after `shown` up to `upto`, and after that until end(), those that do
  /// not come no longer exist.
  void expect(std::uint64_t shown, std::uint64_t upto);
  /// One that came. They come in order.
  void saw(std::uint64_t revision) {
    if (expecting_) count(revision);
  }
  /// All that existed when reading resumed has come: no more revisions up to `upto` will.
  void end();
  /// Once it is known which no longer exist, if any: "revisions 4 to 9 are no longer kept and were missed".
  /// Only once.
  std::optional<std::string> report();

 private:
  void count(std::uint64_t revision);

  bool expecting_ = false;
  std::uint64_t seen_ = 0, upto_ = 0;
  std::uint64_t first_ = 0, last_ = 0, count_ = 0;
};

}  // namespace natskv
